// The hub's page: the same feed read five times, side by side. Each technique is one function below, and each goes on
// after a cut by its own means: a number in the URL, Last-Event-ID, or both. What it costs is not guessed here: the
// server counts it on the sockets and says so over the control socket.

import { byId, element, pause, BackOff, Sequence } from './push.js';
import { Timetable, Chart, markOf, paceWords } from './hub_pictures.js';
import { Wire } from './hub_wire.js';

// In the order of the course. The mark is a shape as well as a colour: whoever cannot tell the colours apart can tell
// the shapes.
const techniques = [
  { key: 'poll', name: 'Polling', how: 'Asks once a second, news or not.', mark: 'M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0z', read: poll },
  { key: 'long-poll', name: 'Long polling', how: 'Asks once; the answer waits for the news.', mark: 'M-4.2-4.2h8.4v8.4h-8.4z', read: longPoll },
  { key: 'iframe', name: 'Iframe stream', how: 'A hidden page that never ends, a script a message.', mark: 'M0-5.2L5.4 4.4H-5.4z', read: iframe },
  { key: 'events', name: 'EventSource', how: 'One endless answer, read by the browser itself.', mark: 'M0-5.6L5.6 0L0 5.6L-5.6 0z', read: eventSource },
  { key: 'ws', name: 'WebSocket', how: 'Not HTTP any more: frames, in both directions.', mark: 'M-2-5.4h4V-2h3.4v4H2v3.4h-4V2h-3.4v-4H-2z', read: webSocket },
];

const EVERY = 1000; // the pause between two polls, in milliseconds
const PATIENCE = 40_000; // a long poll is answered after 25 s at the latest
const SILENCE = 20_000; // a stream says something every 15 s at the latest
const RECONNECT = 3000; // how long Chromium's EventSource waits; others differ a little
const MOST = 6; // connections a browser opens to one host over HTTP/1.1

// ── The five ways ───────────────────────────────────────────────────────────────────────────────────

async function poll(panel, signal) {
  const backOff = new BackOff();
  while (!signal.aborted) {
    try {
      panel.asks();
      const news = await ask(panel, signal, 10_000);
      panel.answered(news);
      panel.says('open', `asking every ${EVERY / 1000} s`);
      backOff.reset();
      await pause(EVERY, undefined, signal);
    } catch (error) {
      if (signal.aborted) return;
      panel.ended();
      await pause(backOff.next(), left => panel.says('reconnecting', `${reason(error)}, asking again in ${left} s`), signal);
    }
  }
}

async function longPoll(panel, signal) {
  const backOff = new BackOff();
  while (!signal.aborted) {
    const begun = Date.now();
    const say = () => panel.says('waiting', `held for ${Math.round((Date.now() - begun) / 1000)} s`);
    const timer = setInterval(say, 1000);
    try {
      panel.asks();
      say();
      panel.answered(await ask(panel, signal, PATIENCE)); // null: nothing in 25 s
      backOff.reset();
    } catch (error) {
      clearInterval(timer);
      if (signal.aborted) return;
      panel.ended();
      await pause(backOff.next(), left => panel.says('reconnecting', `${reason(error)}, asking again in ${left} s`), signal);
    } finally {
      clearInterval(timer);
    }
  }
}

async function ask(panel, signal, limit) {
  const leave = new AbortController(), forward = () => leave.abort();
  signal.addEventListener('abort', forward);
  const timer = setTimeout(() => leave.abort(new DOMException(`no answer in ${limit / 1000} s`, 'TimeoutError')), limit);
  try {
    const response = await fetch(panel.url(), { cache: 'no-store', signal: leave.signal });
    if (response.status === 204) return null;
    if (!response.ok) throw new Error(`the server said ${response.status}`);
    return await response.json();
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', forward);
  }
}

const reason = error => error.name === 'TypeError' ? 'no answer' : error.message;

