// WebSocket frames: bytes as people write them, the figure of RFC 6455 §5.2, unmasking step by
// step.

import { element, labelled, write } from './page.js';
import { has, say } from './words.js';

export const hex = byte => byte.toString(16).padStart(2, '0');
export const binary = byte => byte.toString(2).padStart(8, '0');
export const hexOf = bytes => [...new Uint8Array(bytes)].map(hex).join(' ');

// `00 ff` as bytes, or null where it is not that.
export function bytesOf(text) {
  const digits = text.replace(/\s+/g, '');
  if (!/^([0-9a-f]{2})*$/i.test(digits)) return null;
  return Uint8Array.from(digits.match(/../g) ?? [], pair => parseInt(pair, 16));
}

// What bytes are as text; what is not printable is a dot.
export function textOf(bytes) {
  return new TextDecoder().decode(bytes).replace(/\r/g, '\\r').replace(/\n/g, '\\n')
    .replace(/[\u0000-\u001f\u007f-\u009f]/g, '·');
}

// Under the first byte of each character the character, under the others nothing.
export function lettersOf(bytes) {
  const decoder = new TextDecoder(), letters = [];
  let waiting = 0;
  for (const byte of bytes) {
    const text = decoder.decode(Uint8Array.of(byte), { stream: true });
    letters.push('');
    if (text) letters[letters.length - 1 - waiting] = textOf(new TextEncoder().encode(text));
    waiting = text ? 0 : waiting + 1;
  }
  return letters;
}

// RFC 6455 §7.4.1, and the ranges of §7.4.2.
export function closeMeaning(code) {
  if (has(`close.${code}`)) return say(`close.${code}`);
  if (code >= 4000) return say('close.private');
  return say(code >= 3000 ? 'close.registered' : 'close.undefined');
}

// ── The figure ───────────────────────────────────────────────────────────────────────────────────

// A grid of 32 bits a row, or 16 where the window is narrow. A field has a name and either bits
// (`{ bits: '0001', below, title }`) or bytes (`{ bytes: [0x48], below: i => 'H' }`); a byte that
// is not known is null.
export function drawFrame(direction, fields) {
  const grid = element('div', `bitgrid ${direction}`);
  labelled(grid, fields.map(inWords).join(', '), 'img'); // read bit by bit it would say nothing
  for (let i = 0; i < 32; i++) grid.append(element('i', i >= 16 ? 'far' : '', i));
  grid.append(...fields.flatMap(field => 'bits' in field ? bitBox(field) : byteBoxes(field)));
  return grid;
}

const inWords = ({ name, bits, bytes, title }) =>
  `${name} ${bits ?? bytes.map(byte => byte === null ? '??' : hex(byte)).join(' ')} ${title ?? ''}`;

function bitBox({ name, label = name, bits, below = '', title }) {
  const row = element('b', '', ...[...bits].map(bit => element('span', '', bit)));
  return box({ size: bits.length, name, label, title: `${name}: ${title}` },
    row, element('em', '', below));
}

function byteBoxes({ name, label = name, bytes, below = () => '' }) {
  return bytes.map((byte, i) => box(
    { size: 8, name, label: i ? '' : label, title: byte === null ? name : binary(byte) },
    element('b', '', byte === null ? '??' : hex(byte)), element('em', '', below(i, byte))));
}

function box({ size, name, label, title }, ...inside) {
  const made = element('div', '', ...(label ? [element('small', '', label)] : []), ...inside);
  made.dataset.field = name;
  made.style.setProperty('--bits', size);
  made.title = title;
  return made;
}

// ── Unmasking ────────────────────────────────────────────────────────────────────────────────────

const UNMASKED = 32; // bytes that are unmasked step by step

// Byte i of the payload, exclusive or with byte i mod 4 of the key (RFC 6455 §5.3): a step at a
// time.
export function drawUnmasking(masked, clear, key) {
  const shown = Math.min(masked.length, UNMASKED), letters = lettersOf(clear);
  const sum = element('pre', 'sum'), where = element('span', 'where');
  where.setAttribute('aria-live', 'polite');
  const columns = Array.from({ length: shown }, (_, i) => {
    const cells = { masked: hex(masked[i]), key: hex(key[i % 4]), clear: hex(clear[i]) };
    const spans = Object.entries(cells).map(([name, text]) => element('span', name, text));
    const column = button(say('byte', { i }), () => go(i), ...spans,
      element('span', 'letter', letters[i]));
    column.tabIndex = -1;
    return column;
  });
  let at = 0;
  const go = i => {
    at = (i + shown) % shown;
    columns.forEach((column, n) => column.toggleAttribute('data-now', n === at));
    write(where, `i = ${at}, ${at} mod 4 = ${at % 4}`);
    sum.replaceChildren(...step(at, masked, clear, key, letters));
  };
  const names = ['payload', 'key', 'XOR', say('text')].map(name => element('span', '', name));
  const made = element('div', 'unmasking',
    element('h4', '', say('unmasking')),
    element('div', 'steps', button(say('byte.before'), () => go(at - 1), '‹'),
      button(say('byte.next'), () => go(at + 1), '›'), where),
    sum, element('div', 'cells', element('div', 'names', ...names), ...columns));
  if (masked.length > shown) {
    made.append(element('p', 'note', say('unmasking.first', { shown, of: masked.length })));
  }
  if (shown) go(0);
  return made;
}

function step(at, masked, clear, key, letters) {
  const line = (name, kind, byte) => [name.padEnd(12),
    element('b', kind, `${hex(byte)}  ${binary(byte).replace(/(....)/, '$1 ')}`)];
  const character = letters[at] || letters.slice(0, at).findLast(Boolean) || '';
  const n = new TextEncoder().encode(character).length;
  const words = say(letters[at] ? 'unmasking.letter' : 'unmasking.still', { n, character });
  return [
    ...line(`payload[${at}]`, 'masked', masked[at]), '\n',
    ...line(`key[${at % 4}]`, 'key', key[at % 4]), '\n',
    ...line('XOR', 'clear', clear[at]), `  ${words}`,
  ];
}

function button(label, click, ...inside) {
  const made = labelled(element('button', '', ...inside), label);
  made.type = 'button';
  made.addEventListener('click', click);
  return made;
}
