// The page's side of each technique, complete: as short as it can be and still lose nothing. Each
// function reads a channel of the hub and calls `show` with every message, in order.

const pause = ms => new Promise(resolve => setTimeout(resolve, ms));
// After a failure. A part of it is chance, so that not all pages come back in the same moment.
const aWhile = () => 1000 + 4000 * Math.random();

async function poll(channel, show) {
  for (let after = '';;) {
    try {
      const answer = await fetch(`${channel}/poll?after=${after}`, { cache: 'no-store' });
      const news = await answer.json();
      news.messages.forEach(show);
      after = news.id;
    } catch { /* asked again in a second */ }
    await pause(1000);
  }
}

async function longPoll(channel, show) {
  for (let after = '';;) {
    try {
      const answer = await fetch(`${channel}/long-poll?after=${after}`, { cache: 'no-store' });
      if (answer.status === 204) continue; // no news for 25 seconds
      const news = await answer.json();
      news.messages.forEach(show);
      after = news.id;
    } catch {
      await pause(aWhile());
    }
  }
}

function iframe(channel, show) {
  let after = '', heard = 0;
  const frame = document.createElement('iframe');
  frame.hidden = true;
  const open = () => {
    heard = Date.now();
    frame.src = `${channel}/iframe?after=${after}`;
  };
  window.push = message => { heard = Date.now(); after = message.id; show(message); };
  window.missed = window.heartbeat = () => { heard = Date.now(); };
  // The document has ended. When it is cut, no event says so in most browsers.
  frame.onload = () => setTimeout(open, aWhile());
  setInterval(() => { if (Date.now() - heard > 40_000) open(); }, 5000);
  open();
  document.body.append(frame);
}

async function fetchStream(channel, show) {
  for (let after = '';;) {
    try {
      const answer = await fetch(`${channel}/stream?after=${after}`, { cache: 'no-store' });
      const reader = answer.body.getReader(), decoder = new TextDecoder();
      for (let rest = '';;) {
        const { done, value } = await reader.read();
        if (done) break; // what is left is no whole line
        const lines = (rest + decoder.decode(value, { stream: true })).split('\n');
        rest = lines.pop();
        for (const message of lines.map(line => JSON.parse(line))) {
          if (message.id) { after = message.id; show(message); } // or a heartbeat
        }
      }
    } catch { /* the connection is gone */ }
    await pause(aWhile());
  }
}

function eventSource(channel, show, after = '') {
  const source = new EventSource(`${channel}/events?after=${after}`);
  source.onmessage = event => { after = event.lastEventId; show(JSON.parse(event.data)); };
  source.onerror = () => {
    if (source.readyState !== EventSource.CLOSED) return; // the browser comes back by itself
    setTimeout(() => eventSource(channel, show, after), aWhile());
  };
}

function webSocket(channel, show, after = '') {
  const url = new URL(`${channel}/ws?after=${after}`, location.href);
  const socket = new WebSocket(url.href.replace('http', 'ws'));
  socket.onmessage = event => {
    const message = JSON.parse(event.data);
    if (message.id) { after = message.id; show(message); } // or a heartbeat
  };
  socket.onclose = () => setTimeout(() => webSocket(channel, show, after), aWhile());
}
