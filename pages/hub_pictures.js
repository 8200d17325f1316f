// The hub's two pictures, drawn by hand: the timetable of the last seconds on a canvas, and the chart of costs in SVG.

import { byId, element } from './push.js';

// ── Words for figures ───────────────────────────────────────────────────────────────────────────────

// A pace in words. `null`: none.
export function paceWords(milliseconds) {
  if (milliseconds === null) return 'not at all';
  const short = number => Number(number.toPrecision(3)).toLocaleString();
  if (milliseconds <= 1000) return `${short(1000 / milliseconds)} a second`;
  if (milliseconds < 60_000) return `1 every ${short(milliseconds / 1000)} s`;
  if (milliseconds === 60_000) return '1 a minute';
  return milliseconds < 3_600_000 ? `1 every ${short(milliseconds / 60_000)} min` : '1 an hour';
}

export function size(bytes) {
  if (bytes < 1000) return `${Math.round(bytes)} B`;
  return bytes < 1e6 ? `${(bytes / 1000).toPrecision(3)} kB` : `${(bytes / 1e6).toPrecision(3)} MB`;
}

const delay = ms => ms < 1 ? 'under 1 ms' : `${Math.round(ms).toLocaleString()} ms`;

// The mark of a technique, wherever it is named: a shape as well as a colour.
export function markOf({ key, mark }) {
  return svgElement('path', { d: mark, class: `of-${key}` });
}

// ── The timetable ───────────────────────────────────────────────────────────────────────────────────

// One lane a technique, the server above and the browser below. A message is a stroke between them, from when it was
// published to when it was here. Both times are wall-clock times: on one machine that is one clock.
export class Timetable {
  constructor(canvas, techniques) {
    this.canvas = canvas;
    this.lanes = techniques.map(({ key, name }) => new Lane(key, name));
    this.byKey = new Map(this.lanes.map(lane => [lane.key, lane]));
    this.calm = matchMedia('(prefers-reduced-motion: reduce)');
    this.drawn = 0;
    const draw = now => {
      if (now - this.drawn >= (this.calm.matches ? 1000 : 33)) { this.drawn = now; this.draw(); }
      requestAnimationFrame(draw);
    };
    requestAnimationFrame(draw);
  }

  lane(key) { return this.byKey.get(key); }

