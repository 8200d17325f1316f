// Reads a channel by every technique with what Node's users have: `fetch`, `eventsource`, `ws`.
//
// `node client.js CHANNEL AFTER` prints a line for each thing that comes, the technique, a tab and
// its JSON, and on standard error the technique each time that it was cut. Each technique publishes
// a message of its own first, and ends with the message "the end".

import { EventSource } from 'eventsource';
import { WebSocket } from 'ws';

const [channel, first] = process.argv.slice(2);
const pause = () => new Promise((resolve) => setTimeout(resolve, 20));
const cut = (technique) => console.error(technique);

/** Prints it. Returns the id to go on after, if it has one, and whether it was the end. */
function took(technique, text) {
  console.log(`${technique}\t${text}`);
  const came = JSON.parse(text);
  const messages = came.messages ?? [came];
  return [came.id, messages.some((message) => message.data === 'the end')];
}

async function publish(technique) {
  const body = `Node says 你好 👋 by ${technique}`;
  const answer = await fetch(`${channel}/publish`, { method: 'POST', body });
  if (!answer.ok) throw new Error(await answer.text());
}

async function polls(technique) {
  await publish(technique);
  let [after, ended] = [first, false];
  while (!ended) {
    try {
      const answer = await fetch(`${channel}/${technique}?after=${after}`);
      if (answer.status === 200) [after, ended] = took(technique, await answer.text());
    } catch {
      cut(technique);
    }
    await pause();
  }
}

/** The answer that goes on, as a page reads it: pieces, characters and lines are put together. */
async function stream() {
  await publish('stream');
  let after = first;
  for (;;) {
    try {
      const answer = await fetch(`${channel}/stream?after=${after}`);
      let rest = '';
      for await (const text of answer.body.pipeThrough(new TextDecoderStream())) {
        const lines = (rest + text).split('\n');
        rest = lines.pop();
        for (const line of lines) {
          const [id, ended] = took('stream', line);
          if (ended) return;
          after = id ?? after;
        }
      }
    } catch {
      // It goes on below.
    }
    cut('stream');
    await pause();
  }
}

/** It comes back by itself, and says where it was. */
async function events() {
  await publish('events');
  const source = new EventSource(`${channel}/events?after=${first}`);
  await new Promise((resolve, reject) => {
    source.onmessage = ({ data, lastEventId }) => {
      const [id, ended] = took('events', data);
      if (id !== lastEventId) reject(new Error(`${lastEventId} is the id of ${data}`));
      if (ended) resolve();
    };
    source.onerror = () => {
      if (source.readyState === EventSource.CLOSED) reject(new Error('it has given up'));
      cut('events');
    };
  });
  source.close();
}

async function webSocket() {
  let after = first;
  let said = false;
  for (let ended = false; !ended; await pause()) {
    const socket = new WebSocket(`${channel.replace('http', 'ws')}/ws?after=${after}`);
    socket.on('open', () => {
      if (!said) socket.send('Node says 你好 👋 by ws');
      said = true;
    });
    socket.on('message', (data) => {
      const [id, last] = took('ws', data.toString());
      after = id ?? after;
      ended = last;
      if (ended) socket.close();
    });
    socket.on('error', () => {});
    await new Promise((resolve) => socket.on('close', resolve));
    if (!ended) cut('ws');
  }
}

await Promise.all([polls('poll'), polls('long-poll'), stream(), events(), webSocket()]);
process.exit(0);
