// What the pages share: how a state, a message, a time and a figure are shown, how long to wait after
// an error, and the strip that draws the last seconds. Nothing in this file talks to a server: that is
// each page's own script, and it is the lesson.

export const byId = id => document.getElementById(id);

// Text only ever enters the page as text: what a server sends is never read as HTML.
export function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

// ── The state of the connection ─────────────────────────────────────────────────────────────────────

// kind: open | waiting | reconnecting | closed. The text may change each second; a screen reader is told
// only when the kind changes.
export function showState(kind, text, where = byId('state')) {
  const changed = where.dataset.state !== kind;
  where.dataset.state = kind;
  if (where.textContent !== text) where.textContent = text;
  const spoken = byId('spoken');
  if (changed && spoken) spoken.textContent = text;
}

// ── Waiting ─────────────────────────────────────────────────────────────────────────────────────────

// Resolves after `ms`, and says each second how many are left. It asks the clock instead of counting its
// own ticks, since browsers slow the timers of a hidden page down. `signal` ends the wait early.
export function pause(ms, eachSecond = () => {}, signal) {
  const end = performance.now() + ms;
  return new Promise(resolve => {
    const finish = () => { clearTimeout(timer); signal?.removeEventListener('abort', finish); resolve(); };
    let timer;
    const tick = () => {
      const left = end - performance.now();
      if (left <= 0 || signal?.aborted) return finish();
      eachSecond(Math.ceil(left / 1000));
      timer = setTimeout(tick, left % 1000 || 1000);
    };
    signal?.addEventListener('abort', finish);
    tick();
  });
}

// 1 s, 2 s, 4 s … 30 s after each failure. Half of it is chance, so that a thousand pages that lost the same
// server do not all come back in the same instant.
export class BackOff {
  constructor(first = 1000, most = 30000) { this.first = this.delay = first; this.most = most; }
  next() {
    const delay = this.delay;
    this.delay = Math.min(delay * 2, this.most);
    return delay / 2 + Math.random() * delay / 2;
  }
  reset() { this.delay = this.first; }
}

// ── Times ───────────────────────────────────────────────────────────────────────────────────────────

// The server knows no time zones: it sends UTC. The browser knows its user's, and how their language
// writes a time.
const format = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const { timeZone, locale } = format.resolvedOptions();
const utc = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium', timeZone: 'UTC' });

export const localTime = time => format.format(time);
export const utcTime = time => utc.format(time);

// `HH:MM:SS` names no day: take the one that brings it nearest to now.
export function timeOf(hhmmss) {
  const day = 86_400_000, now = Date.now();
  const today = Date.parse(`${new Date(now).toISOString().slice(0, 10)}T${hhmmss}Z`);
  return today + day * Math.round((now - today) / day);
}

export const isTime = text => /^\d\d:\d\d:\d\d$/.test(text);

// The big value: a time in the reader's zone, or any other text as it is.
export function showClock(time, sent) {
  const clock = byId('clock');
  const parts = format.formatToParts(time);
  clock.className = 'clock';
  clock.replaceChildren(...parts.map(({ type, value }) =>
    type === 'dayPeriod' ? element('span', 'period', value) : document.createTextNode(value)));
  byId('zone').textContent = `The server sent ${sent}${isTime(sent) ? ' (UTC)' : ''}. This page wrote it for ${timeZone}, language ${locale}.`;
}

export function showWords(text, remark) {
  byId('clock').className = 'clock words';
  byId('clock').textContent = text;
  byId('zone').textContent = remark;
}

// ── Messages ────────────────────────────────────────────────────────────────────────────────────────

const KEPT = 50; // rows in the page; the count goes on

// A message that arrived: { id, data, time, note }. `time` is when the server published it.
export function showMessage({ id = '', data, time, note }, list = byId('messages')) {
  list.dataset.count = Number(list.dataset.count) + 1;
  const late = note ?? (time === undefined ? '' : `${Math.max(0, Date.now() - time).toLocaleString()} ms`);
  addRow(list, '', id, data, late);
}

// Something else worth a line: what was sent ('up'), or what happened ('remark'). It is not counted.
export function showLine(kind, data, note = '', list = byId('messages')) {
  addRow(list, kind, kind === 'up' ? '↑' : '', data, note);
}

function addRow(list, kind, id, data, late) {
  const row = element('li', kind);
  // Of `epoch-seq` only the number is of interest here: the epoch is the same until the server restarts.
  const short = element('span', 'id', String(id).split('-').at(-1));
  if (short.textContent !== String(id)) short.title = id;
  row.append(short, element('span', 'data', data));
  if (late) row.append(element('span', 'late', late));
  list.prepend(row);
  while (list.children.length > KEPT) list.lastChild.remove();
}

// Every message once, in order: the ids must be consecutive. After a restart the epoch is another one and
// the count begins again.
export class Sequence {
  lost = 0; double = 0; epoch = null; last = null;
  check(id) {
    const [seq, epoch = ''] = String(id).split('-').reverse();
    const number = Number(seq);
    if (this.last !== null && epoch === this.epoch) {
      if (number <= this.last) { this.double += 1; return false; }
      this.lost += number - this.last - 1;
    }
    this.epoch = epoch;
    this.last = number;
    return true;
  }
}

