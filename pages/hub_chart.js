// The chart of costs, in SVG: what a message costs at each pace, and how late it is. Every point is
// measured on this page's own sockets.

import { byId, element, svgElement, write } from './page.js';
import { markOf } from './hub_panel.js';
import { number, say } from './words.js';

// A pace in words. `null`: none.
export function paceWords(milliseconds) {
  if (milliseconds === null) return say('pace.none');
  const short = value => number(Number(value.toPrecision(3)));
  if (milliseconds <= 1000) return say('pace.second', { times: short(1000 / milliseconds) });
  if (milliseconds < 60_000) return say('pace.seconds', { each: short(milliseconds / 1000) });
  if (milliseconds === 60_000) return say('pace.minute');
  if (milliseconds >= 3_600_000) return say('pace.hour');
  return say('pace.minutes', { each: short(milliseconds / 60_000) });
}

function size(bytes) {
  if (bytes < 1000) return `${Math.round(bytes)} B`;
  return bytes < 1e6 ? `${(bytes / 1000).toPrecision(3)} kB` : `${(bytes / 1e6).toPrecision(3)} MB`;
}

const delay = ms => ms < 1 ? say('ms.under') : say('ms', { ms: Math.round(ms) });

// No multiples of the polls' one second: whoever publishes in step with the polls would always be
// early or always late.
const SWEEP = [3700, 1700, 700, 250, 70, 20];
const SETTLE = 1200; // milliseconds after a change of pace: the last polls of the old pace
const SILENCE = 32_000; // long enough for two heartbeats, and for a long poll without news
const SLOWEST = 3_600_000, FASTEST = 20;

export class Chart {
  // pace in milliseconds → technique → { bytes, late, messages }: what one message costs, and its
  // median delay
  measured = new Map();
  silence = null; // technique → bytes a second while nothing is said
  run = null; // the measurement at hand
  sweeping = null;
  begun = false;

  constructor({ techniques, setPace, getPace }) {
    Object.assign(this, { techniques, setPace, getPace });
    byId('legend').append(
      ...techniques.map(technique => element('li', '', markOf(technique), technique.name)));
    byId('pointsHead').append(...techniques.flatMap(({ name }) =>
      [head(say('points.bytes', { name })), head(say('points.delay', { name }))]));
    this.plots = [
      new Plot({
        where: byId('bytesPlot'), what: 'bytes', techniques,
        ticks: [100, 1000, 1e4, 1e5, 1e6, 1e7], label: tickOfBytes,
      }),
      new Plot({
        where: byId('delayPlot'), what: 'late', techniques,
        ticks: [1, 10, 100, 1000], label: ms => ms >= 1000 ? `${ms / 1000} s` : `${ms} ms`,
      }),
    ];
    byId('sweep').addEventListener('click', () => this.sweeping ? this.stop() : this.sweep());
    byId('forget').addEventListener('click', () => this.forget());
    // In the next frame: drawing may change the size that is observed, which WebKit calls an error.
    new ResizeObserver(() => requestAnimationFrame(() => this.draw())).observe(byId('bytesPlot'));
    setInterval(() => { if (this.changed) this.draw(); }, 500);
  }

  forget() {
    this.measured.clear();
    this.silence = null;
    this.interrupted();
    this.draw();
  }

  // A new pace: a new measurement.
  pace(milliseconds) {
    this.begun = true;
    const begin = key => this.run?.from[key] === Infinity ? Infinity : Date.now() + SETTLE;
    const from = Object.fromEntries(this.techniques.map(({ key }) => [key, begin(key)]));
    this.run = { milliseconds, from, start: {}, last: {}, late: {} };
    this.changed = true;
  }

  interrupted() { if (this.begun) this.pace(this.getPace()); }

  // A technique was cut off: what it brings when it is back was published at another time.
  breaks(key) {
    if (!this.run) return;
    this.run.from[key] = Infinity;
    delete this.run.start[key];
    delete this.run.late[key];
  }

  resumes(key) { if (this.run) this.run.from[key] = Date.now() + SETTLE; }

  late(key, ms, published) {
    const { run } = this;
    if (!run || published < run.from[key]) return;
    const list = run.late[key] ??= [];
    if (list.length < 2000) list.push(ms);
  }

  totals(totals) {
    const { run } = this;
    if (!run) return;
    run.newest = totals;
    for (const { key } of this.techniques) {
      const now = totals[key], last = run.last[key];
      if (run.milliseconds === null || Date.now() < run.from[key]) continue;
      // From one arrival to another lies a whole number of intervals: what is between belongs to
      // those messages.
      if (last && now.messages === last.messages) continue;
      const start = run.start[key] ??= now, messages = now.messages - start.messages;
      const bytes = now.up + now.down - start.up - start.down;
      if (messages > 0) this.point(run, key, bytes / messages, messages);
    }
    run.last = totals;
  }

  point(run, key, bytes, messages) {
    if (messages < 2 && run.milliseconds < 10_000) return;
    if (!this.measured.has(run.milliseconds)) this.measured.set(run.milliseconds, {});
    const late = median(run.late[key] ?? []);
    this.measured.get(run.milliseconds)[key] = { bytes, messages, late };
    this.changed = true;
  }