  draw() {
    const { canvas } = this, width = canvas.clientWidth, height = canvas.clientHeight, ratio = devicePixelRatio;
    if (!width) return;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    const style = getComputedStyle(canvas), colour = name => style.getPropertyValue(name);
    const g = canvas.getContext('2d'), now = Date.now();
    g.setTransform(ratio, 0, 0, ratio, 0, 0);
    g.clearRect(0, 0, width, height);
    const narrow = width < 600, seconds = narrow ? 10 : 24;
    const left = narrow ? 0 : 104, right = width - 1, span = right - left, foot = 22;
    const each = (height - foot) / this.lanes.length, label = narrow ? 18 : 8;
    const x = at => right - (now - at) / (seconds * 1000) * span;
    const oldest = now - seconds * 1000;

    // Whole seconds of the clock wander to the left with everything else.
    g.lineWidth = 1;
    g.strokeStyle = colour('--rule');
    g.fillStyle = colour('--soft');
    g.font = `11px ${colour('--sans')}`;
    g.textAlign = 'center';
    g.textBaseline = 'alphabetic';
    for (let at = Math.ceil(oldest / 2000) * 2000; at <= now; at += 2000) {
      const px = Math.round(x(at)) + 0.5;
      g.beginPath(); g.moveTo(px, 4); g.lineTo(px, height - foot + 2); g.stroke();
      const words = `:${String(new Date(at).getSeconds()).padStart(2, '0')}`;
      if (px > left + 12 && px < right - 12) g.fillText(words, px, height - 6);
    }

    this.lanes.forEach((lane, i) => {
      const top = i * each + label, bottom = (i + 1) * each - 6;
      lane.forget(oldest - 30_000);
      g.textAlign = 'left';
      g.fillStyle = colour('--ink');
      g.font = `${narrow ? '600 12px' : '600 13px'} ${colour('--sans')}`;
      g.textBaseline = narrow ? 'alphabetic' : 'middle';
      g.fillText(lane.name, 0, narrow ? top - 5 : (top + bottom) / 2);

      g.save();
      g.beginPath(); g.rect(left, top - 4, span + 1, bottom - top + 8); g.clip();
      g.fillStyle = colour('--lane');
      for (const { from, to } of lane.bands) {
        const begin = Math.max(left, x(from));
        g.fillRect(begin, top, Math.max(0.5, x(to ?? now) - begin), bottom - top);
      }
      // All strokes of one kind in one path: fifty a second on five lanes are thousands.
      g.lineWidth = 1;
      g.strokeStyle = colour('--up');
      g.globalAlpha = 0.75;
      g.beginPath();
      for (const at of lane.asked) {
        const px = x(at);
        g.moveTo(px - 2, bottom); g.lineTo(px - 2, top);
        g.moveTo(px - 4.5, top + 5); g.lineTo(px - 2, top); g.lineTo(px + 0.5, top + 5);
      }
      g.stroke();
      g.globalAlpha = 1;
      g.lineWidth = 1.75;
      g.strokeStyle = g.fillStyle = colour(`--of-${lane.key}`);
      g.beginPath();
      for (const [published, arrived] of lane.messages) {
        g.moveTo(x(published), top); g.lineTo(x(arrived), bottom);
      }
      g.stroke();
      g.beginPath();
      for (const [, arrived] of lane.messages) {
        const px = x(arrived);
        g.moveTo(px + 2.5, bottom); g.arc(px, bottom, 2.5, 0, 7);
      }
      g.fill();
      for (const at of lane.cuts) {
        const px = x(at), middle = (top + bottom) / 2;
        g.strokeStyle = colour('--ground');
        g.lineWidth = 6;
        cross(g, px, middle, 6);
        g.strokeStyle = colour('--bad');
        g.lineWidth = 2.5;
        cross(g, px, middle, 6);
      }
      g.restore();
      g.lineWidth = 1;
      g.strokeStyle = colour('--edge');
      for (const y of [top, bottom]) { g.beginPath(); g.moveTo(left, Math.round(y) + 0.5); g.lineTo(right, Math.round(y) + 0.5); g.stroke(); }
    });
  }
}

function cross(g, x, y, r) {
  g.beginPath(); g.moveTo(x - r, y - r); g.lineTo(x + r, y + r); g.moveTo(x - r, y + r); g.lineTo(x + r, y - r); g.stroke();
}

class Lane {
  messages = []; // [published, arrived]
  asked = [];
  cuts = [];
  bands = []; // { from, to }: from the request to the end of its answer

  constructor(key, name) { this.key = key; this.name = name; }
  message(published, arrived) { this.messages.push([published, arrived]); }
  asks() {
    this.ends();
    const now = Date.now();
    this.asked.push(now);
    this.bands.push({ from: now, to: null });
  }
  ends() {
    const band = this.bands.at(-1);
    if (band) band.to ??= Date.now();
  }
  cut() { this.cuts.push(Date.now()); }
  forget(oldest) {
    const first = this.messages.findIndex(([, arrived]) => arrived >= oldest);
    if (first > 0) this.messages.splice(0, first);
    while (this.asked.length && this.asked[0] < oldest) this.asked.shift();
    while (this.cuts.length && this.cuts[0] < oldest) this.cuts.shift();
    while (this.bands.length && this.bands[0].to && this.bands[0].to < oldest) this.bands.shift();
  }
}

// ── The chart ───────────────────────────────────────────────────────────────────────────────────────

// No multiples of the polls' one second: whoever publishes in step with the polls would always be early or always late.
const SWEEP = [3700, 1700, 700, 250, 70, 20];
const SETTLE = 1200; // milliseconds after a change of pace before measuring: the last polls of the old pace
const SILENCE = 32_000; // long enough for two heartbeats, and for a long poll that ends without news
const SLOWEST = 3_600_000, FASTEST = 20;

