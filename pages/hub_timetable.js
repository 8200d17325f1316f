// The timetable: one lane a technique, the server above and the browser below. A message is a
// stroke between them, from when it was published to when it was here. Both times are wall-clock
// times: on one machine that is one clock.

import { cross, everyFrame, line, prepared } from './strip.js';

export class Timetable {
  constructor(canvas, techniques) {
    this.canvas = canvas;
    this.lanes = techniques.map(({ key, name }) => new Lane(key, name));
    canvas.style.setProperty('--lanes', techniques.length);
    everyFrame(33, () => this.draw());
  }

  lane(key) { return this.lanes.find(lane => lane.key === key); }

  draw() {
    const drawing = prepared(this.canvas);
    if (!drawing) return;
    const { width, height } = drawing, now = Date.now();
    const narrow = width < 600, seconds = narrow ? 10 : 24;
    const left = narrow ? 0 : 120, right = width - 1, foot = 22;
    const oldest = now - seconds * 1000;
    const x = at => right - (now - at) / (seconds * 1000) * (right - left);
    const view = { ...drawing, narrow, left, right, foot, x, now, oldest };
    drawSeconds(view);
    const each = (height - foot) / this.lanes.length, label = narrow ? 18 : 8;
    this.lanes.forEach((lane, i) => {
      lane.forget(oldest - 30_000);
      lane.draw({ ...view, top: i * each + label, bottom: (i + 1) * each - 6 });
    });
  }
}

// Whole seconds of the clock wander to the left with everything else.
function drawSeconds({ g, height, colour, left, right, foot, x, now, oldest }) {
  g.lineWidth = 1;
  g.strokeStyle = colour('--rule');
  g.fillStyle = colour('--soft');
  g.textAlign = 'center';
  g.textBaseline = 'alphabetic';
  for (let at = Math.ceil(oldest / 2000) * 2000; at <= now; at += 2000) {
    const px = Math.round(x(at)) + 0.5;
    line(g, px, 4, px, height - foot + 2);
    const words = `:${String(new Date(at).getSeconds()).padStart(2, '0')}`;
    if (px > left + 12 && px < right - 12) g.fillText(words, px, height - 6);
  }
}

class Lane {
  messages = []; // [published, arrived]
  asked = [];
  cuts = [];
  bands = []; // { from, to }: from the request to the end of its answer

  constructor(key, name) { Object.assign(this, { key, name }); }
  message(published, arrived) { this.messages.push([published, arrived]); }
  asks() {
    this.ends();
    const now = Date.now();
    this.asked.push(now);
    this.bands.push({ from: now, to: null });
  }
  ends() {
    const band = this.bands.at(-1);
    if (band) band.to ??= Date.now();
  }
  cut() { this.cuts.push(Date.now()); }
  forget(oldest) {
    const first = this.messages.findIndex(([, arrived]) => arrived >= oldest);
    if (first > 0) this.messages.splice(0, first);
    while (this.asked.length && this.asked[0] < oldest) this.asked.shift();
    while (this.cuts.length && this.cuts[0] < oldest) this.cuts.shift();
    while (this.bands.length && this.bands[0].to && this.bands[0].to < oldest) this.bands.shift();
  }

  draw(view) {
    const { g, colour, narrow, left, right, top, bottom } = view;
    g.textAlign = 'left';
    g.fillStyle = colour('--ink');
    g.font = `${narrow ? '600 12px' : '600 13px'} ${colour('--sans')}`;
    g.textBaseline = narrow ? 'alphabetic' : 'middle';
    g.fillText(this.name, 0, narrow ? top - 5 : (top + bottom) / 2);
    g.save();
    g.beginPath();
    g.rect(left, top - 4, right - left + 1, bottom - top + 8);
    g.clip();
    this.drawRequests(view);
    this.drawMessages(view);
    this.drawCuts(view);
    g.restore();
    g.lineWidth = 1;
    g.strokeStyle = colour('--edge');
    for (const y of [top, bottom]) line(g, left, Math.round(y) + 0.5, right, Math.round(y) + 0.5);
  }

  drawRequests({ g, colour, left, x, now, top, bottom }) {
    g.fillStyle = colour('--lane');
    for (const { from, to } of this.bands) {
      const begin = Math.max(left, x(from));
      g.fillRect(begin, top, Math.max(0.5, x(to ?? now) - begin), bottom - top);
    }
    // All strokes of one kind in one path: fifty a second on each lane are thousands.
    g.lineWidth = 1;
    g.strokeStyle = colour('--up');
    g.globalAlpha = 0.75;
    g.beginPath();
    for (const at of this.asked) {
      const px = x(at) - 2;
      g.moveTo(px, bottom);
      g.lineTo(px, top);
      g.moveTo(px - 2.5, top + 5);
      g.lineTo(px, top);
      g.lineTo(px + 2.5, top + 5);
    }
    g.stroke();
    g.globalAlpha = 1;
  }

  drawMessages({ g, colour, x, top, bottom }) {
    g.lineWidth = 1.75;
    g.strokeStyle = g.fillStyle = colour(`--of-${this.key}`);
    g.beginPath();
    for (const [published, arrived] of this.messages) {
      g.moveTo(x(published), top);
      g.lineTo(x(arrived), bottom);
    }
    g.stroke();
    g.beginPath();
    for (const [, arrived] of this.messages) {
      const px = x(arrived);
      g.moveTo(px + 2.5, bottom);
      g.arc(px, bottom, 2.5, 0, 7);
    }
    g.fill();
  }

  drawCuts({ g, colour, x, top, bottom }) {
    for (const at of this.cuts) {
      for (const [name, width] of [['--ground', 6], ['--bad', 2.5]]) {
        g.strokeStyle = colour(name);
        cross(g, x(at), (top + bottom) / 2, 6, width);
      }
    }
  }
}
