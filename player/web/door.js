// Presses that must not be lost: who came, who went, how many guests, what was said of a drawn name.
//
// Each press is kept with the moment it was made and delivered in order, now or when the link is back; the server is
// told how long ago it was. Knows no page: `told(press)` hears of each that arrived, `refused(press, message)` of each
// that was turned away, `waiting(count)` how many are kept for want of a link.

const KEPT = "yuanjiao:door:";
const AGAIN_MS = 4000;
const LONGEST_MS = 12 * 3600_000;

// A clock that runs on and is not set, also over a page that is loaded again.
const clock = () => performance.timeOrigin + performance.now();

export class Door {
  constructor(room, { told = () => {}, refused = () => {}, waiting = () => {} } = {}) {
    Object.assign(this, { base: `/api/v1/playback/${room}`, key: KEPT + room, told, refused, waiting });
    this.queue = read(this.key).filter((press) => clock() - press.at < LONGEST_MS);
    addEventListener("online", () => this.flush());
    this.flush();
  }

  // `what` names the press: of two unsent ones of the same name that follow each other, the later says it all only when
  // `last` is set (a count); who came and went again did both.
  press(method, path, body, { what = "", last = false } = {}) {
    const before = this.queue.at(-1);
    if (last && before?.what === what && this.queue.length > (this.sending ? 1 : 0)) this.queue.pop();
    this.queue.push({ method, path, body, what, at: clock() });
    this.keep();
    this.flush();
  }

  // Resolves when nothing waits, or the link is away.
  flush() {
    this.sending ??= this.send().finally(() => (this.sending = null));
    return this.sending;
  }

  async send() {
    clearTimeout(this.retry);
    while (this.queue.length) {
      const press = this.queue[0];
      const ago_ms = Math.round(Math.max(0, clock() - press.at));
      const answer = await ask(press.method, this.base + press.path, { ...press.body, ago_ms });
      const later = !answer.status || answer.status >= 500 || answer.status === 429 || answer.status === 401;
      if (later) {
        this.retry = setTimeout(() => this.flush(), AGAIN_MS);
        return this.waiting(this.queue.length);
      }
      this.queue.shift();
      this.keep();
      if (answer.ok) this.told(press, answer.body);
      else this.refused(press, answer.body?.message ?? "没有记上，请再按一次");
    }
    this.waiting(0);
  }

  keep() {
    try {
      if (this.queue.length) localStorage.setItem(this.key, JSON.stringify(this.queue));
      else localStorage.removeItem(this.key);
    } catch {
      // Without storage the presses live in memory only.
    }
  }
}

function read(key) {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? [];
  } catch {
    return [];
  }
}

// Send JSON; never throws. `status` 0 means no answer came.
export async function ask(method, url, body) {
  const giveUp = new AbortController();
  const timer = setTimeout(() => giveUp.abort(), 15_000);
  const json = body === undefined ? {} : { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  try {
    const response = await fetch(url, { method, credentials: "same-origin", signal: giveUp.signal, ...json });
    const text = await response.text();
    return { ok: response.ok, status: response.status, body: text ? JSON.parse(text) : null };
  } catch {
    return { ok: false, status: 0, body: null };
  } finally {
    clearTimeout(timer);
  }
}