async function iframe(panel, signal) {
  const backOff = new BackOff();
  // A page is complete when its frames are, and this one never is: it must not hold back the page's own `load`.
  if (document.readyState !== 'complete') await new Promise(loaded => window.addEventListener('load', () => setTimeout(loaded)));
  while (!signal.aborted) {
    let lastSign = Date.now(), signs = 0;
    const opened = lastSign;
    const sign = () => {
      lastSign = Date.now();
      signs += 1;
      panel.signs();
      panel.says('open', 'the frame goes on loading');
    };
    // The scripts in the frame call these. They can, because frame and page have one origin.
    window.push = message => { sign(); panel.hears(message); };
    window.missed = count => { sign(); panel.misses(count); };
    window.heartbeat = sign;
    const frame = document.createElement('iframe');
    frame.hidden = true;
    frame.title = 'the endless page';
    panel.asks();
    panel.says('waiting', 'the frame is loading');
    await new Promise(over => {
      // `load` means that the document is complete: the server ends it now and then, since the browser keeps all of it.
      frame.addEventListener('load', over);
      signal.addEventListener('abort', over);
      // A document that is cut in the middle raises no event at all. Only the silence tells.
      const timer = setInterval(() => {
        const silent = Date.now() - lastSign;
        if (signal.aborted || !frame.isConnected || silent > SILENCE) { clearInterval(timer); return over(); }
        if (silent > 2500 && silent > 2.5 * (pace ?? 0)) panel.says('waiting', `silent for ${Math.round(silent / 1000)} s of ${SILENCE / 1000}`);
      }, 500);
      frame.src = panel.url();
      document.body.append(frame);
    });
    frame.remove();
    if (signal.aborted) return;
    const lived = signs > 0 && lastSign - opened > 1000;
    panel.ended();
    if (lived) backOff.reset();
    else await pause(backOff.next(), left => panel.says('reconnecting', `no stream, reconnecting in ${left} s`), signal);
  }
}

async function eventSource(panel, signal) {
  const backOff = new BackOff();
  while (!signal.aborted) {
    const source = new EventSource(panel.url());
    let back = new AbortController(), asked = true;
    panel.asks();
    panel.says('waiting', 'connecting');
    await new Promise(over => {
      signal.addEventListener('abort', over);
      source.onopen = () => {
        back.abort();
        backOff.reset();
        if (!asked) panel.asks(); // the browser asked, and told nobody
        asked = true;
        panel.signs();
        panel.says('open', 'open');
      };
      source.onmessage = ({ data }) => panel.hears(JSON.parse(data));
      source.addEventListener('reset', ({ data }) => panel.misses(JSON.parse(data).missed));
      source.addEventListener('heartbeat', () => panel.signs());
      source.onerror = () => {
        panel.ended();
        asked = false;
        if (source.readyState === EventSource.CLOSED) return over();
        // The browser comes back by itself, and says in Last-Event-ID how far it got. Here is only the countdown.
        back.abort();
        const mine = back = new AbortController();
        pause(RECONNECT, left => panel.says('reconnecting', `reconnecting in ${left} s`), mine.signal)
          .then(() => mine.signal.aborted || signal.aborted || panel.says('reconnecting', 'reconnecting now'));
      };
    });
    back.abort();
    source.close();
    if (!signal.aborted) await pause(backOff.next(), left => panel.says('reconnecting', `it gave up, a new one in ${left} s`), signal);
  }
}

