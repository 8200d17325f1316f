// What every page has: a head with its state, a title, a list of messages, its own script, a foot.
// A lesson's page names itself in <body data-lesson="…">, writes its rows in <main>, and imports
// this. Nothing here talks to a server: that is each page's own script, and it is the lesson.

import { chapters } from './chapters.js';
import { fill, language, lesson, number, say, switchLanguage, translate } from './words.js';

export const byId = id => document.getElementById(id);
export const chosen = id => document.querySelector(`#${id} :checked`).value;

// Text only ever enters the page as text: what a server sends is never read as HTML.
export function element(name, className, ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children.map(child => child instanceof Node ? child : String(child)));
  return made;
}

export function svgElement(name, attributes = {}, ...children) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

export const labelled = (made, label, role) => {
  made.setAttribute('aria-label', label);
  if (role) made.setAttribute('role', role);
  return made;
};

// Text that is already there is left alone: a page that changes nothing costs nothing.
export function write(where, text) {
  if (where.textContent !== text) where.textContent = text;
  return where;
}

export function showFigure(id, value) {
  write(byId(id), typeof value === 'number' ? number(value) : value);
}

export const showFigures = figures => Object.entries(figures).forEach(each => showFigure(...each));

// kind: open | waiting | reconnecting | closed. The text may change each second; a screen reader is
// told only when the kind changes.
export function showState(kind, text, where = byId('state')) {
  const changed = where.dataset.state !== kind;
  if (changed) where.dataset.state = kind;
  write(where, text);
  if (changed && where.id === 'state') write(byId('spoken'), text);
}

// ── The frame around the lesson ──────────────────────────────────────────────────────────────────

function masthead() {
  const other = element('button', 'language', say('language'));
  other.type = 'button';
  other.lang = language === 'en' ? 'zh' : 'en';
  other.addEventListener('click', switchLanguage);
  const state = element('p', 'state', say('starting'));
  Object.assign(state, { id: 'state' }).dataset.state = 'waiting';
  const spoken = element('p', 'unseen');
  spoken.id = 'spoken';
  spoken.setAttribute('role', 'status');
  return element('header', 'masthead', wordmark(), other, state, spoken);
}

function wordmark() {
  const at = chapters.indexOf(lesson) + 1;
  const chapter = element('a', '', say('chapter', { at, of: chapters.length }));
  chapter.href = chapterFile();
  return element('p', 'wordmark', element('b', '', 'push by hand'), ' ', chapter);
}

function chapterFile() {
  const at = String(chapters.indexOf(lesson) + 1).padStart(2, '0');
  return `/docs/${language === 'zh' ? 'zh/' : ''}${at}-${lesson}.md`;
}

function title() {
  document.title = `${say('title')} · push by hand`;
  return element('div', 'title',
    element('h1', '', say('title')), fill(element('p', 'idea'), 'idea'));
}

function rail() {
  const list = labelled(element('ol', 'log'), say('messages.label'));
  Object.assign(list, { id: 'messages', tabIndex: 0 }).dataset.count = 0;
  list.dataset.empty = say('nothing yet');
  const legend = fill(element('span', 'legend'), document.body.dataset.legend);
  return element('section', 'rail', element('h2', '', say('messages'), ' ', legend), list);
}

// What stands between the lines `// [heart]` and `// [end]` of the page's script: what is shown is
// what runs.
function heart() {
  const script = document.querySelector('script[type="module"]').textContent;
  const [, text] = script.match(/\/\/ \[heart\]\n([\s\S]*?)\n\s*\/\/ \[end\]/) ?? [];
  if (!text) return [];
  const shown = labelled(element('pre', ''), say('script.label'), 'region');
  shown.tabIndex = 0;
  for (const line of text.split('\n')) {
    const [, code, remark = ''] = line.match(/^(.*?)(\/\/ .*)?$/);
    shown.append(code, element('span', 'remark', remark), '\n');
  }
  return [element('section', 'row', element('h2', '', say('script')), shown)];
}

function foot() {
  const chapter = element('a', '', element('code', '', chapterFile().slice(1)));
  chapter.href = chapterFile();
  const program = document.body.dataset.program ?? `src/bin/${lesson}.rs`;
  const facts = [
    ['foot.chapter', chapter],
    ['foot.program', element('code', '', program)],
    ['foot.page', element('code', '', `pages/${lesson}.html`)],
    ['foot.wire', element('code', '', `cargo run --bin ${lesson} -- --wire`)],
  ];
  return element('footer', 'foot', element('dl', '', ...facts.map(([key, value]) =>
    element('div', '', element('dt', '', say(key)), element('dd', '', value)))));
}

function furnish() {
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  const main = document.querySelector('main');
  // The hub's page has no list of messages: it has a panel for each technique.
  if (document.body.dataset.legend) {
    const rows = element('div', '', ...main.children, ...heart());
    main.append(element('div', 'columns', rows, rail()));
  }
  main.prepend(title());
  main.before(masthead());
  main.after(foot());
  for (const { content } of document.querySelectorAll('template')) translate(content);
  translate();
  document.body.dataset.furnished = '';
}

furnish();
