// Messages and times as the pages show them, and the check that every message came once.

import { byId, element, write } from './page.js';
import { fill, locale, number, say } from './words.js';

// ── Times ────────────────────────────────────────────────────────────────────────────────────────

// The server knows no time zones: it sends UTC. The browser knows its user's, and how their
// language writes a time.
const parts = { hour: '2-digit', minute: '2-digit', second: '2-digit' };
const format = new Intl.DateTimeFormat(locale, parts);
const utc = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium', timeZone: 'UTC' });

export const localTime = time => format.format(time);
export const utcTime = time => utc.format(time);
export const isTime = text => /^\d\d:\d\d:\d\d$/.test(text);

// `HH:MM:SS` names no day: take the one that brings it nearest to now.
export function timeOf(hhmmss) {
  const day = 86_400_000, now = Date.now();
  const today = Date.parse(`${new Date(now).toISOString().slice(0, 10)}T${hhmmss}Z`);
  return today + day * Math.round((now - today) / day);
}

// The big value: a time in the reader's zone, or any other text as it is.
export function showClock(time, sent) {
  const clock = byId('clock');
  clock.className = 'clock';
  clock.replaceChildren(...format.formatToParts(time).map(({ type, value }) =>
    type === 'dayPeriod' ? element('span', 'period', value) : value));
  const { timeZone } = format.resolvedOptions();
  write(byId('zone'), say(isTime(sent) ? 'zone.utc' : 'zone', { sent, timeZone, locale }));
}

export function showWords(text, remark) {
  byId('clock').className = 'clock words';
  write(byId('clock'), text);
  write(byId('zone'), remark);
}

// ── The list ─────────────────────────────────────────────────────────────────────────────────────

const KEPT = 50; // rows in the page; the count goes on

// A message older than the page was not late: nobody was there to read it.
export const isFromBefore = time => time < performance.timeOrigin;
export const lateness = time => isFromBefore(time) ? say('from before')
  : say('ms', { ms: Math.max(0, Date.now() - time) });

// A message that arrived: { id, data, time, note }. `time` is when the server published it.
export function showMessage({ id = '', data, time, note }, list = byId('messages')) {
  list.dataset.count = Number(list.dataset.count) + 1;
  addRow(list, '', id, data, note ?? (time === undefined ? '' : lateness(time)));
}

// Something else worth a line: what was sent ('up'), or what happened ('remark'). It is not
// counted.
export function showLine(kind, data, note = '', list = byId('messages')) {
  addRow(list, kind, kind === 'up' ? '↑' : '', data, note);
}

function addRow(list, kind, id, data, note) {
  // Of `epoch-seq` only the number is of interest here: the epoch changes when the server restarts.
  const short = element('span', 'id', String(id).split('-').at(-1));
  if (short.textContent !== String(id)) short.title = id;
  const row = element('li', kind, short, element('span', 'data', data));
  if (note !== '') row.append(element('span', 'late', note));
  list.prepend(row);
  while (list.children.length > KEPT) list.lastChild.remove();
}

// ── Every message once ───────────────────────────────────────────────────────────────────────────

// Ids are `epoch-seq`, and of one epoch the numbers must be consecutive. After a restart of the
// server there is another epoch, and how many messages went with the old one nobody can know.
export class Sequence {
  lost = 0; double = 0; restarts = 0; epoch = null; last = null;

  check(id) {
    const [seq, epoch = ''] = String(id).split('-').reverse();
    const current = Number(seq);
    if (this.last !== null && epoch === this.epoch) {
      if (current <= this.last) { this.double += 1; return false; }
      this.lost += current - this.last - 1;
    }
    this.epoch = epoch;
    this.last = current;
    return true;
  }

  // The server says that its log no longer reaches back to our id. null: it has been restarted.
  // Returns that in words.
  gap(missed) {
    if (missed === null) this.restarts += 1;
    else this.lost += missed;
    this.last = null;
    return missed === null ? say('gap.restart') : say('gap', { n: missed });
  }

  show() {
    write(byId('lost'), this.restarts ? `${number(this.lost)} + ?` : number(this.lost));
    write(byId('double'), number(this.double));
  }

  verdict() {
    const { lost, double } = this;
    return say(this.restarts ? 'verdict.restart' : 'verdict', { lost, double });
  }
}

export const showGap = (sequence, missed) => showLine('remark', sequence.gap(missed));

// ── Asking the server for something beside the stream ────────────────────────────────────────────

// POSTs, and says in `where` what came of it: the text `told`, or why not. Returns what the server
// answered, or null.
export async function post(path, where, told, body) {
  try {
    const headers = body === undefined ? {} : { 'Content-Type': 'text/plain; charset=utf-8' };
    const response = await fetch(path, { method: 'POST', headers, body });
    const text = await response.text();
    delete where.dataset.failed;
    if (!response.ok) {
      write(where, say('refused', { status: response.status, text }));
      return null;
    }
    const answer = response.status === 201 ? JSON.parse(text) : {};
    if (told) fill(where, told, answer);
    else write(where, '');
    return answer;
  } catch {
    where.dataset.failed = '';
    write(where, say('no answer.post'));
    return null;
  }
}

// What went wrong is forgotten when its cause has gone: the server is heard again.
export function recovered(where) {
  if (!('failed' in where.dataset)) return;
  delete where.dataset.failed;
  write(where, '');
}
