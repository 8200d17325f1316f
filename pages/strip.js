// The last seconds as a graph of arrows: the server is the line above, the browser the line below,
// and now is at the right. A band means that something is open between them: a request without its
// answer yet, a stream, a socket.

import { byId } from './page.js';
import { say } from './words.js';

export class Strip {
  exchanges = [];
  drawn = 0;

  constructor(seconds = 20, canvas = byId('strip')) {
    Object.assign(this, { seconds, canvas });
    everyFrame(40, now => this.draw(now));
  }

  // Something opens: a request goes up. Everything else is said to what this returns.
  open() {
    const exchange = {
      from: performance.now(), to: null, failed: false, arrows: [],
      add(up, faint) { this.arrows.push({ at: performance.now(), up, faint }); return this; },
      up(faint = false) { return this.add(true, faint); },
      down(faint = false) { return this.add(false, faint); },
      end(failed = false) {
        this.to ??= performance.now();
        this.failed ||= failed;
        return this;
      },
    };
    this.exchanges.push(exchange);
    return exchange.up();
  }

  draw(now) {
    const drawing = prepared(this.canvas);
    if (!drawing) return;
    const { g, width, height, colour } = drawing;
    const left = 58, right = width - 10, top = 12.5, bottom = height - 26.5;
    const x = at => right - (now - at) / (this.seconds * 1000) * (right - left);
    this.drawGrid(drawing, { left, right, top, bottom }, x, now);

    g.save();
    g.beginPath();
    g.rect(left, 0, right - left + 8, height);
    g.clip();
    const oldest = now - this.seconds * 1000;
    this.exchanges = this.exchanges.filter(e => e.to === null || e.to > oldest);
    g.fillStyle = colour('--down-tint');
    for (const e of this.exchanges) {
      e.arrows = e.arrows.filter(a => a.at > oldest);
      const from = Math.max(left, x(e.from)), to = x(e.to ?? now);
      g.fillRect(from, top, Math.max(0, to - from), bottom - top);
    }
    g.strokeStyle = colour('--ink');
    line(g, left, top, right, top);
    line(g, left, bottom, right, bottom);
    for (const e of this.exchanges) {
      for (const { at, up, faint } of e.arrows) {
        g.globalAlpha = faint ? 0.4 : 1;
        arrow(g, x(at), up ? bottom : top, up ? top : bottom, colour(up ? '--up' : '--down'));
      }
      g.globalAlpha = 1;
      g.strokeStyle = colour('--bad');
      if (e.failed) cross(g, x(e.to), (top + bottom) / 2, 5);
    }
    g.restore();
  }

  // Four parts, and the names of the two sides.
  drawGrid({ g, height, colour }, { left, right, top, bottom }, x, now) {
    g.lineWidth = 1;
    g.textBaseline = 'alphabetic';
    for (let s = 0; s <= this.seconds; s += this.seconds / 4) {
      const at = Math.round(x(now - s * 1000)) + 0.5;
      g.strokeStyle = colour('--rule');
      line(g, at, top, at, bottom);
      g.fillStyle = colour('--soft');
      g.textAlign = s ? 'center' : 'right';
      const words = s ? say('strip.ago', { seconds: s }) : say('strip.now');
      g.fillText(words, s ? at : right + 8, height - 8);
    }
    g.textAlign = 'left';
    g.textBaseline = 'middle';
    g.fillText(say('strip.server'), 0, top);
    g.fillText(say('strip.browser'), 0, bottom);
  }
}

// ── Drawing on a canvas ──────────────────────────────────────────────────────────────────────────

// Calls `draw` at most every `ms`, and once a second for a visitor who prefers stillness.
export function everyFrame(ms, draw) {
  const calm = matchMedia('(prefers-reduced-motion: reduce)');
  let drawn = 0;
  const next = now => {
    if (now - drawn >= (calm.matches ? 1000 : ms)) {
      drawn = now;
      draw(now);
    }
    requestAnimationFrame(next);
  };
  requestAnimationFrame(next);
}

// An empty canvas as sharp as the screen, and the page's colours; null while it cannot be seen.
export function prepared(canvas) {
  const { clientWidth: width, clientHeight: height } = canvas, ratio = devicePixelRatio;
  if (!width) return null;
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
  const style = getComputedStyle(canvas), colour = name => style.getPropertyValue(name);
  const g = canvas.getContext('2d');
  g.setTransform(ratio, 0, 0, ratio, 0, 0);
  g.clearRect(0, 0, width, height);
  g.font = `11px ${colour('--sans')}`;
  return { g, width, height, colour };
}

export function line(g, x1, y1, x2, y2) {
  g.beginPath();
  g.moveTo(x1, y1);
  g.lineTo(x2, y2);
  g.stroke();
}

export function cross(g, x, y, r, width = 2) {
  g.lineWidth = width;
  line(g, x - r, y - r, x + r, y + r);
  line(g, x - r, y + r, x + r, y - r);
  g.lineWidth = 1;
}

function arrow(g, x, from, to, colour) {
  const point = Math.sign(to - from) * 6;
  g.strokeStyle = g.fillStyle = colour;
  g.lineWidth = 1.5;
  // An answer stands a little to the right of its question, or the one would hide the other.
  x += from > to ? -1.5 : 1.5;
  line(g, x, from, x, to - point);
  g.beginPath();
  g.moveTo(x, to);
  g.lineTo(x - 3.5, to - point);
  g.lineTo(x + 3.5, to - point);
  g.fill();
  g.lineWidth = 1;
}
