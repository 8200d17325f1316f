// The wire drawer: what crosses this page's connections, as the server cut it into parts, and for a
// WebSocket frame its figure filled with its bits. The bytes come over the control socket, in
// hexadecimal. What parts are called and mean is the server's word for them, as `--wire` prints it.

import { byId, element, labelled, write } from './page.js';
import {
  binary, bytesOf, drawFrame, drawUnmasking, hex, lettersOf, textOf,
} from './frames.js';
import { markOf } from './hub_panel.js';
import { number, say } from './words.js';

const ROWS = 200; // crossings that are kept to look at
const QUEUE = 500; // crossings that are kept while the drawer is paused
const DRAWN = 24; // bytes of a payload that are drawn bit by bit
const LISTED = 64; // bytes of a part that are listed

export class Wire {
  rows = []; // { crossing, row }, oldest first
  queue = []; // what crossed while paused
  chosen = null; // null: always the newest
  paused = false;
  stale = false;

  constructor({ techniques, send }) {
    this.techniques = new Map(techniques.map(technique => [technique.key, technique]));
    this.send = send;
    byId('shown').append(...techniques.map(({ key, name }) =>
      Object.assign(element('option', '', name), { value: key })));
    const click = (id, does) => byId(id).addEventListener('click', does);
    click('openWire', () => this.isOpen ? this.close() : this.open(byId('shown').value));
    click('wireClose', () => this.close());
    click('wirePause', () => this.pause(!this.paused));
    click('wireStep', () => this.step());
    click('wireClear', () => this.clear());
    click('wireCopy', () => this.copy());
    click('crossings', event => {
      const row = event.target.closest('li');
      if (row) this.choose(this.rows.find(each => each.row === row));
    });
    byId('shown').addEventListener('change', () => this.filter());
    byId('wire').addEventListener('keydown', event => this.key(event));
    setInterval(() => this.show(), 150);
  }

  get isOpen() { return !byId('wire').hidden; }

  open(key) {
    const was = this.isOpen;
    byId('shown').value = key;
    byId('wire').hidden = false;
    byId('openWire').setAttribute('aria-expanded', 'true');
    document.body.classList.add('wired');
    this.filter();
    if (!was) this.from = document.activeElement;
    byId('shown').focus({ preventScroll: true });
  }

  close() {
    byId('wire').hidden = true;
    byId('openWire').setAttribute('aria-expanded', 'false');
    document.body.classList.remove('wired');
    this.wish();
    this.from?.focus({ preventScroll: true });
  }

  // Nothing is sent to a drawer that is closed.
  wish() { this.send(`show ${this.isOpen ? byId('shown').value : 'none'}`); }

  // What was asked for before the choice was changed may still be on its way.
  wants({ technique }) { return ['all', technique].includes(byId('shown').value); }

  // Another choice: what is not of it goes.
  filter() {
    this.wish();
    this.queue = this.queue.filter(crossing => this.wants(crossing));
    this.rows.filter(({ crossing }) => !this.wants(crossing)).forEach(({ row }) => row.remove());
    this.rows = this.rows.filter(({ crossing }) => this.wants(crossing));
    if (!this.rows.includes(this.shown)) this.shown = null;
    if (!this.rows.length) this.empty();
    this.stale = true;
    this.showQueue();
  }