  // Six paces, and then the silence: what it costs to have nothing to say.
  async sweep() {
    const stopped = this.sweeping = new AbortController(), before = this.getPace();
    const { signal } = stopped;
    write(byId('sweep'), say('sweep.stop'));
    byId('progress').hidden = false;
    const lasting = SWEEP.map(milliseconds => Math.max(5500, SETTLE + 3.2 * milliseconds));
    const wait = progress(lasting.reduce((sum, ms) => sum + ms, SILENCE + SETTLE), signal);
    for (let i = 0; i < SWEEP.length && !signal.aborted; i++) {
      this.setPace(SWEEP[i]);
      await wait(lasting[i], say('sweep.at', { pace: paceWords(SWEEP[i]) }));
    }
    if (!signal.aborted) await this.measureSilence(wait, signal);
    // A visitor who moved the pace has stopped the sweep, and keeps the pace.
    if (signal.reason !== 'moved') this.setPace(before);
    this.sweeping = null;
    write(byId('sweep'), say('sweep'));
    byId('progress').hidden = true;
    this.draw();
  }

  async measureSilence(wait, signal) {
    this.setPace(null);
    await wait(SETTLE, say('sweep.falling'));
    const { run } = this, from = { at: Date.now(), totals: run?.newest };
    await wait(SILENCE, say('sweep.silence'));
    if (signal.aborted || run !== this.run || !from.totals) return;
    const took = (Date.now() - from.at) / 1000, bytes = ({ up, down }) => up + down;
    this.silence = Object.fromEntries(this.techniques.map(({ key }) =>
      [key, (bytes(run.newest[key]) - bytes(from.totals[key])) / took]));
  }

  stop() { this.sweeping?.abort('moved'); }

  draw() {
    this.changed = false;
    const { measured, silence } = this, present = this.getPace();
    const paces = [...measured.keys()].sort((a, b) => b - a);
    const slowest = Math.max(10_000, ...paces);
    const [bytes, late] = this.plots;
    bytes.draw({ measured, paces, present, silence, slowest: silence ? SLOWEST : slowest });
    // Of how late silence is there is nothing to say.
    late.draw({ measured, paces, present, silence: null, slowest });
    this.drawTable(paces);
    this.find(paces);
  }

  drawTable(paces) {
    const row = (name, cells) => {
      const first = head(name);
      first.scope = 'row';
      const others = this.techniques.flatMap(({ key }) => cells(key).map(cell));
      return element('tr', '', first, ...others);
    };
    const rows = paces.map(pace => row(paceWords(pace), key => {
      const point = this.measured.get(pace)[key];
      if (!point) return ['–', '–'];
      return [number(Math.round(point.bytes)), point.late === null ? '–' : delay(point.late)];
    }));
    if (this.silence && paces.length) {
      const cost = key => extrapolated(this.measured, paces, this.silence, key, SLOWEST) ?? 0;
      rows.unshift(row(say('computed', { pace: paceWords(SLOWEST) }),
        key => [number(Math.round(cost(key))), '–']));
    }
    byId('points').replaceChildren(...rows);
  }

  // What the chart says, in a sentence.
  find(paces) {
    const pace = this.measured.has(this.getPace()) ? this.getPace() : paces[0];
    const at = this.measured.get(pace);
    if (!at?.poll || !at?.ws) return;
    const says = [say('finding.now', {
      pace: paceWords(pace), poll: size(at.poll.bytes), ws: size(at.ws.bytes),
    })];
    if (this.silence) {
      const hour = key => size(extrapolated(this.measured, paces, this.silence, key, SLOWEST) ?? 0);
      says.push(say('finding.hour', {
        poll: hour('poll'), ws: hour('ws'), seconds: SILENCE / 1000,
      }));
    }
    write(byId('finding'), says.join(' '));
  }
}

// A wait that shows how much of the whole is done.
function progress(whole, signal) {
  let done = 0;
  return async (ms, words) => {
    const from = Date.now();
    while (!signal.aborted && Date.now() - from < ms) {
      const past = done + Date.now() - from, seconds = Math.ceil((whole - past) / 1000);
      byId('progress').style.setProperty('--part', past / whole);
      write(byId('progress').firstChild, say('sweep.progress', { words, seconds }));
      await new Promise(resolve => setTimeout(resolve, 100));
    }
    done += ms;
  };
}

// What a message costs at a pace slower than any measured: the slowest one measured, and silence
// for the rest of the time.
function extrapolated(measured, paces, silence, key, milliseconds) {
  const from = paces.find(pace => measured.get(pace)[key]);
  if (!from) return undefined;
  return measured.get(from)[key].bytes + silence[key] * Math.max(0, milliseconds - from) / 1000;
}

