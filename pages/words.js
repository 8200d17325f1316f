// The page's language. Whatever a visitor reads stands in words.en.txt and words.zh.txt, an entry
// a text, and reaches the page through `say` and `fill`. What crosses the wire is never translated.
//
// In an entry, {name} is a value, `…` is code, and what stands before a | is for exactly one {n}.
// A text of one lesson has its name before it, as in `polling.title`; the others are for all.

const stored = 'push-by-hand-language';
const preferred = (navigator.languages ?? [navigator.language])
  .map(tag => tag.slice(0, 2).toLowerCase()).find(tag => tag === 'en' || tag === 'zh');

export const language = remembered() ?? preferred ?? 'en';
// How this language writes numbers and times: as the visitor's own variant of it does, if any.
export const locale = navigator.languages?.find(tag => tag.startsWith(language)) ??
  { en: 'en', zh: 'zh-CN' }[language];
export const { lesson } = document.body.dataset;

const file = new URL(`words.${language}.txt`, import.meta.url);
const table = read(await (await fetch(file)).text());

function remembered() {
  try {
    return localStorage.getItem(stored);
  } catch {
    return null; // a browser that stores nothing for this page
  }
}

// The other language, from now on. The page begins anew: what it has counted was on this one.
export function switchLanguage() {
  try {
    localStorage.setItem(stored, language === 'en' ? 'zh' : 'en');
  } finally {
    location.reload();
  }
}

function read(text) {
  const between = language === 'zh' ? '' : ' '; // what the end of a line stands for
  const entries = text.split(/\n(?=\S)/).filter(entry => !entry.startsWith('#'));
  return new Map(entries.map(entry => {
    const colon = entry.indexOf(':');
    return [entry.slice(0, colon), entry.slice(colon + 1).trim().replace(/\s*\n\s+/g, between)];
  }));
}

export const has = key => table.has(`${lesson}.${key}`) || table.has(key);

function lookUp(key, { n }) {
  const text = table.get(`${lesson}.${key}`) ?? table.get(key) ?? key;
  const [one, many = one] = text.split('|');
  return n === 1 ? one : many;
}

export const number = value => value.toLocaleString(locale);
// A code is the name of something and counts nothing: 1000, and not 1,000.
const written = (name, value) =>
  typeof value === 'number' && name !== 'code' ? number(value) : value;

// A text with its values, for what holds no code: a state, a label.
export function say(key, values = {}) {
  return lookUp(key, values).replace(/\{(\w+)\}/g, (_, name) => written(name, values[name]));
}

// Puts a text into an element. A value that is not given is a place for the page's script to fill:
// an empty element with that name as its id.
export function fill(where, key, values = {}) {
  const pieces = lookUp(key, values).split(/(`[^`]*`|\{[\w.]+\})/);
  where.replaceChildren(...pieces.map(piece => piece[0] === '`' ? code(piece.slice(1, -1), values)
    : piece[0] === '{' ? valueOf(piece.slice(1, -1), values) : piece));
  return where;
}

// A line may end anywhere in code but behind the hyphen of a flag: `--` `wire` would be two words.
function code(text, values) {
  const made = document.createElement('code');
  made.append(...text.split(/(\{[\w.]+\}|(?<!\S)-[\w-]+)/).map(piece =>
    piece[0] === '{' ? valueOf(piece.slice(1, -1), values)
      : piece[0] === '-' ? flag(piece) : piece));
  return made;
}

function flag(text) {
  return Object.assign(document.createElement('span'), { className: 'flag', textContent: text });
}

function valueOf(name, values) {
  if (name in values) return written(name, values[name]);
  return Object.assign(document.createElement('span'), { id: name, textContent: '…' });
}

// The texts that stand in the page from the beginning: `data-say` names the text of an element,
// `data-label` the one that is read aloud instead of it.
export function translate(root = document) {
  for (const each of root.querySelectorAll('[data-say]')) fill(each, each.dataset.say);
  for (const each of root.querySelectorAll('[data-label]')) {
    each.setAttribute('aria-label', say(each.dataset.label));
  }
}
