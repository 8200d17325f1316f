// The hub's page: the same feed read by every technique, side by side. What each costs is not
// guessed here: the server counts it on the sockets and says so over the control socket.

import { byId, chosen, element, svgElement, write } from './page.js';
import { Chart, paceWords } from './hub_chart.js';
import { NOTHING, Panel, markOf } from './hub_panel.js';
import { techniques } from './hub_readers.js';
import { Timetable } from './hub_timetable.js';
import { Wire } from './hub_wire.js';
import { post, recovered } from './messages.js';
import { BackOff, Silence, pause } from './wait.js';
import { fill, number, say } from './words.js';

const MOST = 6; // connections a browser opens to one host over HTTP/1.1

// `/NAME/` is the page of the channel of that name. The hub's own clock speaks on the unnamed one.
const channel = decodeURIComponent(location.pathname.split('/').slice(1, -1).join('/'));

// What the panels know of the page around them.
const hub = {
  pace: 1000, // milliseconds between the hub's own messages; null: it says nothing
  raced: id => { race.id = id; },
  wrong: words => write(byId('wrong'), words),
  recovered: () => recovered(byId('wrong')),
  allAreHeld: () => connections().length >= MOST,
};

const newKey = () => [...crypto.getRandomValues(new Uint8Array(12))]
  .map(byte => byte.toString(16).padStart(2, '0')).join('');

// ── The control socket: what it costs comes down, what the visitor wishes goes up ────────────────

const control = hub.control = {
  open: false,
  words: null,
  key: newKey(), // the server counts what names it
  send(wish) {
    if (this.open) this.socket.send(wish);
  },
  async run() {
    const backOff = new BackOff();
    for (let first = true; ; first = false) {
      await this.connect(backOff, first);
      this.open = false;
      panels.forEach(panel => { panel.before = panel.totals; });
      hub.chart.interrupted();
      this.key = newKey(); // the server may still know the old one
      startPanels(); // they work without it, uncounted
      const lost = Date.now();
      await pause(backOff.next(), left => {
        // What others hear, they hear from the hub: then something between drops the sockets.
        const others = panels.some(({ key, heard }) => key !== 'ws' && heard > lost);
        this.words = say(others ? 'no socket' : 'no hub', { left });
      });
    }
  },
  async connect(backOff, first) {
    const url = new URL(`/control?view=${this.key}`, location.href);
    url.protocol = location.protocol === 'https:' ? 'wss' : 'ws';
    const socket = this.socket = new WebSocket(url);
    let silence;
    await new Promise(over => {
      // The polls change the totals, so they come about once a second. With every panel paused the
      // hub has nothing to tell.
      silence = new Silence({
        limit: 20_000, quiet: () => {}, over: () => pollIsPaused() ? silence.sign() : over(),
      });
      silence.sign();
      socket.onopen = () => {
        this.open = true;
        this.words = null;
        backOff.reset();
        hub.wire.wish();
        // What was opened without a view is counted nowhere: it is opened again, and goes on.
        if (!first) panels.forEach(panel => panel.restart());
        startPanels();
      };
      socket.onmessage = ({ data }) => {
        silence.sign();
        this.hears(JSON.parse(data));
      };
      socket.onclose = over;
    });
    silence.end();
    socket.onclose = socket.onmessage = socket.onopen = null;
    socket.close();
  },
  hears({ totals, rate, crossings, missed, refused }) {
    if (crossings) hub.wire.add(crossings, missed);
    if (refused) hub.wrong(refused);
    if (!totals) return;
    for (const panel of panels) {
      const now = totals[panel.key] ?? NOTHING, names = Object.keys(NOTHING);
      panel.totals = Object.fromEntries(names.map(name => [name, panel.before[name] + now[name]]));
    }
    if (rate !== hub.pace || !hub.chart.begun) showPace(rate);
    hub.chart.totals(Object.fromEntries(panels.map(panel => [panel.key, panel.totals])));
  },
};

const pollIsPaused = () => panels.find(({ key }) => key === 'poll').isPaused;
const startPanels = () => panels.forEach(panel => panel.stop ?? panel.start());

// ── The desk: what to say, and how often ─────────────────────────────────────────────────────────

const PACES = [
  3_600_000, 1_800_000, 600_000, 300_000, 60_000, 30_000, 20_000, 10_000, 5000, 2000, 1000, 500,
  200, 100, 50, 20,
];