async function webSocket(panel, signal) {
  const backOff = new BackOff();
  while (!signal.aborted) {
    const socket = panel.socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/${panel.url()}`);
    panel.asks();
    panel.says('waiting', 'opening handshake');
    const code = await new Promise(over => {
      signal.addEventListener('abort', () => over(1000));
      socket.onopen = () => { backOff.reset(); panel.signs(); panel.says('open', 'open'); };
      socket.onmessage = ({ data }) => {
        const said = JSON.parse(data);
        if (said.id) panel.hears(said);
        else if ('missed' in said) panel.misses(said.missed);
        else if (said.published) raced(said.published);
        else if (said.refused) wrong(said.refused);
        else panel.signs();
      };
      socket.onclose = event => over(event.code);
    });
    socket.onclose = socket.onmessage = null;
    // Closed before it is open, a socket complains on the console.
    if (socket.readyState === WebSocket.CONNECTING) socket.onopen = () => socket.close();
    else socket.close();
    if (signal.aborted) return;
    panel.ended();
    // It does not come back by itself.
    await pause(backOff.next(), left => panel.says('reconnecting', `closed (${code}), reconnecting in ${left} s`), signal);
  }
}

// ── A panel ─────────────────────────────────────────────────────────────────────────────────────────

const NOTHING = { requests: 0, up: 0, down: 0, messages: 0, useful: 0 };
const arrivals = new Map(); // of the newest messages: how late each technique brought it

class Panel {
  after = ''; // the id of the last message heard: where to go on
  received = 0;
  told = 0; // messages that the server says are gone
  kind = 'waiting';
  words = 'starting';
  totals = NOTHING;
  before = NOTHING; // what earlier views of this page have cost
  sequence = new Sequence();

  constructor(technique) {
    Object.assign(this, technique);
    const made = byId('panel').content.cloneNode(true);
    this.at = made.querySelector('.technique');
    this.at.dataset.technique = this.key;
    this.at.setAttribute('aria-label', this.name);
    this.part('.name').textContent = this.name;
    this.part('.how').textContent = this.how;
    this.part('.mark').append(markOf(this));
    this.part('.cut').addEventListener('click', () => this.cut());
    this.part('.hold').addEventListener('click', () => this.pauseOrResume());
    this.part('.look').addEventListener('click', () => wire.open(this.key));
    for (const [button, word] of [['.cut', 'cut the connection'], ['.hold', 'pause'], ['.look', 'see the bytes']]) {
      this.part(button).setAttribute('aria-label', `${this.name}: ${word}`);
    }
    byId('panels').append(made);
  }

  part(selector) { return this.at.querySelector(selector); }

  url() {
    // An EventSource keeps its URL for good: where it goes on after a cut, the browser says in Last-Event-ID.
    return `${this.key}?after=${encodeURIComponent(this.after)}&view=${key}`;
  }

  start() {
    this.stop = new AbortController();
    this.read(this, this.stop.signal);
  }

  restart() {
    if (!this.stop || this.stop.signal.aborted) return;
    this.stop.abort();
    this.ended();
    this.start();
  }

  pauseOrResume() {
    const paused = !this.stop?.signal.aborted;
    if (paused) {
      this.stop.abort();
      this.ended();
      this.says('closed', 'paused by you');
    } else {
      this.start();
    }
    this.part('.hold').setAttribute('aria-pressed', String(paused));
    this.part('.hold').textContent = paused ? 'Resume' : 'Pause';
    this.part('.cut').disabled = paused;
    announce();
  }

  cut() {
    control.send(`cut ${this.key}`);
    timetable.lane(this.key).cut();
    this.breaks();
  }

  // What the techniques say of themselves.
  says(kind, words) {
    if (this.stop?.signal.aborted && kind !== 'closed') return;
    this.kind = kind;
    this.words = words;
  }
  asks() {
    this.waitsSince = Date.now();
    this.counted = this.totals.requests;
    timetable.lane(this.key).asks();
  }
  signs() {
    this.waitsSince = null;
    if (!this.broken) return;
    this.broken = false;
    chart.resumes(this.key);
  }
  // What is made up for after a gap belongs to no pace.
  breaks() {
    this.broken = true;
    chart.breaks(this.key);
  }
  answered(news) {
    this.signs();
    timetable.lane(this.key).ends();
    if (!news) return;
    if (news.missed !== 0) this.misses(news.missed);
    news.messages.forEach(message => this.hears(message));
    this.after = news.id;
  }
  ended() {
    this.waitsSince = null;
    this.breaks();
    timetable.lane(this.key).ends();
  }
  misses(count) {
    this.signs();
    this.told += count ?? 0; // null: another run of the server, which has nothing to do with the ids we know
    this.sequence.last = null;
  }
  hears(message) {
    this.signs();
    const now = Date.now();
    this.received += 1;
    this.after = message.id;
    this.sequence.check(message.id);
    this.last = message;
    this.late = Math.max(0, now - message.time);
    timetable.lane(this.key).message(Math.min(message.time, now), now);
    chart.late(this.key, this.late, message.time);
    if (!arrivals.has(message.id)) {
      arrivals.set(message.id, { data: message.data });
      if (arrivals.size > 2000) arrivals.delete(arrivals.keys().next().value);
    }
    arrivals.get(message.id)[this.key] = this.late;
  }

  // The browser has more to ask than connections to ask on: the server has not heard of this request.
  get queued() {
    return this.waitsSince && control.open && Date.now() - this.waitsSince > 1500 && this.totals.requests === this.counted;
  }

  get missed() { return this.sequence.lost + this.told; }

  show() {
    const queued = this.queued;
    const state = this.part('.state');
    write(state, queued ? 'in line for a connection' : this.words);
    const kind = queued ? 'reconnecting' : this.kind;
    if (state.dataset.state !== kind) state.dataset.state = kind;
    Object.assign(this.at.dataset, { state: kind, count: this.received, missed: this.missed, double: this.sequence.double });
    write(this.part('.received'), this.received.toLocaleString()).dataset.count = this.received;
    write(this.part('.missed'), this.missed.toLocaleString()).classList.toggle('bad', this.missed > 0);
    write(this.part('.double'), this.sequence.double.toLocaleString()).classList.toggle('bad', this.sequence.double > 0);
    if (this.last) {
      write(this.part('.data'), this.last.data || '(empty)');
      write(this.part('.id'), `no. ${this.last.id.split('-').at(-1)}`).title = this.last.id;
      write(this.part('.late'), `${this.late.toLocaleString()} ms late`);
    }
    const { requests, up, down, messages, useful } = this.totals;
    write(this.part('.requests'), requests.toLocaleString());
    write(this.part('.up-bytes'), up.toLocaleString());
    write(this.part('.down-bytes'), down.toLocaleString());
    write(this.part('.useful-bytes'), useful.toLocaleString());
    write(this.part('.bytes-each'), messages ? Math.round((up + down) / messages).toLocaleString() : '–');
    write(this.part('.overhead'), messages ? `${Math.round((up + down - useful) / messages).toLocaleString()}` : '–');
    return messages ? { up: up / messages, down: down / messages, useful: useful / messages } : null;
  }

  showBar(each, longest) {
    const [up, down, useful] = this.part('.bar').children, width = bytes => String(100 * bytes / longest);
    up.setAttribute('width', each ? width(each.up) : '0');
    down.setAttribute('x', each ? width(each.up) : '0');
    down.setAttribute('width', each ? width(each.down) : '0');
    useful.setAttribute('x', each ? width(each.up + each.down - each.useful) : '0');
    useful.setAttribute('width', each ? width(each.useful) : '0');
  }
}

// Text that is already there is left alone: a page that changes nothing costs nothing.
function write(where, text) {
  if (where.textContent !== text) where.textContent = text;
  return where;
}

// ── The control socket: what it costs comes down, what the visitor wishes goes up ───────────────────

let key = newKey();
let pace = 1000; // milliseconds between the hub's own messages; null: it says nothing

function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(12))].map(byte => byte.toString(16).padStart(2, '0')).join('');
}

const control = {
  open: false,
  words: null,
  send(wish) {
    if (this.open) this.socket.send(wish);
  },
  async run() {
    const backOff = new BackOff();
    for (let first = true; ; first = false) {
      const socket = this.socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/control?view=${key}`);
      await new Promise(over => {
        socket.onopen = () => {
          this.open = true;
          this.words = null;
          backOff.reset();
          wire.wish();
          // What was opened without a view is counted nowhere: it is opened again, and goes on where it was.
          if (!first) panels.forEach(panel => panel.restart());
          if (!panels[0].stop) panels.forEach(panel => panel.start());
        };
        socket.onmessage = ({ data }) => this.hears(JSON.parse(data));
        socket.onclose = over;
      });
      this.open = false;
      panels.forEach(panel => { panel.before = panel.totals; });
      chart.interrupted();
      // A new key: the server may still know the old one.
      key = newKey();
      if (!panels[0].stop) panels.forEach(panel => panel.start()); // they work without it, uncounted
      await pause(backOff.next(), left => { this.words = `the hub does not answer, again in ${left} s`; });
    }
  },
  hears({ totals, rate, crossings, missed, refused }) {
    if (crossings) wire.add(crossings, missed);
    if (refused) wrong(refused);
    if (!totals) return;
    for (const panel of panels) {
      const now = totals[panel.key], before = panel.before;
      panel.totals = Object.fromEntries(Object.keys(NOTHING).map(name => [name, before[name] + now[name]]));
    }
    if (rate !== pace || !chart.begun) showPace(rate);
    chart.totals(Object.fromEntries(panels.map(panel => [panel.key, panel.totals])));
  },
};

