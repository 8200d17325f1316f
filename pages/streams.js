// Answers that go on, read piece by piece with `fetch`.

import { write } from './page.js';
import { say } from './words.js';

// The text of a body, a piece at a time: each is whole characters.
async function* piecesOf(body) {
  const pieces = body.pipeThrough(new TextDecoderStream()).getReader();
  for (let piece = await pieces.read(); !piece.done; piece = await pieces.read()) {
    yield piece.value;
  }
}

// The lines of a body. What the end cuts off is no line.
export async function* linesOf(body) {
  let rest = '';
  for await (const piece of piecesOf(body)) {
    const lines = (rest + piece).split('\n');
    rest = lines.pop();
    yield* lines;
  }
}

// An event stream as text, which an EventSource hides. Shows it as it comes, and leaves after `ms`
// or when `enough` says so. Returns what came.
export async function readStream(url, where, ms, enough = () => false) {
  const leave = new AbortController(), timer = setTimeout(() => leave.abort(), ms);
  let text = '';
  try {
    const response = await fetch(url, {
      signal: leave.signal, cache: 'no-store', headers: { Accept: 'text/event-stream' },
    });
    for await (const piece of piecesOf(response.body)) {
      text += piece;
      write(where, text);
      where.scrollTop = where.scrollHeight;
      if (enough(text)) leave.abort();
    }
  } catch {
    if (!text) write(where, say('no answer'));
  } finally {
    clearTimeout(timer);
  }
  return text;
}