function showPace(milliseconds) {
  hub.pace = milliseconds;
  hub.chart.pace(milliseconds);
  const words = paceWords(milliseconds);
  write(byId('rateWords'), words).classList.toggle('off', milliseconds === null);
  byId('speaks').checked = milliseconds !== null;
  if (milliseconds === null) return;
  const distance = each => Math.abs(Math.log(each / milliseconds));
  byId('rate').value = PACES.indexOf(
    PACES.reduce((best, each) => distance(each) < distance(best) ? each : best));
  byId('rate').setAttribute('aria-valuetext', words);
}

function setPace(milliseconds) {
  control.send(`rate ${milliseconds ?? 'off'}`);
  showPace(milliseconds);
}

byId('rate').addEventListener('input', () => {
  hub.chart.stop();
  setPace(PACES[byId('rate').value]);
});
byId('speaks').addEventListener('change', () => {
  hub.chart.stop();
  setPace(byId('speaks').checked ? PACES[byId('rate').value] : null);
});

byId('publish').addEventListener('submit', async event => {
  event.preventDefault();
  hub.wrong('');
  if (chosen('way') === 'ws') return sendFrame(byId('text').value);
  const held = () => hub.wrong(say(hub.allAreHeld() ? 'no answer.held' : 'no answer.yet'));
  const slow = setTimeout(held, 2000);
  const published = await post('publish', byId('wrong'), null, byId('text').value);
  clearTimeout(slow);
  if (published) hub.raced(published.id);
});

function sendFrame(text) {
  const panel = panels.find(({ key }) => key === 'ws');
  if (panel.socket?.readyState === WebSocket.OPEN && panel.kind === 'open') panel.socket.send(text);
  else hub.wrong(say('not connected'));
}

// ── The race: how late each technique brought the message that was published here last ───────────

const race = hub.race = {
  id: null,
  arrivals: new Map(), // of the newest messages: technique → milliseconds
  arrived(id, technique, late) {
    if (!this.arrivals.has(id)) this.arrivals.set(id, {});
    if (this.arrivals.size > 2000) this.arrivals.delete(this.arrivals.keys().next().value);
    this.arrivals.get(id)[technique] = late;
  },
  show() {
    const came = this.arrivals.get(this.id);
    techniques.forEach(({ key }, i) => {
      const late = came?.[key];
      const words = late !== undefined ? say('ms', { ms: late }) : this.id ? '…' : '–';
      write(byId('race').children[i].lastChild, words);
    });
  },
};

byId('race').append(...techniques.map(technique => element('div', '',
  element('dt', '', markOf(technique), technique.name), element('dd', '', '–'))));

// ── The six connections: every tab says what it holds ────────────────────────────────────────────

const self = newKey(), others = new Map(), air = new BroadcastChannel('push-by-hand-hub');
const holds = () =>
  panels.filter(panel => panel.holds && !panel.isPaused).map(({ key }) => key);
// What this tab and all others hold: technique and tab.
const connections = () => [
  ...holds().map(key => [key, say('this tab')]),
  ...[...others.values()].flatMap(({ held }, i) =>
    held.map(key => [key, say('tab', { at: i + 2 })])),
];

air.onmessage = ({ data: { tab, held } }) => {
  const known = others.has(tab);
  if (held) others.set(tab, { held, at: Date.now() });
  else others.delete(tab);
  if (held && !known) sayHeld(); // a new one wants to know at once
};
const sayHeld = () => air.postMessage({ tab: self, held: holds() });
window.addEventListener('pagehide', () => air.postMessage({ tab: self }));
setInterval(sayHeld, 1000);

function showSlots() {
  // A tab in the background speaks less often; one that crashed says nothing at all.
  for (const [tab, { at }] of others) if (Date.now() - at > 70_000) others.delete(tab);
  const all = connections(), mine = holds().length, shape = JSON.stringify(all);
  if (byId('slots').dataset.shape === shape) return;
  byId('slots').dataset.shape = shape;
  byId('slots').replaceChildren(...Array.from({ length: Math.max(MOST, all.length) }, (_, i) => {
    const over = i >= MOST, [key, tab] = all[i] ?? [];
    const mark = key ? markOf(techniques.find(technique => technique.key === key))
      : svgElement('svg', { viewBox: '-6 -6 12 12' });
    const words = over ? say('slot.over') : tab ?? say('slot.free');
    const kind = over ? 'over' : key ? i >= mine ? 'theirs' : '' : 'free';
    return element('li', kind, mark, element('span', '', words));
  }));
  const n = others.size + 1, count = all.length, full = count >= MOST;
  const values = { n, count, most: MOST, host: location.host, free: MOST - count };
  write(byId('slotWords'), say(full ? 'slots.full' : n === 1 ? 'slots.one' : 'slots', values));
  byId('slots').closest('.limit').classList.toggle('full', full);
}