// ── The desk: what to say, and how often ────────────────────────────────────────────────────────────

const PACES = [3_600_000, 1_800_000, 600_000, 300_000, 60_000, 30_000, 20_000, 10_000, 5000, 2000, 1000, 500, 200, 100, 50, 20];

function showPace(milliseconds) {
  pace = milliseconds;
  chart.pace(milliseconds);
  const words = paceWords(milliseconds);
  write(byId('rateWords'), words);
  byId('speaks').checked = milliseconds !== null;
  byId('rateWords').classList.toggle('off', milliseconds === null);
  if (milliseconds === null) return;
  const nearest = PACES.reduce((best, each, i) => Math.abs(Math.log(each / milliseconds)) < Math.abs(Math.log(PACES[best] / milliseconds)) ? i : best, 0);
  byId('rate').value = nearest;
  byId('rate').setAttribute('aria-valuetext', words);
}

function setPace(milliseconds) {
  control.send(`rate ${milliseconds ?? 'off'}`);
  showPace(milliseconds);
}

byId('rate').addEventListener('input', () => { chart.stop(); setPace(PACES[byId('rate').value]); });
byId('speaks').addEventListener('change', () => { chart.stop(); setPace(byId('speaks').checked ? PACES[byId('rate').value] : null); });

const race = byId('race');
let racing = null; // the id of the message that was published here last