  key(event) {
    if (event.key === 'Escape') return this.close();
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || !event.target.closest('#crossings')) return;
    event.preventDefault();
    const at = this.rows.findIndex(each => each === this.shown);
    const next = this.rows[Math.min(this.rows.length - 1, Math.max(0, at + step))];
    if (!next) return;
    this.choose(next);
    next.row.firstChild.focus();
  }

  add(crossings, missed) {
    if (!this.isOpen) return;
    if (missed) this.say(say('wire.missed', { n: missed }));
    const wanted = crossings.filter(crossing => this.wants(crossing));
    if (!this.paused) return wanted.forEach(crossing => this.addRow(crossing));
    this.queue.push(...wanted);
    const over = this.queue.length - QUEUE;
    if (over > 0) this.queue.splice(0, over);
    this.showQueue(over > 0);
  }

  showQueue(full) {
    byId('wireStep').disabled = !this.paused || !this.queue.length;
    if (this.paused) {
      this.say(say(full ? 'wire.paused.full' : 'wire.paused', { waiting: this.queue.length }));
    }
  }

  addRow(crossing) {
    const { direction, connection, bytes } = crossing;
    const technique = this.techniques.get(crossing.technique);
    const arrow = labelled(element('span', 'arrow', direction === 'up' ? '↑' : '↓'),
      say(direction === 'up' ? 'wire.up' : 'wire.down'), 'img');
    const place = element('span', 'connection', `#${connection}`);
    place.title = say('connection', { connection });
    const button = element('button', direction, arrow,
      markOf(technique, { role: 'img', 'aria-label': technique.name }), place,
      element('span', 'gist', gist(crossing)), element('span', 'bytes', `${number(bytes)} B`));
    button.type = 'button';
    button.tabIndex = -1; // one stop for the whole list: the arrow keys go on from there
    const item = element('li', '', button), list = byId('crossings');
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
    list.append(item);
    this.rows.push({ crossing, row: item });
    while (this.rows.length > ROWS) this.rows.shift().row.remove();
    if (atEnd && this.chosen === null) this.follow = true;
    this.stale = true;
  }

  // Chosen by hand, a crossing stays in view while others come. The newest follows the stream.
  choose(row) {
    this.chosen = row === this.rows.at(-1) ? null : row;
    if (this.chosen === null && !this.paused) this.follow = true;
    this.stale = true;
    this.show();
  }

  pause(paused) {
    this.paused = paused;
    byId('wirePause').setAttribute('aria-pressed', String(paused));
    write(byId('wirePause'), say(paused ? 'wire.go on' : 'pause'));
    if (!paused) {
      this.queue.splice(0).forEach(crossing => this.addRow(crossing));
      this.chosen = null;
      this.follow = true;
      this.say('');
    }
    this.showQueue();
  }

  step() {
    const crossing = this.queue.shift();
    if (!crossing) return;
    this.chosen = null;
    this.addRow(crossing);
    this.follow = true;
    this.showQueue();
    this.show();
  }

  clear() {
    this.rows = [];
    this.queue = [];
    byId('crossings').replaceChildren();
    this.empty();
    this.showQueue();
  }

  empty() {
    this.chosen = this.shown = null;
    byId('crossing').replaceChildren(element('p', 'note', say('wire.nothing')));
  }

  async copy() {
    const text = this.rows.map(({ crossing }) => asText(crossing, this.techniques)).join('\n');
    try {
      if (navigator.clipboard) await navigator.clipboard.writeText(text);
      else copyByHand(text); // a page that is neither https: nor local has no clipboard
      this.say(say('wire.copied', { n: this.rows.length }));
    } catch {
      this.say(say('wire.not copied'));
    }
  }

  say(words) { write(byId('wireSays'), words); }

  show() {
    if (!this.stale || !this.isOpen) return;
    this.stale = false;
    if (this.chosen && !this.rows.includes(this.chosen)) this.chosen = null;
    const now = this.chosen ?? this.rows.at(-1);
    if (this.follow) {
      this.follow = false;
      byId('crossings').scrollTop = byId('crossings').scrollHeight;
    }
    if (!now || now === this.shown) return;
    const before = this.shown?.row.firstChild, button = now.row.firstChild;
    if (before) before.tabIndex = -1;
    before?.removeAttribute('aria-current');
    button.setAttribute('aria-current', 'true');
    button.tabIndex = 0;
    this.shown = now;
    this.draw(now.crossing);
  }

  draw({ connection, technique, direction, bytes, parts }) {
    const { name } = this.techniques.get(technique), frames = framesOf(parts);
    byId('crossing').dataset.direction = direction;
    byId('crossing').replaceChildren(
      element('h3', direction, say(`wire.title.${direction}`, { n: bytes })),
      element('p', 'note', say('wire.about', { name, connection })),
      ...frames.flatMap((frame, i) => figure(frame, direction, frames.length > 1 ? i + 1 : 0)),
      table(parts));
    byId('crossing').scrollTop = 0;
  }
}

// ── A crossing in a line ─────────────────────────────────────────────────────────────────────────

const TELLING = [
  'payload', 'request-line', 'message body', 'data', 'chunk data', 'status-line', 'event',
  'comment', 'last chunk',
];
const clearBytes = part => bytesOf(part.unmasked ?? part.bytes);

function gist({ parts }) {
  const named = name => parts.find(part => part.name === name);
  const part = TELLING.map(named).find(Boolean) ?? parts[0];
  const status = part.name !== 'status-line' && named('status-line');
  if (status) {
    const answer = gist({ parts: [status] }).replace('HTTP/1.1 ', '');
    return `${answer}: ${gist({ parts: [part] })}`;
  }
  const text = textOf(clearBytes(part).slice(0, 200)).replace(/(\\r|\\n)+$/, '');
  const opcode = named('opcode');
  return opcode ? `${opcode.meaning}${part.name === 'payload' ? `: ${text}` : ''}` : text;
}