// ── Figures ─────────────────────────────────────────────────────────────────────────────────────────

export function showFigure(id, value) {
  byId(id).textContent = typeof value === 'number' ? value.toLocaleString() : value;
}

export const sizeOf = text => new TextEncoder().encode(text).length;

// The head of an answer, written again from the fields a script may read. Of an answer from another origin
// those are few, so there it is the least it can have been.
export function sizeOfAnswerHead(response) {
  let size = `HTTP/1.1 ${response.status} ${response.statusText}\r\n\r\n`.length;
  for (const [name, value] of response.headers) size += `${name}: ${value}\r\n`.length;
  return size;
}

// A script does not see its own request either. This writes down what a browser usually sends: a few
// bytes off, and the reason why the figure says "about".
export function sizeOfRequest(method, url, fields = {}, body = '') {
  const { host, pathname, search, origin } = new URL(url, location.href);
  const brands = navigator.userAgentData?.brands.map(b => `"${b.brand}";v="${b.version}"`).join(', ');
  const head = {
    Host: host, Connection: 'keep-alive', 'User-Agent': navigator.userAgent, Accept: '*/*',
    'Accept-Encoding': 'gzip, deflate, br, zstd', 'Accept-Language': navigator.languages.join(','),
    'Sec-Fetch-Site': origin === location.origin ? 'same-origin' : 'same-site', 'Sec-Fetch-Mode': 'cors', 'Sec-Fetch-Dest': 'empty',
    Referer: origin === location.origin ? location.href : `${location.origin}/`,
    ...(origin !== location.origin || method === 'POST' ? { Origin: location.origin } : {}),
    ...(brands ? { 'sec-ch-ua': brands, 'sec-ch-ua-mobile': '?0', 'sec-ch-ua-platform': `"${navigator.userAgentData.platform}"` } : {}),
    ...fields,
  };
  let size = `${method} ${pathname}${search} HTTP/1.1\r\n\r\n`.length + sizeOf(body);
  for (const [name, value] of Object.entries(head)) size += `${name}: ${value}\r\n`.length;
  return size;
}

// Reads an event stream with `fetch`, which shows its text as it comes, and leaves after `ms` or when
// `enough` says so. Returns what came.
export async function readStream(url, where, ms, enough = () => false) {
  const leave = new AbortController(), timer = setTimeout(() => leave.abort(), ms);
  let text = '';
  try {
    const response = await fetch(url, { signal: leave.signal, headers: { Accept: 'text/event-stream' }, cache: 'no-store' });
    const pieces = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let piece = await pieces.read(); !piece.done; piece = await pieces.read()) {
      text += piece.value;
      where.textContent = text;
      where.scrollTop = where.scrollHeight;
      if (enough(text)) leave.abort();
    }
  } catch {
    if (!text) where.textContent = 'no answer';
  } finally {
    clearTimeout(timer);
  }
  return text;
}

// ── WebSocket frames ────────────────────────────────────────────────────────────────────────────────

// What a frame adds to its payload: two bytes, the longer length, and from the browser the masking key.
// RFC 6455 §5.2.
export const frameHead = (length, masked) => 2 + (length < 126 ? 0 : length < 65536 ? 2 : 8) + (masked ? 4 : 0);

export const hexOf = bytes => [...new Uint8Array(bytes)].map(b => b.toString(16).padStart(2, '0')).join(' ');

// `00 ff` as bytes, or null where it is not that.
export function bytesOf(hex) {
  const digits = hex.replace(/\s+/g, '');
  if (!/^([0-9a-f]{2})*$/i.test(digits)) return null;
  return Uint8Array.from(digits.match(/../g) ?? [], pair => parseInt(pair, 16));
}

// RFC 6455 §7.4.1 and the ranges of §7.4.2.
const meanings = {
  1000: 'normal closure', 1001: 'going away', 1002: 'protocol error', 1003: 'kind of data not accepted', 1005: 'no code was sent',
  1006: 'connection lost, no Close frame', 1007: 'not valid UTF-8', 1008: 'policy violation', 1009: 'message too big',
  1010: 'extension missing', 1011: 'server error', 1012: 'service restart', 1013: 'try again later', 1015: 'TLS handshake failed',
};
export const closeMeaning = code => meanings[code] ??
  (code >= 4000 ? 'private use' : code >= 3000 ? 'registered for a library' : 'not defined');

// ── The strip: the last seconds as a graph of arrows between server and browser ─────────────────────

// The server is the line above, the browser the line below, and now is at the right. A band means that
// something is open between them: a request without its answer yet, a stream, a socket.
export class Strip {
  constructor(canvas, seconds = 20) {
    this.canvas = canvas;
    this.seconds = seconds;
    this.exchanges = [];
    this.drawn = 0;
    const calm = matchMedia('(prefers-reduced-motion: reduce)');
    const draw = now => {
      if (now - this.drawn >= (calm.matches ? 1000 : 40)) { this.drawn = now; this.draw(now); }
      requestAnimationFrame(draw);
    };
    requestAnimationFrame(draw);
  }