export class Chart {
  // pace in milliseconds → technique → { bytes, late, messages }: what one message costs, and its median delay
  measured = new Map();
  silence = null; // technique → bytes a second while nothing is said
  run = null; // the measurement at hand
  sweeping = null;
  begun = false;

  constructor({ techniques, setPace, getPace }) {
    Object.assign(this, { techniques, setPace, getPace });
    byId('legend').replaceChildren(...techniques.map(technique => {
      const item = element('li'), svg = svgElement('svg', { class: 'mark', viewBox: '-6 -6 12 12', 'aria-hidden': 'true' });
      svg.append(markOf(technique));
      item.append(svg, technique.name);
      return item;
    }));
    byId('pointsHead').append(...techniques.flatMap(({ name }) => [head(`${name}, bytes`), head(`${name}, delay`)]));
    this.plots = [
      new Plot(byId('bytesPlot'), 'bytes', techniques, [100, 1000, 1e4, 1e5, 1e6, 1e7], bytes => bytes >= 1e6 ? `${bytes / 1e6} MB` : bytes >= 1000 ? `${bytes / 1000} kB` : `${bytes} B`),
      new Plot(byId('delayPlot'), 'late', techniques, [1, 10, 100, 1000], ms => ms >= 1000 ? `${ms / 1000} s` : `${ms} ms`),
    ];
    byId('sweep').addEventListener('click', () => this.sweeping ? this.stop() : this.sweep());
    byId('forget').addEventListener('click', () => { this.measured.clear(); this.silence = null; this.interrupted(); this.draw(); });
    new ResizeObserver(() => this.draw()).observe(byId('bytesPlot'));
    setInterval(() => { if (this.changed) this.draw(); }, 500);
  }