function asText({ connection, technique, direction, bytes, parts }, techniques) {
  const lines = parts.map(part => {
    const bits = part.bits ? ` bits ${part.bits[0]} to ${part.bits[1] - 1} of` : '';
    const more = part.length > bytesOf(part.bytes).length ? '…' : '';
    const clear = part.unmasked === null ? '' : `\n      unmasked  ${part.unmasked}`;
    const plain = part.bits || part.name === 'masking-key';
    const text = plain ? '' : `\n      "${textOf(clearBytes(part))}"`;
    const meaning = `${part.meaning}  (${part.section})`;
    return `    ${part.name}${bits} ${part.bytes}${more}  ${meaning}${clear}${text}`;
  });
  const title = say('wire.copy', { name: techniques.get(technique).name, connection, n: bytes });
  return `${direction === 'up' ? '↑' : '↓'} ${title}\n${lines.join('\n')}\n`;
}

function copyByHand(text) {
  const area = document.body.appendChild(element('textarea', 'unseen'));
  area.value = text;
  area.select();
  const copied = document.execCommand('copy');
  area.remove();
  if (!copied) throw new Error('not copied');
}

// ── The parts as a table ─────────────────────────────────────────────────────────────────────────

function table(parts) {
  const heads = ['part', 'bytes', 'text', 'meaning', 'section'].map(name =>
    Object.assign(element('th', '', say(`parts.${name}`)), { scope: 'col' }));
  const made = element('table', 'parts', element('thead', '', element('tr', '', ...heads)),
    element('tbody', '', ...parts.map(rowOf)));
  const scroll = labelled(element('div', 'scroll', made), say('parts.label'), 'region');
  scroll.tabIndex = 0;
  return scroll;
}

function rowOf(part) {
  const name = Object.assign(element('th', '', part.name), { scope: 'row' });
  const plain = part.bits || part.name === 'masking-key';
  const row = element('tr', '', name,
    element('td', 'bytes', part.bits ? bitsOf(part) : listed(bytesOf(part.bytes), part.length)),
    element('td', 'bytes text', plain ? '' : shortened(clearBytes(part), part.length)),
    element('td', '', part.meaning), element('td', 'section', part.section));
  row.dataset.part = part.name;
  return row;
}

function bitsOf({ bits: [from, to], bytes }) {
  return [...bytesOf(bytes)].map(binary).join('').slice(from, to);
}

function listed(bytes, length) {
  const shown = [...bytes.slice(0, LISTED)].map(hex).join(' ');
  if (length <= LISTED) return shown;
  return say('parts.more', { shown, more: length - Math.min(LISTED, bytes.length) });
}

function shortened(bytes, length) {
  return textOf(bytes.slice(0, 512)) + (length > Math.min(512, bytes.length) ? '…' : '');
}

// ── A frame's figure ─────────────────────────────────────────────────────────────────────────────

function framesOf(parts) {
  const frames = [];
  for (const part of parts) {
    if (part.name === 'FIN') frames.push([]);
    if (part.section.startsWith('RFC 6455 §5')) frames.at(-1)?.push(part);
  }
  return frames.filter(frame => frame.length >= 5);
}

// The parts of a frame's first two bytes, and what they are called where there is little room.
const HEAD = {
  FIN: 'FIN', 'RSV1-3': 'RSV', opcode: 'opcode', MASK: 'M', 'payload length': 'payload length',
};

function figure(frame, direction, at) {
  const part = name => frame.find(each => each.name === name);
  const longer = part('extended payload length'), key = part('masking-key');
  const payload = part('payload'), meaning = part('opcode').meaning;
  const fields = Object.entries(HEAD).map(([name, label]) => {
    const bits = bitsOf(part(name)), counts = ['payload length', 'opcode'].includes(name);
    const below = counts ? parseInt(bits, 2) : '';
    return { name, label, bits, below, title: part(name).meaning };
  });
  if (longer) {
    const bytes = [...bytesOf(longer.bytes)];
    fields.push({ name: longer.name, label: say('longer'), bytes, below: (_, byte) => byte });
  }
  if (key) {
    const bytes = [...bytesOf(key.bytes)];
    fields.push({ name: key.name, bytes, below: i => `k${i}` });
  }
  const title = say(at ? 'frame.number' : 'frame', { at, meaning });
  if (!payload) return [element('h4', '', title), drawFrame(direction, fields)];

  const bytes = [...bytesOf(payload.bytes)], clear = [...clearBytes(payload)];
  const masked = payload.unmasked !== null, letters = lettersOf(clear);
  const more = payload.length - Math.min(DRAWN, bytes.length);
  fields.push({
    name: payload.name, label: say(masked ? 'payload.masked' : 'payload'),
    bytes: bytes.slice(0, DRAWN), below: i => letters[i] || (masked ? '·' : ''),
  });
  return [
    element('h4', '', title), drawFrame(direction, fields),
    ...(more > 0 ? [element('p', 'note', say('frame.more', { n: more }))] : []),
    ...(masked ? [drawUnmasking(bytes, clear, bytesOf(key.bytes))] : []),
  ];
}
