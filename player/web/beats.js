// Tells the server where the playhead is, and survives a bad line.
//
// Owns one playback session: begin, beats in rising order, close. A beat that can't be delivered waits in memory and in
// localStorage and is sent again, in order, with how long ago it was made by the running clock of the device: what the
// device believes the date to be is of no matter. What a beat is worth is the server's business; nothing here counts time.
// On a shared device the beats of each account wait under its mark until it is back; another one's are not touched.

import { isHere, owner } from "./owner.js";

const API = "/api/v1/playback";
const KEPT = "yuanjiao:beats:";
const MINE = `${KEPT}${owner}:`;
const LONGEST_WAIT_MS = 30_000;
const FORGOTTEN_AFTER_MS = 7 * 24 * 3600_000;
const STILL_HERE_EVERY_MS = 30_000;
const ABANDONED_AFTER_MS = 150_000; // a page in the background is let do something once a minute
const THIN_TO_MS = 60_000;
const MOST_TOGETHER = 200;

// A clock that no date setting moves while a page is open, and that goes on over a reload.
const clock = () => performance.timeOrigin + performance.now();

export class Beats {
  // `now()` gives {position_ms, playing, rate}; `show(state, totals)` is told "starting", "saved", "offline",
  // "elsewhere", "expired" or "closed".
  constructor({ now, show }) {
    this.now = now;
    this.show = show;
    this.totals = null;
    this.forget();
    setTimeout(() => sendLeftovers(this.id)); // once it is known which session is adopted
    setInterval(() => sendLeftovers(this.id), 60_000);
    // A page that stands still has nothing to report: other pages must see that it is there.
    setInterval(() => this.id && this.keep(), STILL_HERE_EVERY_MS);
    addEventListener("online", () => this.flush());
  }

  // Begin a session; `null` when that didn't work, and `show` has said why. Calls meanwhile share the one attempt.
  begin(body) {
    this.beginning ??= this.tryBegin(body).finally(() => (this.beginning = null));
    return this.beginning;
  }

  // Go on with a session that runs already (a page that was loaded again).
  adopt(id, lastSeq, everySeconds) {
    this.id = String(id);
    const kept = read(MINE + this.id);
    this.queue = kept?.queue ?? [];
    this.seq = Math.max(lastSeq, ...this.queue.map((beat) => beat.seq));
    this.every(everySeconds);
    this.flush();
  }

  // Report the playhead. `jumped` marks the first report of a new stretch: after a start, a seek, a change of speed.
  beat({ jumped = false, leaving = false, ...told } = {}) {
    if (!this.id) return;
    const beat = { seq: ++this.seq, made: clock(), touched: this.touched, ...this.now(), ...told };
    this.touched = false;
    const last = this.queue.at(-1);
    // Unsent reports of one stretch say no more than one a minute does: three hours without a line stay small.
    const waiting = last && this.queue.length > this.flying;
    if (waiting && !jumped && !last.starts && last.playing && beat.made - (this.queue.at(-2)?.made ?? this.savedAt) < THIN_TO_MS) {
      beat.touched ||= last.touched;
      this.queue.pop();
    }
    this.queue.push(jumped ? { ...beat, starts: true } : beat);
    this.keep();
    if (leaving) this.sendLeaving(beat);
    else this.flush();
  }

  // Somebody is there: a key, a tap, an answer to the idle check.
  touch() {
    this.touched = true;
  }

  // End the session: what waits is delivered first. Resolves to the totals, or null when the line is down.
  async close() {
    if (!this.id) return this.totals;
    const id = this.id;
    await this.flush();
    if (this.id !== id) return this.totals;
    if (this.queue.length) return null;
    const answer = await post(`${API}/${id}/close`, {});
    if (!answer.ok) return null;
    this.totals = answer.body;
    this.forget();
    this.show("closed", this.totals);
    return this.totals;
  }

  // The page is going away. A report that still has to arrive must not be overtaken by the end of its session, so then
  // the end is left to the page that is opened next, or to the server, which closes what falls silent.
  leave() {
    if (!this.id) return;
    this.left = true;
    this.keep();
    if (this.now().playing || this.queue.length) this.beat({ leaving: true, playing: false });
    else post(`${API}/${this.id}/close`, {}, true);
  }

  // The page is back from the browser's memory.
  back() {
    this.left = false;
    if (!this.queue.length) return this.forget();
    this.keep();
    this.flush();
  }

  forget() {
    if (this.id) write(MINE + this.id, null);
    clearInterval(this.timer);
    clearTimeout(this.retry);
    Object.assign(this, { id: null, seq: 0, queue: [], sending: null, flying: 0, left: false, wait: 0, second: 0, touched: false, savedAt: clock() });
  }

  // ---- inside ----

  async tryBegin(body) {
    this.show("starting", null);
    const answer = await post(API, body);
    if (!answer.ok) {
      this.show(answer.status === 401 ? "expired" : answer.status && answer.status < 500 ? "refused" : "offline", answer.body);
      return null;
    }
    this.id = String(answer.body.session_id);
    this.totals = null;
    this.every(answer.body.beat_every_s);
    this.show("saved", null);
    this.beat({ jumped: true });
    return answer.body;
  }

