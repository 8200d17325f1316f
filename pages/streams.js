// An event stream as text: an EventSource hides it.

import { write } from './page.js';
import { say } from './words.js';

// Reads a stream with `fetch`, which shows its text as it comes, and leaves after `ms` or when
// `enough` says so. Returns what came.
export async function readStream(url, where, ms, enough = () => false) {
  const leave = new AbortController(), timer = setTimeout(() => leave.abort(), ms);
  let text = '';
  try {
    const response = await fetch(url, {
      signal: leave.signal, cache: 'no-store', headers: { Accept: 'text/event-stream' },
    });
    const pieces = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let piece = await pieces.read(); !piece.done; piece = await pieces.read()) {
      text += piece.value;
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
