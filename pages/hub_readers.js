// The ways to read the hub, a function each. Each goes on after a cut by its own means: a number in
// the URL, Last-Event-ID, or both. A reader tells its panel what happens, and ends when `signal`
// says.

import { element } from './page.js';
import { linesOf } from './streams.js';
import { BackOff, pause } from './wait.js';
import { say } from './words.js';

// In the order of the course. The mark is a shape as well as a colour: whoever cannot tell the
// colours apart can tell the shapes. `holds`: whether it keeps one of the browser's six
// connections.
export const techniques = [
  { key: 'poll', read: poll, mark: 'M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0z' },
  { key: 'long-poll', read: longPoll, holds: true, mark: 'M-4.2-4.2h8.4v8.4h-8.4z' },
  { key: 'iframe', read: iframe, holds: true, mark: 'M0-5.2L5.4 4.4H-5.4z' },
  { key: 'stream', read: fetchStream, holds: true, mark: 'M-5-4.6H5v3.4H-5zM-5 1.2H5v3.4H-5z' },
  { key: 'events', read: eventSource, holds: true, mark: 'M0-5.6L5.6 0L0 5.6L-5.6 0z' },
  { key: 'ws', read: webSocket, mark: 'M-2-5.4h4V-2h3.4v4H2v3.4h-4V2h-3.4v-4H-2z' },
].map(technique => ({ ...technique, name: say(`name.${technique.key}`) }));

const EVERY = 1000; // the pause between two polls, in milliseconds
const SOON = 10_000; // a poll is answered at once
const PATIENCE = 40_000; // a long poll is answered after 25 s at the latest
const RECONNECT = 3000; // an EventSource waits 2 to 4 s: its `retry`, which no script is shown

async function poll(panel, signal) {
  const backOff = new BackOff();
  while (!signal.aborted) {
    try {
      panel.asks();
      panel.answered(await ask(panel, signal, SOON));
      panel.says('open', say('asking', { seconds: EVERY / 1000 }));
      backOff.reset();
      await pause(EVERY, undefined, signal);
    } catch (error) {
      await askAgain(panel, signal, backOff, error);
    }
  }
}

async function longPoll(panel, signal) {
  const backOff = new BackOff();
  while (!signal.aborted) {
    const begun = Date.now();
    const show = () =>
      panel.says('waiting', say('held', { seconds: Math.round((Date.now() - begun) / 1000) }));
    const timer = setInterval(show, 1000);
    try {
      panel.asks();
      show();
      panel.answered(await ask(panel, signal, PATIENCE)); // null: nothing in 25 s
      backOff.reset();
    } catch (error) {
      clearInterval(timer);
      await askAgain(panel, signal, backOff, error);
    } finally {
      clearInterval(timer);
    }
  }
}

async function ask(panel, signal, limit) {
  const either = AbortSignal.any([signal, AbortSignal.timeout(limit)]);
  const response = await fetch(panel.url(), { cache: 'no-store', signal: either })
    .catch(error => { throw new Error(reason(error, limit)); });
  if (response.status === 204) return null;
  if (!response.ok) throw new Error(say('status', { status: response.status }));
  return await response.json();
}

const reason = ({ name, message }, limit) => name === 'TypeError' ? say('no answer')
  : name === 'TimeoutError' ? say('no answer in', { seconds: limit / 1000 }) : message;

async function askAgain(panel, signal, backOff, { message }) {
  if (signal.aborted) return;
  panel.ended();
  await pause(backOff.next(),
    left => panel.says('reconnecting', say('asking in', { reason: message, left })), signal);
}

async function iframe(panel, signal) {
  const backOff = new BackOff();
  // A page is complete when its frames are, and this one never is: it must not hold back the page's
  // own `load`.
  if (document.readyState !== 'complete') {
    await new Promise(loaded => window.addEventListener('load', () => setTimeout(loaded)));
  }
  while (!signal.aborted) {
    const opened = Date.now(), frame = element('iframe');
    let signs = 0;
    const sign = () => { signs += 1; panel.signs(); };
    // The scripts in the frame call these. They can, because frame and page have one origin.
    window.push = message => { sign(); panel.hears(message); };
    window.missed = count => { sign(); panel.misses(count); };
    window.heartbeat = sign;
    frame.hidden = true;
    frame.title = say('iframe.title');
    panel.asks();
    panel.says('waiting', say('loading'));
    await new Promise(over => {
      // `load`: the document is complete. The server ends it now and then, since the browser keeps
      // all of it. A document that is cut in the middle raises no event at all: the silence tells.
      frame.addEventListener('load', over);
      signal.addEventListener('abort', over);
      panel.watches(over, say('goes on'));
      frame.src = panel.url();
      document.body.append(frame);
    });
    frame.remove();
    if (signal.aborted) return;
    panel.ended();
    if (signs > 0 && Date.now() - opened > 1000) backOff.reset();
    else await comeBack(panel, signal, backOff, left => say('no stream', { left }));
  }
}