  // A new pace: a new measurement.
  pace(milliseconds) {
    this.begun = true;
    const from = Object.fromEntries(this.techniques.map(({ key }) => [key, this.run?.from[key] === Infinity ? Infinity : Date.now() + SETTLE]));
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
      // From one arrival to another lies a whole number of intervals: what is between belongs to those messages.
      if (last && now.messages === last.messages) continue;
      const start = run.start[key] ??= now;
      if (now.messages > start.messages) this.point(run, key, (now.up + now.down - start.up - start.down) / (now.messages - start.messages), now.messages - start.messages);
    }
    run.last = totals;
  }

  point(run, key, bytes, messages) {
    if (messages < 2 && run.milliseconds < 10_000) return;
    if (!this.measured.has(run.milliseconds)) this.measured.set(run.milliseconds, {});
    this.measured.get(run.milliseconds)[key] = { bytes, messages, late: median(run.late[key] ?? []) };
    this.changed = true;
  }

  // Six paces, and then the silence: what it costs to have nothing to say.
  async sweep() {
    const stopped = this.sweeping = new AbortController(), before = this.getPace();
    byId('sweep').textContent = 'Stop the sweep';
    byId('progress').hidden = false;
    const lasting = SWEEP.map(milliseconds => Math.max(5500, SETTLE + 3.2 * milliseconds));
    const whole = lasting.reduce((sum, ms) => sum + ms, SILENCE + SETTLE);
    let done = 0;
    const wait = async (ms, words) => {
      const from = Date.now();
      while (!stopped.signal.aborted && Date.now() - from < ms) {
        const part = (done + Date.now() - from) / whole;
        byId('progress').style.setProperty('--part', part);
        byId('progress').firstChild.textContent = `${words}, ${Math.ceil((whole - done - (Date.now() - from)) / 1000)} s to go`;
        await new Promise(resolve => setTimeout(resolve, 100));
      }
      done += ms;
    };
    for (let i = 0; i < SWEEP.length && !stopped.signal.aborted; i++) {
      this.setPace(SWEEP[i]);
      await wait(lasting[i], `Measuring at ${paceWords(SWEEP[i])}`);
    }
    if (!stopped.signal.aborted) {
      this.setPace(null);
      await wait(SETTLE, 'Falling silent');
      const { run } = this, from = { at: Date.now(), totals: run?.newest };
      await wait(SILENCE, 'Listening to what silence costs');
      if (!stopped.signal.aborted && run === this.run && from.totals) {
        const took = (Date.now() - from.at) / 1000, bytes = ({ up, down }) => up + down;
        this.silence = Object.fromEntries(this.techniques.map(({ key }) => [key, (bytes(run.newest[key]) - bytes(from.totals[key])) / took]));
      }
    }
    // A visitor who moved the pace has stopped the sweep, and keeps the pace.
    if (stopped.signal.reason !== 'moved') this.setPace(before);
    this.sweeping = null;
    byId('sweep').textContent = 'Sweep the paces';
    byId('progress').hidden = true;
    this.draw();
  }

  stop() { this.sweeping?.abort('moved'); }

  draw() {
    this.changed = false;
    const paces = [...this.measured.keys()].sort((a, b) => b - a);
    const slowest = Math.max(10_000, ...paces);
    const [bytes, late] = this.plots;
    bytes.draw(this.measured, paces, this.getPace(), this.silence ? SLOWEST : slowest, this.silence);
    late.draw(this.measured, paces, this.getPace(), slowest, null); // of how late silence is there is nothing to say
    byId('points').replaceChildren(...paces.map(pace => {
      const row = element('tr'), name = head(paceWords(pace));
      name.scope = 'row';
      row.append(name, ...this.techniques.flatMap(({ key }) => {
        const point = this.measured.get(pace)[key];
        return [cell(point ? Math.round(point.bytes).toLocaleString() : '–'), cell(point && point.late !== null ? delay(point.late) : '–')];
      }));
      return row;
    }));
    if (this.silence && paces.length) {
      const row = element('tr'), name = head('1 an hour, computed');
      name.scope = 'row';
      row.append(name, ...this.techniques.flatMap(({ key }) => [cell(Math.round(extrapolated(this.measured, paces, this.silence, key, SLOWEST) ?? 0).toLocaleString()), cell('–')]));
      byId('points').prepend(row);
    }
    this.find(paces);
  }

  // What the chart says, in a sentence.
  find(paces) {
    const pace = this.measured.has(this.getPace()) ? this.getPace() : paces[0];
    const at = this.measured.get(pace);
    if (!at?.poll || !at?.ws) return;
    const says = [`At ${paceWords(pace)} a message costs ${size(at.poll.bytes)} by polling and ${size(at.ws.bytes)} by WebSocket.`];
    if (this.silence) {
      const hour = key => size(extrapolated(this.measured, paces, this.silence, key, SLOWEST) ?? 0);
      says.push(`At one an hour it would be ${hour('poll')} and ${hour('ws')}: the dashed part is computed from what crossed in ${SILENCE / 1000} s of silence.`);
    }
    byId('finding').textContent = says.join(' ');
  }
}

// What a message costs at a pace slower than any measured: the slowest one measured, and silence for the rest of the time.
function extrapolated(measured, paces, silence, key, milliseconds) {
  const from = paces.find(pace => measured.get(pace)[key]);
  return from && measured.get(from)[key].bytes + silence[key] * Math.max(0, milliseconds - from) / 1000;
}