function raced(id) { racing = id; }

function wrong(words) { byId('wrong').textContent = words; }

byId('publish').addEventListener('submit', async event => {
  event.preventDefault();
  const text = byId('text').value;
  wrong('');
  if (document.querySelector('#way :checked').value === 'ws') {
    const { socket } = panels.at(-1);
    if (socket?.readyState === WebSocket.OPEN && panels.at(-1).kind === 'open') socket.send(text);
    else wrong('The WebSocket is not open: nothing was sent.');
    return;
  }
  const slow = setTimeout(() => wrong('No answer yet. Are all six connections held?'), 2000);
  try {
    const response = await fetch('publish', { method: 'POST', headers: { 'Content-Type': 'text/plain; charset=utf-8' }, body: text });
    const answer = await response.text();
    if (response.status === 201) raced(JSON.parse(answer).id);
    wrong(response.status === 201 ? '' : `${response.status}: ${answer}`);
  } catch {
    wrong('Not published: no answer.');
  } finally {
    clearTimeout(slow);
  }
});

for (const { key: of, name, mark } of techniques) {
  const row = element('div', `of-${of}`), svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('class', 'mark');
  svg.setAttribute('viewBox', '-6 -6 12 12');
  svg.setAttribute('aria-hidden', 'true');
  svg.append(markOf({ key: of, mark }));
  const title = element('dt');
  title.append(svg, name);
  row.append(title, element('dd', '', '–'));
  race.append(row);
}

function showRace() {
  const came = arrivals.get(racing);
  techniques.forEach(({ key: of }, i) => {
    const late = came?.[of];
    write(race.children[i].lastChild, late === undefined ? racing ? '…' : '–' : `${late.toLocaleString()} ms`);
  });
}

// ── The six connections: every tab says what it holds ───────────────────────────────────────────────