function median(list) {
  if (!list.length) return null;
  return [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
}

const head = text => Object.assign(element('th', '', text), { scope: 'col' });
const cell = text => element('td', 'number', text);

const tickOfBytes = bytes => bytes >= 1e6 ? `${bytes / 1e6} MB`
  : bytes >= 1000 ? `${bytes / 1000} kB` : `${bytes} B`;

const PACE_TICKS = [
  [3_600_000, '1/h'], [600_000, '6/h'], [60_000, '1/min'], [10_000, '6/min'], [1000, '1/s'],
  [100, '10/s'], [20, '50/s'],
];

class Plot {
  constructor(what) { Object.assign(this, what); }

  value(point) { return Math.max(this.ticks[0] / 2, point[this.what] ?? 0); }

  draw(drawing) {
    const width = this.where.clientWidth, height = Math.max(220, Math.min(340, width * 0.6));
    if (!width) return;
    const place = this.place(drawing, width, height), { measured, paces, present } = drawing;
    const svg = svgElement('svg', {
      width, height, viewBox: `0 0 ${width} ${height}`,
      role: 'img', 'aria-label': this.words(paces),
    });
    this.drawGrid(svg, place, drawing);
    for (const technique of this.techniques) {
      const points = paces.map(pace => [pace, measured.get(pace)[technique.key]])
        .filter(([, point]) => point && point[this.what] !== null);
      if (points.length) this.drawCurve(svg, place, drawing, technique, points);
    }
    if (!paces.length) {
      const x = (place.left + place.right) / 2, y = (place.top + place.bottom) / 2;
      svg.append(svgElement('text', { class: 'empty', x, y, 'text-anchor': 'middle' },
        say('plot.empty')));
    }
    this.where.replaceChildren(svg);
  }

  // Where a pace and a value stand in the picture. Both scales are logarithmic.
  place({ measured, paces, slowest, silence }, width, height) {
    const left = 52, right = width - 14, top = 12, bottom = height - 34;
    const values = paces.flatMap(pace => Object.values(measured.get(pace)))
      .filter(point => point[this.what] !== null).map(point => this.value(point));
    if (silence) {
      values.push(...this.techniques.map(({ key }) =>
        extrapolated(measured, paces, silence, key, slowest) ?? 1));
    }
    const low = Math.min(this.ticks[0], ...values) * 0.8;
    const enough = this.ticks.find(tick => tick >= Math.max(1000, ...values)) ?? this.ticks.at(-1);
    const high = Math.max(enough, ...values) * 1.2;
    const share = (value, from, to) =>
      (Math.log(value) - Math.log(from)) / (Math.log(to) - Math.log(from));
    const x = pace => left + 8 + (right - left - 8) * share(pace, slowest, FASTEST);
    const y = value => bottom - (bottom - top) * share(value, low, high);
    return { left, right, top, bottom, high, x, y };
  }

  drawGrid(svg, { left, right, top, bottom, high, x, y }, { slowest, present }) {
    const line = (kind, x1, y1, x2, y2) =>
      svg.append(svgElement('line', { class: kind, x1, y1, x2, y2 }));
    for (const tick of this.ticks.filter(tick => tick <= high)) {
      line('grid', left, y(tick), right, y(tick));
      svg.append(svgElement('text', { x: left - 8, y: y(tick) + 4, 'text-anchor': 'end' },
        this.label(tick)));
    }
    for (const [pace, words] of PACE_TICKS.filter(([pace]) => pace <= slowest)) {
      const last = pace === FASTEST;
      line('grid', x(pace), top, x(pace), bottom + 4);
      svg.append(svgElement('text', {
        x: x(pace), y: bottom + 19, 'text-anchor': last ? 'end' : 'middle', dx: last ? 6 : 0,
      }, words));
    }
    line('axis', left, bottom, right, bottom);
    if (present === null || present > slowest) return;
    line('present', x(present), top, x(present), bottom);
  }

  drawCurve(svg, { x, y }, { measured, paces, silence, slowest, present }, technique, points) {
    const { key } = technique;
    const at = points.map(([pace, point]) => [x(pace), y(this.value(point))]);
    const curve = (kind, path) => {
      const points = path.map(xy => xy.map(value => value.toFixed(1)).join(' '));
      svg.append(svgElement('path', { class: `${kind} of-${key}`, d: `M${points.join('L')}` }));
    };
    if (silence) {
      const from = points[0][0];
      const steps = Array.from({ length: 25 }, (_, i) => slowest * (from / slowest) ** (i / 24));
      curve('curve computed', steps.map(pace =>
        [x(pace), y(extrapolated(measured, paces, silence, key, pace))]));
    }
    curve('curve', at);
    for (const [i, [pace]] of points.entries()) {
      const now = pace === present;
      svg.append(svgElement('path', {
        d: technique.mark, class: `of-${key}${now ? ' now' : ''}`,
        transform: `translate(${at[i].join(' ')}) scale(${now ? 1.25 : 0.85})`,
      }));
    }
  }

  words(paces) {
    if (!paces.length) return say(`plot.${this.what}.empty`);
    const from = paceWords(paces[0]), to = paceWords(paces.at(-1));
    return say(`plot.${this.what}`, { n: paces.length, from, to });
  }
}