async function fetchStream(panel, signal) {
  const backOff = new BackOff();
  while (!signal.aborted) {
    const quiet = new AbortController();
    panel.asks();
    panel.says('waiting', say('connecting'));
    panel.watches(() => quiet.abort());
    let words;
    try {
      const either = AbortSignal.any([signal, quiet.signal]);
      const response = await fetch(panel.url(), { cache: 'no-store', signal: either });
      if (!response.ok) throw new Error(say('status', { status: response.status }));
      panel.signs();
      backOff.reset();
      for await (const line of linesOf(response.body)) hear(panel, JSON.parse(line));
      words = left => say('no stream', { left });
    } catch (error) {
      words = left => quiet.signal.aborted ? say('quiet.again', { left })
        : say('asking in', { reason: reason(error), left });
    }
    if (signal.aborted) return;
    panel.ended();
    // It does not come back by itself either.
    await comeBack(panel, signal, backOff, words);
  }
}

async function eventSource(panel, signal) {
  const backOff = new BackOff();
  while (!signal.aborted) {
    const source = new EventSource(panel.url());
    let back = new AbortController(), asked = true;
    panel.asks();
    panel.says('waiting', say('connecting'));
    await new Promise(over => {
      signal.addEventListener('abort', over);
      panel.watches(over);
      source.onopen = () => {
        back.abort();
        backOff.reset();
        if (!asked) panel.asks(); // the browser asked, and told nobody
        asked = true;
        panel.watches(over);
        panel.signs();
      };
      source.onmessage = ({ data }) => panel.hears(JSON.parse(data));
      source.addEventListener('reset', ({ data }) => panel.misses(JSON.parse(data).missed));
      source.addEventListener('heartbeat', () => panel.signs());
      source.onerror = () => {
        panel.ended();
        asked = false;
        if (source.readyState === EventSource.CLOSED) return over();
        // The browser comes back by itself, and says in Last-Event-ID how far it got. Here is only
        // the countdown.
        back.abort();
        const mine = back = new AbortController();
        pause(RECONNECT, left => panel.says('reconnecting', say('reconnecting', { left })),
          mine.signal).then(() => {
          if (mine.signal.aborted || signal.aborted) return;
          panel.says('reconnecting', say('reconnecting.now'));
          panel.watches(over);
        });
      };
    });
    back.abort();
    const gaveUp = source.readyState === EventSource.CLOSED;
    source.close();
    if (signal.aborted) return;
    panel.ended();
    await comeBack(panel, signal, backOff,
      left => say(gaveUp ? 'given up' : 'quiet.again', { left }));
  }
}

async function webSocket(panel, signal) {
  const backOff = new BackOff();
  while (!signal.aborted) {
    const url = new URL(panel.url(), location.href);
    url.protocol = location.protocol === 'https:' ? 'wss' : 'ws';
    const socket = panel.socket = new WebSocket(url);
    panel.asks();
    panel.says('waiting', say('handshake'));
    let wasOpen = false;
    const code = await new Promise(over => {
      signal.addEventListener('abort', () => over(1000));
      panel.watches(() => over(null));
      socket.onopen = () => {
        wasOpen = true;
        backOff.reset();
        panel.signs();
      };
      socket.onmessage = ({ data }) => hear(panel, JSON.parse(data));
      socket.onclose = event => over(event.code);
    });
    socket.onclose = socket.onmessage = null;
    // Closed before it is open, a socket complains on the console.
    if (socket.readyState === WebSocket.CONNECTING) socket.onopen = () => socket.close();
    else socket.close();
    if (signal.aborted) return;
    panel.ended();
    // It does not come back by itself.
    await comeBack(panel, signal, backOff, left =>
      code === null ? say('quiet.again', { left }) : !wasOpen ? say('not upgraded', { left })
        : say('closed.again', { code, left }));
  }
}

function hear(panel, said) {
  if (said.id) panel.hears(said);
  else if ('missed' in said) panel.misses(said.missed);
  else if (said.published) panel.hub.raced(said.published);
  else if (said.refused) panel.hub.wrong(said.refused);
  else panel.signs();
}

async function comeBack(panel, signal, backOff, words) {
  await pause(backOff.next(), left => panel.says('reconnecting', words(left)), signal);
}
