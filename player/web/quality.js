// Which form of a recording plays: the one a person chose, or else the best that the link carries.
//
// Owns the buttons `[data-quality]` and the source of the player. While one form is exchanged for another the playhead
// stands still: `held` is where, in seconds, and until `swapped` is called nothing the player says of itself is true.

const CHOSEN = "yuanjiao.quality";
const LINK = "yuanjiao.link";
const LINK_IS_KNOWN_MS = 12 * 3600_000;
const SHARE_OF_LINK = 0.75; // the rest is for everything else, and for worse minutes
const WITHOUT_KNOWING = 800_000;
const BY_TYPE = { "slow-2g": 40_000, "2g": 100_000, "3g": 450_000 };

export class Quality {
  // `room`: a classroom, which takes the best when nothing is known of its link. `swapping` is called before the
  // playhead is held, `swapped` when it moves on.
  constructor(root, media, { room = false, swapping = () => {}, swapped = () => {} } = {}) {
    Object.assign(this, { media, swapping, swapped, held: null, run: 0, fastest: 0, sample: null });
    const buttons = [...(root?.querySelectorAll("[data-quality]") ?? [])];
    this.forms = buttons.map((button) => ({
      button,
      kind: button.dataset.quality,
      src: button.dataset.src,
      bitrate: Number(button.dataset.bitrate),
    }));
    for (const form of this.forms) form.button.addEventListener("click", () => this.choose(form));
    if (this.forms.length < 2) return;
    if (root.hasAttribute("data-offer")) root.hidden = false;
    const best = pick(this.forms, room);
    if (best.src !== media.getAttribute("src")?.split("#")[0]) media.src = best.src;
    this.mark(best);
    media.addEventListener("progress", () => this.measure());
    for (const event of ["suspend", "seeking", "emptied"]) media.addEventListener(event, () => (this.sample = null));
  }

  // Another form failed: go on with the recording itself, once. Answers whether there is hope.
  rescue() {
    const original = this.forms[0];
    if (!original || this.playing === original) return false;
    this.swap(original);
    return true;
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
  }

  swap(form) {
    const { media } = this;
    const run = ++this.run;
    if (this.held === null) {
      this.going = !media.paused && !media.ended;
      this.rate = media.playbackRate;
      this.swapping();
      this.held = media.currentTime;
    }
    this.mark(form);
    const done = () => {
      if (run !== this.run) return;
      this.held = null;
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

  // How fast the link fills the buffer, while it does: remembered for the next lesson.
  measure() {
    const { media } = this;
    if (media.networkState !== HTMLMediaElement.NETWORK_LOADING || this.held !== null) return (this.sample = null);
    const end = bufferedUntil(media);
    const at = performance.now();
    if (!this.sample || end < this.sample.end) return (this.sample = { at, end });
    const seconds = (at - this.sample.at) / 1000;
    if (seconds < 0.4 || end === this.sample.end) return;
    this.fastest = Math.max(this.fastest, ((end - this.sample.end) * this.playing.bitrate) / seconds);
    this.sample = { at, end };
    keep(LINK, JSON.stringify({ bits: Math.round(this.fastest), at: Date.now() }));
  }
}

function pick(forms, room) {
  const chosen = forms.find((form) => form.kind === kept(CHOSEN));
  if (chosen) return chosen;
  const pictures = forms.filter((form) => form.kind !== "audio");
  const among = pictures.length ? pictures : forms;
  const smallest = among.reduce((least, form) => (form.bitrate < least.bitrate ? form : least));
  if (navigator.connection?.saveData) return smallest;
  const bits = bitsOfLink(room) ?? (room ? Infinity : WITHOUT_KNOWING);
  const carried = among.filter((form) => form.bitrate <= bits * SHARE_OF_LINK);
  return carried.length ? carried.reduce((most, form) => (form.bitrate > most.bitrate ? form : most)) : smallest;
}

// Bits a second that the link carries, as measured lately, or as the browser guesses.
function bitsOfLink(room) {
  try {
    const { bits, at } = JSON.parse(kept(LINK));
    if (bits > 0 && Date.now() - at < LINK_IS_KNOWN_MS) return bits;
  } catch {
    // Nothing was measured.
  }
  const link = navigator.connection;
  if (!link) return null;
  // Browsers guess up to 10 Mbit/s and no further: a room then takes the best, a phone on a data plan need not.
  if (room && link.downlink >= 10) return Infinity;
  return BY_TYPE[link.effectiveType] ?? (link.downlink > 0 ? link.downlink * 1_000_000 : null);
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
