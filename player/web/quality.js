// Which form of a recording plays: the one a person chose, or else the best that the link carries.
//
// Owns the buttons `[data-quality]`, the source of the player, and what is done when it fails. While one form is exchanged
// for another, or the line is waited for, the playhead stands still: `held` is where, in seconds, and until `swapped` is
// called nothing the player says of itself is true. `going` is whether it plays on from there.

const CHOSEN = "yuanjiao.quality";
const LINK = "yuanjiao.link";
const LINK_IS_KNOWN_MS = 12 * 3600_000;
const SHARE_OF_LINK = 0.75; // the rest is for everything else, and for worse minutes
const WITHOUT_KNOWING = 800_000;
const BY_TYPE = { "slow-2g": 40_000, "2g": 100_000, "3g": 450_000 };
const SAMPLE_S = 0.4;
const WEIGHT = 0.2; // of one sample in what is known of the link
const AHEAD_S = 10; // with so much in the buffer a player may take its time
const FIRST_WAIT_MS = 2000;
const LONGEST_WAIT_MS = { line: 30_000, broken: 3600_000 };
const PATIENCE_MS = 15_000;

export class Quality {
  // `room`: a classroom, which takes the best when nothing is known of its link. `swapping` is called before the
  // playhead is held, `swapped` when it moves on. `trouble` is told "line" when the line is waited for, "broken" when no
  // form plays, and null when that is over.
  constructor(root, media, { room = false, swapping = () => {}, swapped = () => {}, trouble = () => {} } = {}) {
    Object.assign(this, { media, swapping, swapped, trouble, held: null, going: false, run: 0, sample: null });
    Object.assign(this, { failed: new Set(), wait: 0, again: null, told: null, stood: 0 });
    this.sizes = document.querySelectorAll("[data-size-of-form]");
    this.playing = { src: media.getAttribute("src")?.split("#")[0] }; // the only form has no button
    media.addEventListener("error", () => media.error && this.rescue(), true); // before the browser's own controls pause it
    media.addEventListener("timeupdate", () => this.wentOn());
    addEventListener("online", () => {
      this.wait = 0;
      this.again?.();
    });
    if (media.error) media.load(); // it failed before anybody listened
    const buttons = [...(root?.querySelectorAll("[data-quality]") ?? [])];
    this.forms = buttons.map((button) => ({
      button,
      kind: button.dataset.quality,
      src: button.dataset.src,
      size: button.dataset.size,
      bitrate: Number(button.dataset.bitrate),
    }));
    for (const form of this.forms) form.button.addEventListener("click", () => this.choose(form));
    if (this.forms.length < 2) return;
    if (root.hasAttribute("data-offer")) root.hidden = false;
    const best = pick(this.forms, room);
    if (best.src !== this.playing.src) media.src = best.src;
    this.mark(best);
    media.addEventListener("progress", () => this.measure());
    for (const event of ["suspend", "seeking", "emptied"]) media.addEventListener(event, () => (this.sample = null));
  }

  // ---- inside ----

  choose(form) {
    keep(CHOSEN, form.kind);
    if (form !== this.playing) this.swap(form);
  }

  mark(form) {
    this.playing = form;
    for (const each of this.forms) {
      each.button.setAttribute("aria-pressed", String(each === form));
      each.button.toggleAttribute("data-first", each === form);
    }
    for (const place of this.sizes) place.textContent = form.size;
  }

  // The player failed. Where that is the line, or a server that can't answer now, the same form is asked for again for as
  // long as it takes. A form that is there and does not play gives way to another. When none plays, it is still tried
  // again, more and more rarely: in a classroom there may be nobody to press anything.
  async rescue() {
    const { run, playing } = this;
    const { code } = this.media.error;
    this.hold();
    // Browsers call it a format they don't know, too, when the first bytes do not come.
    const waits = code < MediaError.MEDIA_ERR_DECODE || !(await isAnswered(playing.src));
    if (run !== this.run) return; // another form was chosen meanwhile
    if (waits) return this.later(playing, "line");
    this.failed.add(playing);
    const next = this.another();
    if (next) return this.swap(next);
    const [first] = this.failed;
    this.failed.clear();
    this.later(first, "broken");
  }

  // The nearest smaller form that has not failed, else the nearest larger; sound alone comes last.
  another() {
    const at = this.forms.indexOf(this.playing);
    const near = [...this.forms.slice(at + 1), ...this.forms.slice(0, Math.max(at, 0)).reverse()];
    const left = near.filter((form) => !this.failed.has(form));
    return left.find((form) => form.kind !== "audio") ?? left[0];
  }

  later(form, why) {
    this.tell(why);
    this.wait = Math.min(this.wait * 2 || FIRST_WAIT_MS, LONGEST_WAIT_MS[why]);
    this.again = () => this.swap(form);
    this.timer = setTimeout(this.again, this.wait);
  }

  tell(why) {
    if (why !== this.told) this.trouble((this.told = why));
  }