  // Something opens: a request goes up. Everything else is said to what this returns.
  open() {
    const exchange = {
      from: performance.now(), to: null, failed: false, arrows: [],
      up: (faint = false) => { exchange.arrows.push({ at: performance.now(), up: true, faint }); return exchange; },
      down: (faint = false) => { exchange.arrows.push({ at: performance.now(), up: false, faint }); return exchange; },
      end: (failed = false) => { exchange.to ??= performance.now(); exchange.failed ||= failed; return exchange; },
    };
    this.exchanges.push(exchange);
    return exchange.up();
  }

  draw(now) {
    const { canvas } = this, width = canvas.clientWidth, height = canvas.clientHeight, ratio = devicePixelRatio;
    if (!width) return;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    const style = getComputedStyle(canvas), colour = name => style.getPropertyValue(name);
    const g = canvas.getContext('2d');
    g.setTransform(ratio, 0, 0, ratio, 0, 0);
    g.clearRect(0, 0, width, height);
    g.font = `11px ${colour('--sans')}`;
    const left = 52, right = width - 10, top = 12.5, bottom = height - 26.5;
    const x = at => right - (now - at) / (this.seconds * 1000) * (right - left);

    // The grid: four parts.
    g.lineWidth = 1;
    g.textBaseline = 'alphabetic';
    for (let s = 0; s <= this.seconds; s += this.seconds / 4) {
      const at = Math.round(x(now - s * 1000)) + 0.5;
      g.strokeStyle = colour('--rule');
      line(g, at, top, at, bottom);
      g.fillStyle = colour('--soft');
      g.textAlign = s ? 'center' : 'right';
      g.fillText(s ? `−${s} s` : 'now', s ? at : right + 8, height - 8);
    }
    g.textAlign = 'left';
    g.textBaseline = 'middle';
    g.fillText('server', 0, top);
    g.fillText('browser', 0, bottom);

    g.save();
    g.beginPath();
    g.rect(left, 0, right - left + 8, height);
    g.clip();
    const oldest = now - this.seconds * 1000;
    this.exchanges = this.exchanges.filter(e => e.to === null || e.to > oldest);
    for (const e of this.exchanges) {
      e.arrows = e.arrows.filter(a => a.at > oldest);
      g.fillStyle = colour('--down-tint');
      const from = Math.max(left, x(e.from)), to = x(e.to ?? now);
      g.fillRect(from, top, Math.max(0, to - from), bottom - top);
    }
    g.strokeStyle = colour('--ink');
    line(g, left, top, right, top);
    line(g, left, bottom, right, bottom);
    for (const e of this.exchanges) {
      for (const a of e.arrows) {
        g.globalAlpha = a.faint ? 0.4 : 1;
        arrow(g, x(a.at), a.up ? bottom : top, a.up ? top : bottom, colour(a.up ? '--up' : '--down'));
      }
      g.globalAlpha = 1;
      if (e.failed) cross(g, x(e.to), (top + bottom) / 2, colour('--bad'));
    }
    g.restore();
  }
}

function line(g, x1, y1, x2, y2) {
  g.beginPath(); g.moveTo(x1, y1); g.lineTo(x2, y2); g.stroke();
}

function arrow(g, x, from, to, colour) {
  const point = Math.sign(to - from) * 6;
  g.strokeStyle = g.fillStyle = colour;
  g.lineWidth = 1.5;
  // An answer stands a little to the right of its question, or the one would hide the other.
  x += from > to ? -1.5 : 1.5;
  line(g, x, from, x, to - point);
  g.beginPath(); g.moveTo(x, to); g.lineTo(x - 3.5, to - point); g.lineTo(x + 3.5, to - point); g.fill();
  g.lineWidth = 1;
}

function cross(g, x, y, colour) {
  g.strokeStyle = colour;
  g.lineWidth = 2;
  line(g, x - 5, y - 5, x + 5, y + 5);
  line(g, x - 5, y + 5, x + 5, y - 5);
  g.lineWidth = 1;
}

// ── The page's own script ───────────────────────────────────────────────────────────────────────────

// Shows what stands between the lines `// [heart]` and `// [end]` of the page's script: what is shown is what
// runs.
export function showHeart(where = byId('heart')) {
  const script = document.querySelector('script[type="module"]').textContent;
  const lines = script.match(/\/\/ \[heart\]\n([\s\S]*?)\n\s*\/\/ \[end\]/)[1].split('\n');
  const indent = Math.min(...lines.filter(l => l.trim()).map(l => l.search(/\S/)));
  for (const text of lines) {
    const [, code, remark] = text.slice(indent).match(/^(.*?)(\/\/ .*)?$/);
    where.append(code, element('span', 'remark', remark ?? ''), '\n');
  }
}
