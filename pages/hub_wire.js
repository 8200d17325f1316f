// The wire drawer: what crosses this page's connections, as the server cut it into parts, and for a WebSocket frame the
// figure of RFC 6455 §5.2 filled with its bits. The bytes come over the control socket, in hexadecimal.

import { byId, element, bytesOf } from './push.js';
import { markOf } from './hub_pictures.js';

const ROWS = 200; // crossings that are kept to look at
const QUEUE = 500; // crossings that are kept while the drawer is paused
const DRAWN = 24; // bytes of a payload that are drawn bit by bit
const LISTED = 64; // bytes of a part that are listed
const UNMASKED = 32; // bytes that are unmasked step by step

const hex = byte => byte.toString(16).padStart(2, '0');
const binary = byte => byte.toString(2).padStart(8, '0');
const plural = (count, word) => `${count.toLocaleString()} ${word}${count === 1 ? '' : 's'}`;

// What a byte is as text; what is not printable is a dot.
function textOf(bytes) {
  return new TextDecoder().decode(bytes).replace(/\r/g, '\\r').replace(/\n/g, '\\n').replace(/[\u0000-\u001f\u007f-\u009f]/g, '·');
}

// Under the first byte of each character the character, under the others nothing.
function lettersOf(bytes) {
  const decoder = new TextDecoder(), letters = [];
  let waiting = 0;
  for (const byte of bytes) {
    const text = decoder.decode(Uint8Array.of(byte), { stream: true });
    letters.push('');
    if (text) { letters[letters.length - 1 - waiting] = textOf(new TextEncoder().encode(text)); waiting = 0; }
    else waiting += 1;
  }
  return letters;
}

export class Wire {
  rows = []; // { crossing, row }, oldest first
  queue = []; // what crossed while paused
  chosen = null; // null: always the newest
  paused = false;
  stale = false;

  constructor({ techniques, send }) {
    this.techniques = new Map(techniques.map(technique => [technique.key, technique]));
    this.send = send;
    byId('shown').append(...techniques.map(({ key, name }) => Object.assign(element('option', '', name), { value: key })));
    byId('openWire').addEventListener('click', () => byId('wire').hidden ? this.open(byId('shown').value) : this.close());
    byId('wireClose').addEventListener('click', () => this.close());
    byId('shown').addEventListener('change', () => this.wish());
    byId('wirePause').addEventListener('click', () => this.pause(!this.paused));
    byId('wireStep').addEventListener('click', () => this.step());
    byId('wireClear').addEventListener('click', () => this.clear());
    byId('wireCopy').addEventListener('click', () => this.copy());
    byId('wire').addEventListener('keydown', event => this.key(event));
    byId('crossings').addEventListener('click', event => {
      const row = event.target.closest('li');
      if (row) this.choose(this.rows.find(each => each.row === row));
    });
    setInterval(() => this.show(), 150);
  }

  get isOpen() { return !byId('wire').hidden; }