  // Only a form that plays on beyond the place where it failed has made good.
  wentOn() {
    if (this.held !== null || Math.abs(this.media.currentTime - this.stood) < 1) return;
    this.wait = 0;
    this.failed.clear();
  }

  hold() {
    const { media } = this;
    if (this.held !== null) return;
    this.going = !media.paused && !media.ended;
    this.rate = media.playbackRate;
    this.swapping();
    this.held = media.currentTime;
  }

  swap(form) {
    const { media } = this;
    const run = ++this.run;
    clearTimeout(this.timer);
    this.again = null;
    this.hold();
    if (form !== this.playing) this.mark(form);
    const done = () => {
      if (run !== this.run) return;
      this.stood = this.held;
      this.held = null;
      this.tell(null);
      if (this.going) media.play().catch(() => {});
      this.swapped();
    };
    const untouched = media.readyState === 0 && !this.going && this.held === 0;
    media.src = form.src;
    if (untouched) return done();
    media.preload = "auto";
    media.load();
    media.addEventListener(
      "loadedmetadata",
      () => {
        if (run !== this.run) return;
        media.playbackRate = this.rate;
        if (this.held < 0.05) return done();
        media.addEventListener("seeked", done, { once: true });
        media.currentTime = Math.min(this.held, media.duration || this.held);
      },
      { once: true },
    );
  }

  // How fast the link fills the buffer, while it does: remembered for the next lesson. What the browser had kept comes in
  // one burst, so the first sample after a load, a seek or a rest does not count. Nor does a full buffer that grows no
  // faster than it is played: it tells of the film and not of the link.
  measure() {
    const { media, sample } = this;
    if (media.networkState !== HTMLMediaElement.NETWORK_LOADING || this.held !== null) return (this.sample = null);
    const end = bufferedUntil(media);
    const at = performance.now();
    if (!sample || end < sample.end) return (this.sample = { at, end, first: true });
    const seconds = (at - sample.at) / 1000;
    const grown = end - sample.end;
    if (seconds < SAMPLE_S || grown === 0) return;
    this.sample = { at, end };
    const leisurely = sample.end - media.currentTime > AHEAD_S && grown < 2 * seconds;
    if (!sample.first && !leisurely) learn((grown * this.playing.bitrate) / seconds);
  }
}

// What is known of the link is smoothed by factors, in which links differ: one odd sample changes little.
function learn(bits) {
  if (!(bits > 0)) return;
  const known = measured() ?? bits;
  keep(LINK, JSON.stringify({ bits: Math.round(known ** (1 - WEIGHT) * bits ** WEIGHT), at: Date.now() }));
}

function pick(forms, room) {
  const chosen = forms.find((form) => form.kind === kept(CHOSEN));
  if (chosen) return chosen;
  const pictures = forms.filter((form) => form.kind !== "audio");
  const among = pictures.length ? pictures : forms;
  const smallest = among.reduce((least, form) => (form.bitrate < least.bitrate ? form : least));
  if (navigator.connection?.saveData) return smallest;
  const carried = among.filter((form) => form.bitrate <= bitsOfLink(room) * SHARE_OF_LINK);
  return carried.length ? carried.reduce((most, form) => (form.bitrate > most.bitrate ? form : most)) : smallest;
}

// Bits a second that the link carries: as measured lately, else as the browser guesses, and never more than a link of its
// kind does, for the phone may have gone where there is less.
function bitsOfLink(room) {
  const link = navigator.connection;
  // Browsers guess up to 10 Mbit/s and no further: a room then takes the best, a phone on a data plan need not.
  const guessed = link?.downlink > 0 && !(room && link.downlink >= 10) ? link.downlink * 1_000_000 : null;
  const bits = measured() ?? guessed ?? (room ? Infinity : WITHOUT_KNOWING);
  return Math.min(bits, BY_TYPE[link?.effectiveType] ?? Infinity);
}

function measured() {
  try {
    const { bits, at } = JSON.parse(kept(LINK));
    if (bits > 0 && Date.now() - at < LINK_IS_KNOWN_MS) return bits;
  } catch {
    // Nothing was measured.
  }
  return null;
}

// Whether the server has an answer for who asks for this: the bytes, or that there are none. An answer to come again, or
// to sign in again, is none.
async function isAnswered(src) {
  const giveUp = new AbortController();
  const timer = setTimeout(() => giveUp.abort(), PATIENCE_MS);
  try {
    const { status } = await fetch(src, { method: "HEAD", cache: "no-store", signal: giveUp.signal });
    return status < 500 && status !== 401 && status !== 429;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}

function bufferedUntil(media) {
  for (let index = 0; index < media.buffered.length; index += 1) {
    const [from, to] = [media.buffered.start(index), media.buffered.end(index)];
    if (from <= media.currentTime + 0.5 && media.currentTime <= to) return to;
  }
  return media.currentTime;
}

function kept(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function keep(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Then it is asked, and measured, again.
  }
}
