// A panel of the hub: what one technique has brought, how its connection is, and what it has cost.

import { byId, labelled, svgElement, write } from './page.js';
import { Sequence, isFromBefore, lateness } from './messages.js';
import { Silence } from './wait.js';
import { number, say } from './words.js';

const SILENCE = 30_000; // a stream says something every 15 s: two heartbeats
const HEARTBEAT = 16_000; // nothing is amiss before the next heartbeat

export const NOTHING = { requests: 0, up: 0, down: 0, messages: 0, useful: 0 };

// The mark of a technique, wherever it is named: a shape as well as a colour.
export function markOf({ key, mark }, attributes = { 'aria-hidden': 'true' }) {
  const path = svgElement('path', { d: mark, class: `of-${key}` });
  return svgElement('svg', { class: 'mark', viewBox: '-6 -6 12 12', ...attributes }, path);
}

export class Panel {
  after = ''; // the id of the last message heard: where to go on
  received = 0;
  kind = 'waiting';
  words = say('starting');
  totals = NOTHING;
  before = NOTHING; // what earlier views of this page have cost
  sequence = new Sequence();

  // `hub` is the page: its control socket, its pictures, its pace.
  constructor(technique, hub) {
    Object.assign(this, technique, { hub });
    this.lane = hub.timetable.lane(this.key);
    const made = byId('panel').content.cloneNode(true);
    this.at = labelled(made.querySelector('.technique'), this.name);
    this.at.dataset.technique = this.key;
    write(this.part('.name'), this.name);
    write(this.part('.how'), say(`how.${this.key}`));
    this.part('.name').before(markOf(this));
    this.lever('.cut', 'cut', () => this.cut());
    this.lever('.hold', 'pause', () => this.pauseOrResume());
    this.lever('.look', 'look', () => hub.wire.open(this.key));
    byId('panels').append(made);
  }

  part(selector) { return this.at.querySelector(selector); }

  lever(selector, key, click) {
    this.part(selector).addEventListener('click', click);
    this.label(selector, key);
  }

  label(selector, key) {
    const does = say(key);
    labelled(write(this.part(selector), does), say('lever', { name: this.name, does }));
  }

  url() {
    // An EventSource keeps its URL for good: where it goes on after a cut, the browser says in
    // Last-Event-ID.
    return `${this.key}?after=${encodeURIComponent(this.after)}&view=${this.hub.control.key}`;
  }

  get isPaused() { return this.stop?.signal.aborted ?? false; }

  start() {
    this.stop = new AbortController();
    this.read(this, this.stop.signal);
  }

  restart() {
    if (!this.stop || this.isPaused) return;
    this.stop.abort();
    this.ended();
    this.start();
  }

  pauseOrResume() {
    const paused = !this.isPaused;
    if (paused) {
      this.stop?.abort();
      this.ended();
      this.says('closed', say('paused'));
    } else {
      this.start();
    }
    this.part('.hold').setAttribute('aria-pressed', String(paused));
    this.label('.hold', paused ? 'resume' : 'pause');
    this.part('.cut').disabled = paused;
  }

  cut() {
    this.hub.control.send(`cut ${this.key}`);
    this.lane.cut();
    this.breaks();
  }

  // ── What the technique says of itself ──

