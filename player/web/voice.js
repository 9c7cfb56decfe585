// Which sound goes with the picture: the recording's own, or a voice in another language (语言配音).
//
// Owns the buttons `[data-voice]` and an audio element beside the player, which stays the master: it alone has a playhead
// that is told of, while the voice follows it. A voice that is lost gives way to the recording's own sound.

const CHOSEN = "yuanjiao.voice";
const OWN = "";
const FAR_S = 0.35; // further apart, the voice jumps
const NEAR_S = 0.04; // nearer, nobody hears it
const LEAN = 0.04; // so much faster or slower the voice goes until it is there
const PATIENCE_MS = 6000; // a voice that is silent for so long while the picture moves is lost

export class Voice {
  // `root` holds the buttons and may be absent; `say(text)` tells what became of a voice, in one calm line.
  constructor(root, media, say = () => {}) {
    Object.assign(this, { media, say, current: OWN, silentSince: 0 });
    this.buttons = [...(root?.querySelectorAll("[data-voice]") ?? [])];
    if (this.buttons.length < 2) return;
    this.audio = document.createElement("audio");
    this.audio.preload = "none"; // a remembered language costs nothing before the picture moves
    root.append(this.audio); // nothing is seen of it
    this.audio.addEventListener("error", () => this.current !== OWN && this.lose());
    for (const button of this.buttons) button.addEventListener("click", () => this.choose(button));
    this.follow();
    if (root.hasAttribute("data-offer")) root.hidden = false;
    this.mark();
    const kept = this.buttons.find((button) => button.dataset.voice === remembered());
    if (kept?.dataset.src) this.take(kept);
  }

  // ---- inside ----

  choose(button) {
    remember(button.dataset.voice);
    this.say("");
    if (button.dataset.src) this.take(button);
    else this.own();
  }

  take(button) {
    this.current = button.dataset.voice;
    this.silentSince = 0;
    this.audio.src = button.dataset.src;
    this.audio.muted = false;
    this.media.muted = true;
    this.mark();
    this.join();
  }

  own() {
    this.current = OWN;
    this.audio.pause();
    this.audio.removeAttribute("src");
    this.audio.load(); // what was on its way is not needed any more
    this.media.muted = false;
    this.mark();
  }

  lose() {
    this.say(`${this.current}配音放不出来，先放原声。`);
    this.own();
  }

  mark() {
    const own = this.buttons.find((button) => !button.dataset.src);
    for (const button of this.buttons) {
      const on = this.current === OWN ? button === own : button.dataset.voice === this.current;
      button.setAttribute("aria-pressed", String(on));
      button.toggleAttribute("data-first", on);
    }
  }

  // The master's every step, and once in a while how far the two are apart.
  follow() {
    const { media } = this;
    const on = (event, step) => media.addEventListener(event, () => this.current !== OWN && step());
    for (const event of ["playing", "seeked", "ratechange"]) on(event, () => this.join());
    for (const event of ["pause", "waiting", "seeking", "emptied", "ended"]) on(event, () => this.audio.pause());
    on("timeupdate", () => this.keepStep());
    on("volumechange", () => this.loudness());
  }

  // The voice goes where the picture is, and moves if that does.
  join() {
    const { media, audio } = this;
    audio.playbackRate = media.playbackRate;
    if (media.paused || media.ended || media.seeking || media.readyState < HTMLMediaElement.HAVE_FUTURE_DATA) return;
    if (media.currentTime >= audio.duration) return audio.pause(); // played on, it would begin anew
    if (Math.abs(audio.currentTime - media.currentTime) > NEAR_S) audio.currentTime = media.currentTime;
    audio.play().catch((cause) => {
      // A pause that came first is no loss; a browser that allows no second sound is.
      if (cause.name === "NotAllowedError" && this.current !== OWN) this.lose();
    });
  }

  keepStep() {
    const { media, audio } = this;
    if (media.paused || media.seeking || audio.seeking || media.currentTime >= audio.duration) return;
    if (audio.paused || audio.readyState < HTMLMediaElement.HAVE_FUTURE_DATA) return this.silent();
    this.silentSince = 0;
    const ahead = audio.currentTime - media.currentTime;
    if (Math.abs(ahead) > FAR_S) audio.currentTime = media.currentTime;
    const lean = Math.abs(ahead) < NEAR_S ? 0 : Math.sign(ahead) * LEAN;
    audio.playbackRate = media.playbackRate * (1 - lean);
  }

  silent() {
    const now = performance.now();
    this.silentSince ||= now;
    if (now - this.silentSince > PATIENCE_MS) this.lose();
    else if (this.audio.paused) this.join();
  }

  // The player's own buttons for loudness mean the voice while it is heard: the picture stays mute.
  loudness() {
    const { media, audio } = this;
    audio.volume = media.volume;
    if (media.muted) return;
    media.muted = true;
    audio.muted = !audio.muted;
  }
}

function remembered() {
  try {
    return localStorage.getItem(CHOSEN);
  } catch {
    return null; // forbidden storage costs the memory, never the sound
  }
}

function remember(language) {
  try {
    localStorage.setItem(CHOSEN, language);
  } catch {
    // As above.
  }
}