  every(seconds) {
    clearInterval(this.timer);
    this.timer = setInterval(() => this.now().playing && this.beat(), (seconds || 15) * 1000);
  }

  keep() {
    write(MINE + this.id, { at: Date.now(), queue: this.queue, left: this.left });
  }

  // One request at a time, oldest first; what has gathered goes together.
  flush() {
    this.sending ??= this.sendAll().finally(() => Object.assign(this, { sending: null, flying: 0 }));
    return this.sending;
  }

  async sendAll() {
    clearTimeout(this.retry);
    while (this.id && this.queue.length) {
      const id = this.id;
      const some = this.queue.slice(0, MOST_TOGETHER);
      this.flying = some.length;
      const answer = await send(id, some);
      if (this.id !== id) return;
      if (answer.ok || answer.status === 400 || answer.status === 422) {
        this.queue = this.queue.filter((other) => other.seq > some.at(-1).seq);
        this.savedAt = some.at(-1).made;
        this.keep();
        if (answer.ok) this.heard(answer.body);
      } else if (answer.status === 401) {
        return this.show("expired", this.totals);
      } else if (answer.status && answer.status < 500 && answer.status !== 429) {
        this.forget(); // closed or gone: the next play begins anew
        return this.show(answer.status === 409 ? "elsewhere" : "closed", this.totals);
      } else {
        return this.later(answer.retryAfter);
      }
    }
  }

  heard(totals) {
    this.wait = 0;
    this.totals = totals;
    const second = totals.reasons?.SECOND_DEVICE ?? 0;
    if (second > this.second || totals.closed) {
      const id = this.id;
      this.forget();
      if (!totals.closed) post(`${API}/${id}/close`, {}); // so that its minutes need not wait in the archive
      return this.show(second > 0 ? "elsewhere" : "closed", totals);
    }
    this.show("saved", totals);
  }

  later(seconds) {
    this.wait = Math.min(Math.max(this.wait * 2, 2000), LONGEST_WAIT_MS);
    this.retry = setTimeout(() => this.flush(), Math.max(this.wait, (seconds || 0) * 1000));
    this.show("offline", this.totals);
  }

  sendLeaving(beat) {
    send(this.id, [beat], true).then((answer) => {
      if (!answer.ok || !this.id) return;
      this.queue = this.queue.filter((other) => other.seq > beat.seq);
      this.keep();
    });
  }
}

// What other visits left unsent: deliver it in order, then close that session. `mine` is this page's own; one that
// another page may still feed is let alone, too. The clock of a device may jump: whoever is back has their beats delivered,
// however old they seem.
async function sendLeftovers(mine) {
  for (const key of keys()) {
    const left = read(key);
    const age = Math.abs(Date.now() - (left?.at ?? 0));
    if (key === MINE + mine || (left && !left.left && age < ABANDONED_AFTER_MS)) continue;
    const settled = key.startsWith(MINE) ? await delivered(key.slice(MINE.length), left?.queue) : age > FORGOTTEN_AFTER_MS;
    if (!left || settled) write(key, null);
  }
}

async function delivered(id, queue) {
  for (let rest = queue ?? []; rest.length; rest = rest.slice(MOST_TOGETHER)) {
    const answer = await send(id, rest.slice(0, MOST_TOGETHER));
    if (!answer.ok && (!answer.status || answer.status >= 500 || answer.status === 429 || answer.status === 401)) return false;
  }
  const answer = await post(`${API}/${id}/close`, {});
  return answer.ok || (answer.status >= 400 && answer.status < 500 && answer.status !== 401 && answer.status !== 429);
}

function send(id, beats, keepalive) {
  const told = beats.map(({ seq, position_ms, playing, rate, touched, made }) => {
    const beat = { seq, position_ms, playing, rate, touched: Boolean(touched) };
    return made === undefined ? beat : { ...beat, ago_ms: Math.round(clock() - made) };
  });
  return told.length === 1 ? post(`${API}/${id}/beat`, told[0], keepalive) : post(`${API}/${id}/beats`, { beats: told }, keepalive);
}

// POST JSON; never throws. `status` 0 means no answer came. Where somebody else has signed in since, the answer is that of a
// session that is over.
export async function post(url, body, keepalive = false) {
  if (!isHere()) return { ok: false, status: 401, body: null, retryAfter: 0 };
  const giveUp = new AbortController();
  const timer = keepalive ? 0 : setTimeout(() => giveUp.abort(), 20_000);
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
      credentials: "same-origin",
      signal: giveUp.signal,
      keepalive,
    });
    const text = await response.text();
    const retryAfter = Number(response.headers.get("Retry-After")) || 0;
    return { ok: response.ok, status: response.status, body: text ? JSON.parse(text) : null, retryAfter };
  } catch {
    return { ok: false, status: 0, body: null, retryAfter: 0 };
  } finally {
    clearTimeout(timer);
  }
}

// ---- storage that may be full, closed or absent ----

function keys() {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith(KEPT));
  } catch {
    return [];
  }
}

function read(key) {
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch {
    return null;
  }
}

function write(key, value) {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // Without storage the queue lives in memory only.
  }
}