const self = newKey(), others = new Map(), air = new BroadcastChannel('push-by-hand-hub');
const holds = () => panels.filter(panel => ['long-poll', 'iframe', 'events'].includes(panel.key) && !panel.stop?.signal.aborted).map(panel => panel.key);

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
  const mine = holds().map(of => [of, 'this tab']);
  const theirs = [...others.values()].flatMap(({ held }, i) => held.map(of => [of, `tab ${i + 2}`]));
  const all = [...mine, ...theirs];
  const shape = JSON.stringify(all);
  if (byId('slots').dataset.shape === shape) return;
  byId('slots').dataset.shape = shape;
  byId('slots').replaceChildren(...Array.from({ length: Math.max(MOST, all.length) }, (_, i) => {
    const slot = element('li', i >= MOST ? 'over' : all[i] ? '' : 'free');
    const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    svg.setAttribute('viewBox', '-6 -6 12 12');
    if (all[i]) svg.append(markOf(techniques.find(({ key: of }) => of === all[i][0])));
    slot.append(svg, element('span', '', i >= MOST ? 'in line' : all[i] ? all[i][1] : 'free'));
    if (all[i] && i >= mine.length) slot.classList.add('theirs');
    return slot;
  }));
  const tabs = others.size + 1;
  byId('slotWords').textContent = tabs === 1
    ? `One tab: ${all.length} of ${MOST} connections to ${location.host} are held, ${Math.max(0, MOST - all.length)} are free for polling and publishing.`
    : all.length < MOST
      ? `${tabs} tabs: ${all.length} of ${MOST} connections to ${location.host} are held.`
      : `${tabs} tabs hold ${all.length === MOST ? `all ${MOST} connections` : `all ${MOST} connections and want ${all.length}`}. A poll and a POST wait in line until a long poll is answered. Close a tab, or pause a panel, and they go on.`;
  byId('slots').closest('.limit').classList.toggle('full', all.length >= MOST);
}

byId('second').href = location.href;
const elsewhere = new URL(location.href);
elsewhere.hostname = location.hostname === '127.0.0.1' ? 'localhost' : '127.0.0.1';
byId('elsewhere').href = elsewhere.href;
byId('otherHost').textContent = byId('otherName').textContent = elsewhere.hostname;
byId('elsewhere').hidden = byId('otherName').parentElement.hidden = !['localhost', '127.0.0.1'].includes(location.hostname);
byId('origin').textContent = byId('originToo').textContent = location.origin;

// ── All together ────────────────────────────────────────────────────────────────────────────────────

const timetable = new Timetable(byId('timetable'), techniques);
const chart = new Chart({ techniques, setPace, getPace: () => pace });
const wire = new Wire({ techniques, send: wish => control.send(wish) });
const panels = techniques.map(technique => new Panel(technique));

// A screen reader hears when a panel stops and when it goes on, not each answer of each poll.
const spokenOf = new Map();
function announce() {
  const said = [];
  for (const panel of panels) {
    const kind = panel.kind === 'open' || panel.kind === 'waiting' ? 'open' : panel.kind;
    if ((spokenOf.get(panel) ?? 'open') !== kind) said.push(`${panel.name}: ${kind}`);
    spokenOf.set(panel, kind);
  }
  if (said.length) byId('spoken').textContent = said.join(', ');
}

function showAll() {
  const each = panels.map(panel => panel.show());
  const longest = Math.max(...each.map(bytes => bytes ? bytes.up + bytes.down : 0), 1);
  panels.forEach((panel, i) => panel.showBar(each[i], longest));

  const count = panels.reduce((sum, panel) => sum + panel.received, 0);
  byId('messages').dataset.count = count;
  write(byId('messages'), count.toLocaleString());
  const missed = panels.reduce((sum, panel) => sum + panel.missed, 0), double = panels.reduce((sum, panel) => sum + panel.sequence.double, 0);
  write(byId('verdict'), `${missed ? `${missed.toLocaleString()} missed` : 'Nothing lost'}, ${double ? `${double.toLocaleString()} double` : 'nothing double'}: each id is compared with the one before.`);

  const kinds = panels.map(panel => panel.queued ? 'in line' : panel.kind), number = (...of) => kinds.filter(kind => of.includes(kind)).length;
  const fine = number('open', 'waiting'), paused = number('closed'), queued = number('in line');
  const kind = !control.open || number('reconnecting') || queued ? 'reconnecting' : paused === panels.length ? 'closed' : 'open';
  byId('state').dataset.state = kind;
  write(byId('state'), control.words ?? `${fine} of ${panels.length} open${paused ? `, ${paused} paused` : ''}${queued ? `, ${queued} in line` : ''}`);
  announce();
  showRace();
  showSlots();
}

setInterval(showAll, 100);
control.run();