function showAddresses() {
  const here = location.href.replace(/[^/]*$/, '').replace(/\/$/, '');
  const elsewhere = new URL(location.href);
  elsewhere.hostname = location.hostname === '127.0.0.1' ? 'localhost' : '127.0.0.1';
  byId('second').href = location.href;
  byId('elsewhere').href = elsewhere.href;
  const name = elsewhere.hostname;
  write(byId('elsewhere'), say('elsewhere', { name }));
  fill(byId('elsewhere.note'), 'elsewhere.note', { name });
  byId('elsewhere').hidden = byId('elsewhere.note').hidden =
    !['localhost', '127.0.0.1'].includes(location.hostname);
  for (const id of ['here', 'here.too']) write(byId(id), here);
  if (channel) {
    fill(document.querySelector('.idea'), 'idea.channel', { channel });
    for (const part of document.querySelectorAll('.unnamed')) part.hidden = true;
  }
}

// ── All together ─────────────────────────────────────────────────────────────────────────────────

hub.timetable = new Timetable(byId('timetable'), techniques);
hub.chart = new Chart({ techniques, setPace, getPace: () => hub.pace });
hub.wire = new Wire({ techniques, send: wish => control.send(wish) });
const panels = techniques.map(technique => new Panel(technique, hub));
byId('panels').style.setProperty('--columns', panels.length);

// A screen reader hears when a panel stops and when it goes on, not each answer of each poll.
const spokenOf = new Map();
function announce() {
  const said = [];
  for (const panel of panels) {
    const kind = panel.kind === 'waiting' ? 'open' : panel.kind;
    if ((spokenOf.get(panel) ?? 'open') !== kind) {
      said.push(say('spoken', { name: panel.name, state: say(`kind.${kind}`) }));
    }
    spokenOf.set(panel, kind);
  }
  if (said.length) write(byId('spoken'), said.join(' '));
}

function showAll() {
  const each = panels.map(panel => panel.show());
  const longest = Math.max(...each.map(bytes => bytes ? bytes.up + bytes.down : 0), 1);
  panels.forEach((panel, i) => panel.showBar(each[i], longest));

  const sum = of => panels.reduce((total, panel) => total + of(panel), 0);
  const count = sum(panel => panel.received);
  byId('messages').dataset.count = count;
  write(byId('messages'), number(count));
  const restarts = sum(panel => panel.sequence.restarts);
  write(byId('verdict'), say(restarts ? 'verdict.restart' : 'verdict', {
    lost: sum(panel => panel.sequence.lost), double: sum(panel => panel.sequence.double),
  }));
  showWhole();
  announce();
  race.show();
  showSlots();
}

function showWhole() {
  const kinds = panels.map(panel => panel.queued ? 'queued' : panel.kind);
  const among = (...of) => kinds.filter(kind => of.includes(kind)).length;
  const paused = among('closed'), queued = among('queued');
  const kind = !control.open || queued || among('reconnecting') ? 'reconnecting'
    : paused === panels.length ? 'closed' : 'open';
  const words = [
    say('open.of', { open: among('open', 'waiting'), of: panels.length }),
    ...(paused ? [say('open.paused', { paused })] : []),
    ...(queued ? [say('open.queued', { queued })] : []),
  ];
  byId('state').dataset.state = kind;
  write(byId('state'), control.words ?? words.join(' · '));
}

// Where the log is, if it is not in the hub's memory.
async function showEngine() {
  const { engine } = await (await fetch('/status')).json();
  byId('engine').hidden = !engine.address;
  write(byId('engine'), say('engine', engine));
}

showAddresses();
showEngine().catch(() => {}); // without a hub the page says enough
setInterval(showAll, 100);
control.run();