function median(list) {
  if (!list.length) return null;
  const sorted = [...list].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

function head(text) { const made = element('th', '', text); made.scope = 'col'; return made; }
const cell = text => element('td', 'number', text);

function svgElement(name, attributes = {}, text) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

const PACE_TICKS = [[3_600_000, '1/h'], [600_000, '6/h'], [60_000, '1/min'], [10_000, '6/min'], [1000, '1/s'], [100, '10/s'], [20, '50/s']];

class Plot {
  constructor(where, what, techniques, ticks, label) {
    Object.assign(this, { where, what, techniques, ticks, label });
  }

  draw(measured, paces, present, slowest, silence) {
    const width = this.where.clientWidth, height = Math.max(220, Math.min(340, width * 0.6));
    if (!width) return;
    const left = 52, right = width - 14, top = 12, bottom = height - 34;
    const value = point => Math.max(this.ticks[0] / 2, point[this.what] ?? 0);
    const values = paces.flatMap(pace => Object.values(measured.get(pace)).filter(point => point[this.what] !== null).map(value));
    if (silence) values.push(...this.techniques.map(({ key }) => extrapolated(measured, paces, silence, key, slowest) ?? 1));
    const low = Math.min(this.ticks[0], ...values) * 0.8;
    const high = Math.max(this.ticks.find(tick => tick >= Math.max(1000, ...values)) ?? this.ticks.at(-1), ...values) * 1.2;
    const x = pace => left + 8 + (right - left - 8) * (Math.log(slowest) - Math.log(pace)) / (Math.log(slowest) - Math.log(FASTEST));
    const y = v => bottom - (bottom - top) * (Math.log(v) - Math.log(low)) / (Math.log(high) - Math.log(low));

    const svg = svgElement('svg', { width, height, viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': this.words(measured, paces) });
    for (const tick of this.ticks.filter(tick => tick <= high)) {
      svg.append(svgElement('line', { class: 'grid', x1: left, x2: right, y1: y(tick), y2: y(tick) }),
        svgElement('text', { x: left - 8, y: y(tick) + 4, 'text-anchor': 'end' }, this.label(tick)));
    }
    for (const [pace, words] of PACE_TICKS.filter(([pace]) => pace <= slowest)) {
      svg.append(svgElement('line', { class: 'grid', x1: x(pace), x2: x(pace), y1: top, y2: bottom + 4 }),
        svgElement('text', { x: x(pace), y: bottom + 19, 'text-anchor': pace === 20 ? 'end' : 'middle', dx: pace === 20 ? 6 : 0 }, words));
    }
    svg.append(svgElement('line', { class: 'axis', x1: left, x2: right, y1: bottom, y2: bottom }));
    if (present !== null && present <= slowest) svg.append(svgElement('line', { class: 'present', x1: x(present), x2: x(present), y1: top, y2: bottom }));

    for (const technique of this.techniques) {
      const points = paces.map(pace => [pace, measured.get(pace)[technique.key]]).filter(([, point]) => point && point[this.what] !== null);
      if (!points.length) continue;
      const at = points.map(([pace, point]) => `${x(pace).toFixed(1)} ${y(value(point)).toFixed(1)}`);
      if (silence) {
        const from = points[0][0], steps = Array.from({ length: 25 }, (_, i) => slowest * (from / slowest) ** (i / 24));
        const path = steps.map(pace => `${x(pace).toFixed(1)} ${y(extrapolated(measured, paces, silence, technique.key, pace)).toFixed(1)}`);
        svg.append(svgElement('path', { class: `curve computed of-${technique.key}`, d: `M${path.join('L')}` }));
      }
      svg.append(svgElement('path', { class: `curve of-${technique.key}`, d: `M${at.join('L')}` }));
      for (const [i, [pace]] of points.entries()) {
        const mark = markOf(technique);
        mark.setAttribute('transform', `translate(${at[i]}) scale(${pace === present ? 1.25 : 0.85})`);
        if (pace === present) mark.classList.add('now');
        svg.append(mark);
      }
    }
    if (!paces.length) svg.append(svgElement('text', { class: 'empty', x: (left + right) / 2, y: (top + bottom) / 2, 'text-anchor': 'middle' }, 'the first point takes a few messages'));
    this.where.replaceChildren(svg);
  }

  words(measured, paces) {
    const name = this.what === 'bytes' ? 'Bytes a message' : 'Median delay';
    return paces.length ? `${name} at ${paces.length} paces, from ${paceWords(paces[0])} to ${paceWords(paces.at(-1))}; the table below has the figures` : `${name}: nothing measured yet`;
  }
}