  says(kind, words) {
    if (this.isPaused && kind !== 'closed') return;
    Object.assign(this, { kind, words });
  }
  // Calls `over` when nothing has come for two heartbeats, and says meanwhile how long it is quiet.
  watches(over, openWords = say('open')) {
    this.silence?.end();
    this.openWords = openWords;
    this.silence = new Silence({
      limit: SILENCE,
      early: () => Math.max(2500, Math.min(2.5 * (this.hub.pace ?? HEARTBEAT), HEARTBEAT)),
      // A head that is held back on its way looks like a server that says nothing.
      quiet: seconds => this.waitsSince ? this.says('reconnecting', say('unanswered', { seconds }))
        : this.says('waiting', say('quiet', { seconds })),
      over,
    });
    this.silence.sign();
  }
  asks() {
    this.waitsSince = Date.now();
    this.counted = this.totals.requests;
    this.lane.asks();
  }
  signs() {
    this.heard = Date.now();
    this.waitsSince = null;
    if (this.silence) {
      this.silence.sign();
      this.says('open', this.openWords);
    }
    this.hub.recovered();
    if (!this.broken) return;
    this.broken = false;
    this.hub.chart.resumes(this.key);
  }
  // What is made up for after a gap belongs to no pace.
  breaks() {
    this.broken = true;
    this.hub.chart.breaks(this.key);
  }
  answered(news) {
    this.signs();
    this.lane.ends();
    if (!news) return;
    if (news.missed !== 0) this.misses(news.missed);
    news.messages.forEach(message => this.hears(message));
    this.after = news.id;
  }
  ended() {
    this.waitsSince = null;
    this.silence?.end();
    this.silence = null;
    this.breaks();
    this.lane.ends();
  }
  misses(count) {
    this.signs();
    this.sequence.gap(count);
  }
  hears(message) {
    this.signs();
    this.received += 1;
    this.after = message.id;
    this.last = message;
    this.late = lateness(message.time);
    this.sequence.check(message.id);
    if (isFromBefore(message.time)) return; // older than the page: it was not late, nobody waited
    const now = Date.now(), late = Math.max(0, now - message.time);
    this.lane.message(Math.min(message.time, now), now);
    this.hub.chart.late(this.key, late, message.time);
    this.hub.race.arrived(message.id, this.key, late);
  }

  // The browser has more to ask than connections to ask on: the server has not heard of this
  // request.
  get queued() {
    return this.waitsSince && this.hub.allAreHeld() && Date.now() - this.waitsSince > 1500 &&
      this.totals.requests === this.counted;
  }

  // ── What is seen ──

  show() {
    const { sequence: { lost, double, restarts }, queued, received } = this;
    const state = this.part('.state'), kind = queued ? 'reconnecting' : this.kind;
    write(state, queued ? say('in line') : this.words);
    if (state.dataset.state !== kind) state.dataset.state = kind;
    const { dataset } = this.at;
    Object.assign(dataset, { state: kind, count: received, missed: lost, double, restarts });
    write(this.part('.received'), number(received)).dataset.count = received;
    write(this.part('.missed'), restarts ? `${number(lost)} + ?` : number(lost))
      .classList.toggle('bad', lost + restarts > 0);
    write(this.part('.double'), number(double)).classList.toggle('bad', double > 0);
    if (this.last) {
      write(this.part('.data'), this.last.data || say('empty'));
      write(this.part('.id'), say('no.', { id: this.last.id.split('-').at(-1) }))
        .title = this.last.id;
      write(this.part('.late'), this.late);
    }
    return this.showCost();
  }

  showCost() {
    const { requests, up, down, messages, useful } = this.totals;
    const each = bytes => messages ? number(Math.round(bytes / messages)) : '–';
    write(this.part('.requests'), number(requests));
    write(this.part('.up-bytes'), number(up));
    write(this.part('.down-bytes'), number(down));
    write(this.part('.useful-bytes'), number(useful));
    write(this.part('.bytes-each'), each(up + down));
    write(this.part('.overhead'), each(up + down - useful));
    if (!messages) return null;
    return { up: up / messages, down: down / messages, useful: useful / messages };
  }

  showBar(each, longest) {
    const [up, down, useful] = this.part('.bar').children;
    const place = (bar, from, bytes) => {
      bar.setAttribute('x', each ? 100 * from / longest : 0);
      bar.setAttribute('width', each ? 100 * bytes / longest : 0);
    };
    place(up, 0, each?.up);
    place(down, each?.up, each?.down);
    place(useful, each?.up + each?.down - each?.useful, each?.useful);
  }
}