  open(key) {
    byId('shown').value = key;
    const was = this.isOpen;
    byId('wire').hidden = false;
    byId('openWire').setAttribute('aria-expanded', 'true');
    document.body.classList.add('wired');
    this.wish();
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

  key(event) {
    if (event.key === 'Escape') return this.close();
    if (!event.target.closest('#crossings')) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const at = this.rows.findIndex(each => each === this.shown);
    const next = this.rows[Math.min(this.rows.length - 1, Math.max(0, at + step))];
    if (!next) return;
    this.choose(next);
    next.row.firstChild.focus();
  }

  add(crossings, missed) {
    if (!this.isOpen) return;
    if (missed) this.say(`${plural(missed, 'crossing')} too fast to keep`);
    // What was asked for before the choice was changed may still be on its way.
    const shown = byId('shown').value;
    const wanted = crossings.filter(({ technique }) => shown === 'all' || technique === shown);
    if (this.paused) {
      this.queue.push(...wanted);
      const over = this.queue.length - QUEUE;
      if (over > 0) this.queue.splice(0, over);
      this.showQueue(over > 0);
    } else {
      wanted.forEach(crossing => this.addRow(crossing));
    }
  }

  showQueue(full) {
    byId('wireStep').disabled = !this.paused || !this.queue.length;
    if (this.paused) this.say(`paused, ${this.queue.length}${full ? ' or more' : ''} waiting`);
  }

  addRow(crossing) {
    const item = element('li'), button = element('button', crossing.direction);
    button.type = 'button';
    button.tabIndex = -1; // one stop for the whole list: the arrow keys go on from there
    const technique = this.techniques.get(crossing.technique);
    const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    svg.setAttribute('class', 'mark');
    svg.setAttribute('viewBox', '-6 -6 12 12');
    svg.setAttribute('role', 'img');
    svg.setAttribute('aria-label', technique.name);
    svg.append(markOf(technique));
    const arrow = element('span', 'arrow', crossing.direction === 'up' ? '↑' : '↓');
    arrow.setAttribute('aria-label', crossing.direction === 'up' ? 'up' : 'down');
    arrow.setAttribute('role', 'img');
    const number = element('span', 'connection', `#${crossing.connection}`);
    number.title = `connection ${crossing.connection}`;
    button.append(arrow, svg, number, element('span', 'gist', gist(crossing)), element('span', 'bytes', `${crossing.bytes.toLocaleString()} B`));
    item.append(button);
    const list = byId('crossings');
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
    byId('wirePause').textContent = paused ? 'Go on' : 'Pause';
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
    this.chosen = this.shown = null;
    byId('crossings').replaceChildren();
    byId('crossing').replaceChildren(element('p', 'note', 'Nothing has crossed since.'));
    this.showQueue();
  }

  async copy() {
    const text = this.rows.map(({ crossing }) => asText(crossing, this.techniques)).join('\n');
    try {
      if (navigator.clipboard) await navigator.clipboard.writeText(text);
      else copyByHand(text); // a page that is neither https: nor local has no clipboard
      this.say(`${plural(this.rows.length, 'crossing')} copied`);
    } catch {
      this.say('the browser does not let this page copy');
    }
  }

  say(words) { if (byId('wireSays').textContent !== words) byId('wireSays').textContent = words; }

  show() {
    if (!this.stale || !this.isOpen) return;
    this.stale = false;
    if (this.chosen && !this.rows.includes(this.chosen)) this.chosen = null;
    const now = this.chosen ?? this.rows.at(-1);
    if (this.follow) { this.follow = false; byId('crossings').scrollTop = byId('crossings').scrollHeight; }
    if (!now || now === this.shown) return;
    if (this.shown) this.shown.row.firstChild.tabIndex = -1;
    this.shown?.row.firstChild.removeAttribute('aria-current');
    now.row.firstChild.setAttribute('aria-current', 'true');
    now.row.firstChild.tabIndex = 0;
    this.shown = now;
    this.draw(now.crossing);
  }

  draw({ connection, technique, direction, bytes, parts }) {
    const where = byId('crossing');
    where.dataset.direction = direction;
    const title = element('h3', direction, `${direction === 'up' ? '↑ browser to server' : '↓ server to browser'}, ${plural(bytes, 'byte')}`);
    const about = element('p', 'note', `${this.techniques.get(technique).name}, connection ${connection}. The parts that these bytes complete:`);
    const frames = framesOf(parts);
    where.replaceChildren(title, about, ...frames.flatMap((frame, i) => drawFrame(frame, direction, frames.length > 1 ? i + 1 : 0)), table(parts));
    where.scrollTop = 0;
  }
}

// ── A crossing in a line ────────────────────────────────────────────────────────────────────────────

function gist({ parts }) {
  const telling = ['payload', 'request-line', 'message body', 'data', 'chunk data', 'status-line', 'event', 'comment', 'last chunk'];
  const part = telling.map(name => parts.find(each => each.name === name)).find(Boolean) ?? parts[0];
  const status = part.name !== 'status-line' && parts.find(({ name }) => name === 'status-line');
  if (status) return `${gist({ parts: [status] }).replace('HTTP/1.1 ', '')}: ${gist({ parts: [part] })}`;
  const text = textOf(bytesOf(part.unmasked ?? part.bytes).slice(0, 200)).replace(/(\\r|\\n)+$/, '');
  const opcode = parts.find(({ name }) => name === 'opcode');
  return opcode ? `${opcode.meaning}${part.name === 'payload' ? `: ${text}` : ''}` : text;
}

function asText({ connection, technique, direction, bytes, parts }, techniques) {
  const lines = parts.map(part => {
    const bits = part.bits ? ` bits ${part.bits[0]} to ${part.bits[1] - 1} of` : '';
    const bytes = bytesOf(part.bytes), clear = part.unmasked === null ? '' : `\n      unmasked  ${part.unmasked}`;
    const text = part.bits || part.name === 'masking-key' ? '' : `\n      "${textOf(bytesOf(part.unmasked ?? part.bytes))}"`;
    return `    ${part.name}${bits} ${part.bytes}${part.length > bytes.length ? '…' : ''}  ${part.meaning}  (${part.section})${clear}${text}`;
  });
  return `${direction === 'up' ? '↑' : '↓'} ${techniques.get(technique).name}, connection ${connection}, ${plural(bytes, 'byte')}\n${lines.join('\n')}\n`;
}

function copyByHand(text) {
  const area = document.body.appendChild(element('textarea', 'unseen'));
  area.value = text;
  area.select();
  const copied = document.execCommand('copy');
  area.remove();
  if (!copied) throw new Error('not copied');
}

// ── The parts as a table ────────────────────────────────────────────────────────────────────────────

function table(parts) {
  const scroll = Object.assign(element('div', 'scroll'), { tabIndex: 0 }), made = element('table', 'parts'), headRow = element('tr');
  for (const name of ['Part', 'Bytes', 'Text', 'Meaning', 'Defined in']) {
    const cell = element('th', '', name);
    cell.scope = 'col';
    headRow.append(cell);
  }
  const head = element('thead');
  head.append(headRow);
  const body = element('tbody');
  for (const part of parts) {
    const row = element('tr'), name = element('th', '', part.name);
    name.scope = 'row';
    row.dataset.part = part.name;
    const bytes = bytesOf(part.bytes);
    row.append(name, element('td', 'bytes', part.bits ? bitsOf(part) : listed(bytes, part.length)),
      element('td', 'bytes text', part.bits || part.name === 'masking-key' ? '' : shortened(bytesOf(part.unmasked ?? part.bytes), part.length)),
      element('td', '', part.meaning), element('td', 'section', part.section));
    body.append(row);
  }
  made.append(head, body);
  scroll.setAttribute('role', 'region');
  scroll.setAttribute('aria-label', 'The parts as a table');
  scroll.append(made);
  return scroll;
}

function bitsOf({ bits: [from, to], bytes }) {
  return bytesOf(bytes).reduce((text, byte) => text + binary(byte), '').slice(from, to);
}

function listed(bytes, length) {
  const shown = [...bytes.slice(0, LISTED)].map(hex).join(' ');
  return length > LISTED ? `${shown} … and ${(length - Math.min(LISTED, bytes.length)).toLocaleString()} more` : shown;
}

function shortened(bytes, length) {
  return textOf(bytes.slice(0, 512)) + (length > Math.min(512, bytes.length) ? '…' : '');
}

// ── A frame as the figure of RFC 6455 §5.2 ──────────────────────────────────────────────────────────

function framesOf(parts) {
  const frames = [];
  for (const part of parts) {
    if (part.name === 'FIN') frames.push([]);
    if (part.section.startsWith('RFC 6455 §5')) frames.at(-1)?.push(part);
  }
  return frames.filter(frame => frame.length >= 5);
}

function drawFrame(frame, direction, number) {
  const part = name => frame.find(each => each.name === name);
  const head = bytesOf(part('FIN').bytes), payload = part('payload'), key = part('masking-key');
  const grid = element('div', `bitgrid ${direction}`);
  const say = frame.map(({ name, meaning, bits, bytes }) => `${name} ${bits ? bitsOf({ bits, bytes }) : bytes}: ${meaning}`).join(', ');
  grid.setAttribute('role', 'img');
  grid.setAttribute('aria-label', say);

  for (let i = 0; i < 32; i++) grid.append(element('i', i >= 16 ? 'far' : '', String(i)));
  for (const [name, label, field] of [['FIN', 'FIN', 'fin'], ['RSV1-3', 'RSV', 'rsv'], ['opcode', 'opcode', 'opcode'], ['MASK', 'M', 'mask'], ['payload length', 'payload length', 'length']]) {
    const bits = bitsOf(part(name)), cell = box(bits.length, field, label);
    cell.dataset.field = name;
    const row = element('b');
    for (const bit of bits) row.append(element('span', '', bit));
    cell.append(row, element('em', '', name === 'payload length' || name === 'opcode' ? String(parseInt(bits, 2)) : ''));
    cell.title = `${name}: ${part(name).meaning}`;
    grid.append(cell);
  }
  const bytes = (name, label, bytes, below = () => '') => bytes.forEach((byte, i) => {
    const cell = box(8, name.replaceAll(' ', '-'), i ? '' : label);
    cell.dataset.field = name;
    cell.append(element('b', '', hex(byte)), element('em', '', below(i, byte)));
    cell.title = `${label}, byte ${i}: ${binary(byte)}`;
    grid.append(cell);
  });
  const longer = part('extended payload length');
  if (longer) bytes('extended payload length', 'longer length', [...bytesOf(longer.bytes)], (_, byte) => String(byte));
  if (key) bytes('masking-key', 'masking-key', [...bytesOf(key.bytes)], i => `k${i}`);
  const made = [element('h4', '', `${number ? `Frame ${number}: ` : 'The frame: '}${part('opcode').meaning}, bit by bit`), grid];
  if (payload) {
    const bytes = [...bytesOf(payload.bytes)], clear = payload.unmasked === null ? bytes : [...bytesOf(payload.unmasked)];
    const letters = lettersOf(clear);
    bytes('payload', payload.unmasked === null ? 'payload' : 'payload, masked', bytes.slice(0, DRAWN), i => letters[i] || (payload.unmasked === null ? '' : '·'));
    const more = payload.length - Math.min(DRAWN, bytes.length);
    if (more > 0) made.push(element('p', 'note', `… and ${plural(more, 'more byte')} of payload.`));
    if (payload.unmasked !== null) made.push(drawUnmasking(bytes, clear, letters, bytesOf(key.bytes)));
  }
  grid.dataset.head = [...head].map(hex).join('');
  return made;
}

function box(bits, field, label) {
  const made = element('div', `field-${field}`);
  made.style.setProperty('--bits', bits);
  if (label) made.append(element('small', '', label));
  return made;
}

// Byte i of the payload, exclusive or with byte i mod 4 of the key (RFC 6455 §5.3): one step at a time.
function drawUnmasking(bytes, clear, letters, key) {
  const shown = Math.min(bytes.length, UNMASKED);
  const made = element('div', 'unmasking'), steps = element('div', 'steps'), sum = element('pre', 'sum');
  const back = element('button', '', '‹'), on = element('button', '', '›'), where = element('span', 'where');
  back.type = on.type = 'button';
  back.setAttribute('aria-label', 'the byte before');
  on.setAttribute('aria-label', 'the next byte');
  where.setAttribute('aria-live', 'polite');
  const cells = Array.from({ length: shown }, (_, i) => {
    const cell = element('button');
    cell.type = 'button';
    cell.tabIndex = -1;
    cell.append(element('span', 'masked', hex(bytes[i])), element('span', 'key', hex(key[i % 4])), element('span', 'clear', hex(clear[i])), element('span', 'letter', letters[i]));
    cell.setAttribute('aria-label', `byte ${i}`);
    cell.addEventListener('click', () => go(i));
    return cell;
  });
  let at = 0;
  const spaced = byte => binary(byte).replace(/(....)/, '$1 ');
  const go = i => {
    at = (i + shown) % shown;
    cells.forEach((cell, n) => cell.toggleAttribute('data-now', n === at));
    const character = letters[at] || letters.slice(0, at).findLast(Boolean) || '';
    const size = new TextEncoder().encode(character).length;
    where.textContent = `i = ${at}, ${at} mod 4 = ${at % 4}`;
    sum.replaceChildren(
      'payload[', String(at), ']', ' '.repeat(at < 10 ? 2 : 1), element('b', 'masked', `${hex(bytes[at])}  ${spaced(bytes[at])}`), '\n',
      `key[${at % 4}]      `, element('b', 'key', `${hex(key[at % 4])}  ${spaced(key[at % 4])}`), '\n',
      'XOR         ', element('b', 'clear', `${hex(clear[at])}  ${spaced(clear[at])}`), `  ${letters[at] ? `“${letters[at]}”${size > 1 ? `, its first of ${size} bytes` : ''}` : `still “${character}”`}`);
  };
  back.addEventListener('click', () => go(at - 1));
  on.addEventListener('click', () => go(at + 1));
  steps.append(back, on, where);
  const strip = element('div', 'cells');
  const names = element('div', 'names');
  names.append(element('span', '', 'payload'), element('span', '', 'key'), element('span', '', 'XOR'), element('span', '', 'text'));
  strip.append(names, ...cells);
  made.append(element('h4', '', 'Unmasking, byte by byte'), steps, sum, strip);
  if (bytes.length > shown) made.append(element('p', 'note', `The first ${shown} of ${bytes.length.toLocaleString()} bytes.`));
  go(0);
  return made;
}
