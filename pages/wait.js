// Waiting: for a while, after an error, and for a sign of life.

// Resolves after `ms`, and says each second how many are left. It asks the clock instead of
// counting its own ticks, since browsers slow the timers of a hidden page down. `signal` ends it
// early.
export function pause(ms, eachSecond = () => {}, signal) {
  const end = performance.now() + ms;
  return new Promise(resolve => {
    let timer;
    const finish = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const tick = () => {
      const left = end - performance.now();
      if (left <= 0 || signal?.aborted) return finish();
      eachSecond(Math.ceil(left / 1000));
      timer = setTimeout(tick, left % 1000 || 1000);
    };
    signal?.addEventListener('abort', finish);
    tick();
  });
}

// 1 s, 2 s, 4 s … 30 s after each failure. Half of it is chance, so that a thousand pages that lost
// the same server do not all come back in the same instant.
export class BackOff {
  constructor(first = 1000, most = 30000) { this.first = this.delay = first; this.most = most; }
  next() {
    const delay = this.delay;
    this.delay = Math.min(delay * 2, this.most);
    return delay / 2 + Math.random() * delay / 2;
  }
  reset() { this.delay = this.first; }
}

// A server that is frozen and a cable that is pulled say nothing, and the browser goes on showing
// an open connection for ever. So the page counts the seconds since the last sign of life: `quiet`
// is told of each, from `early` on, and after `limit` (twice the server's heartbeat) `over` is
// called.
export class Silence {
  constructor({ limit, early = () => 3000, quiet, over }) {
    Object.assign(this, { limit, early, quiet, over });
    this.timer = setInterval(() => this.look(), 1000);
  }
  sign() { this.last = performance.now(); }
  stop() { this.last = null; }
  end() { clearInterval(this.timer); }
  look() {
    if (this.last == null) return;
    const silent = performance.now() - this.last;
    if (silent > this.limit) {
      this.stop();
      this.over();
    } else if (silent > this.early()) {
      this.quiet(Math.round(silent / 1000), this.limit / 1000);
    }
  }
}
