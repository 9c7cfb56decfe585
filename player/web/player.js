// The lesson page of a phone: plays or reads one lesson and says, calmly, what of it is recorded.

import { Beats } from "./beats.js";
import { watchIdle } from "./idle.js";
import { Quality } from "./quality.js";
import { seekBar } from "./seek.js";
import { Voice } from "./voice.js";

let fastest = 1.5; // until the session says what the rule of this place allows
const STILL_READING_MS = 60_000;
const READING_TICK_MS = 1000;
const LONGEST_GOODBYE_MS = 1200;
const AGAIN_MS = { offline: 5000, closed: 500 };

const stage = document.querySelector("[data-lesson]");
if (stage) (stage.dataset.kind === "article" ? read : play)(stage);

function play(stage) {
  const media = stage.querySelector("video, audio");
  const say = speaker(stage);
  let before = 0; // the playhead a moment ago: when a seek is announced it has already moved
  let touched = false;
  let again = 0;
  let told = ["back", null]; // what there is to say of the record
  let waiting = false; // for the line: the picture stands still
  let byItself = false; // the picture moves on, and nobody pressed anything
  const beats = new Beats({ now, show });
  // While one form is exchanged for another the player says that it stands at the beginning: then nothing is told.
  const quality = new Quality(stage.querySelector("[data-forms]"), media, {
    swapping: () => beats.beat({ playing: false }),
    swapped: () => {
      before = media.currentTime;
      byItself = quality.going;
      beats.beat({ jumped: true });
    },
    trouble: (why) => {
      stage.querySelector("[data-broken]").hidden = why !== "broken";
      if (waiting === (why === "line")) return;
      waiting = !waiting;
      speak();
    },
  });
  const steady = () => quality.held === null;
  const said = stage.querySelector("[data-voice-said]");
  new Voice(stage.querySelector("[data-voices]"), media, (text) => (said.textContent = text));

  function now() {
    const rate = Math.min(media.playbackRate || 1, fastest);
    if (!steady()) return { position_ms: Math.round(quality.held * 1000), playing: false, rate };
    if (!media.seeking) before = media.currentTime;
    return { position_ms: Math.round(media.currentTime * 1000), playing: !media.paused && !media.ended, rate };
  }

  // What asks somebody to act is said first, then that the picture waits for the line, then what is recorded.
  function speak() {
    const [state, totals] = told;
    say(waiting && !["elsewhere", "expired", "refused"].includes(state) ? "waiting" : state, totals);
  }

  function show(state, totals) {
    told = [state, totals];
    speak();
    clearTimeout(again);
    if (state === "elsewhere") quality.going = false; // nor does it go on here when the line is back
    if (state === "elsewhere" && !media.paused) media.pause();
    // No session, or none any more, but the picture moves: try until there is one, so that the rest counts.
    if ((state === "offline" || state === "closed") && !beats.id && !media.paused) again = setTimeout(start, AGAIN_MS[state]);
  }

  async function start() {
    if (!steady() || beats.id || media.paused || media.seeking || media.readyState <= 1) return;
    const begun = await beats.begin({ lesson_id: Number(stage.dataset.lesson), mode: "solo" });
    if (!begun) return;
    fastest = begun.most_rate;
    for (const button of stage.querySelectorAll("[data-rate]")) button.hidden = Number(button.dataset.rate) > fastest;
    if (media.playbackRate > fastest) media.playbackRate = fastest;
    idle.every(begun.idle_after_s);
  }
  const idle = watchIdle(stage.querySelector("[data-idle]"), {
    playing: () => !media.paused && Boolean(beats.id),
    touched: () => beats.touch(),
    asks: () => leaveFullScreen(media),
    stop: () => media.pause(),
    go: () => media.play().catch(() => {}),
  });

  const startAt = Number(stage.dataset.startMs) / 1000;
  function arrive() {
    if (!touched && startAt > 0 && media.currentTime < 1) media.currentTime = startAt;
  }
  if (media.readyState > 0) arrive();
  else media.addEventListener("loadedmetadata", arrive, { once: true });
  // A session begins when the picture moves, after the way to the resume point: that way is nobody's claim.
  media.addEventListener("play", () => {
    if (!steady()) return;
    // Also in the player of a phone's own full screen, which hides every other touch from the page.
    if (!byItself) idle.sign();
    byItself = false;
    beats.beat({ jumped: true });
  });
  media.addEventListener("playing", start);
  media.addEventListener("pause", () => steady() && !media.ended && beats.beat());
  media.addEventListener("timeupdate", () => {
    if (steady() && !media.seeking) before = media.currentTime;
  });
  media.addEventListener("seeking", () => {
    touched = true;
    if (!steady()) return;
    beats.beat({ position_ms: Math.round(before * 1000) });
  });
  media.addEventListener("seeked", () => {
    if (!steady()) return;
    before = media.currentTime;
    beats.beat({ jumped: true });
    start();
  });
  media.addEventListener("ratechange", () => {
    if (media.playbackRate > fastest) media.playbackRate = fastest;
    if (!steady()) return;
    mark(stage, media.playbackRate);
    beats.beat({ jumped: true });
  });
  media.addEventListener("ended", async () => {
    beats.beat({ playing: false });
    await beats.close();
    stage.querySelector("[data-next]")?.removeAttribute("hidden");
  });
  document.addEventListener("visibilitychange", () => beats.beat({ leaving: document.hidden }));
  addEventListener("pagehide", () => beats.leave());
  addEventListener("pageshow", (event) => event.persisted && beats.back());
  endBeforeLinks(beats, () => media.pause());

  for (const button of stage.querySelectorAll("[data-rate]")) {
    button.addEventListener("click", () => (media.playbackRate = Number(button.dataset.rate)));
  }
  function go(to) {
    touched = true;
    if (!steady()) return (quality.held = to);
    if (media.readyState > 0) media.currentTime = to;
    else media.addEventListener("loadedmetadata", () => (media.currentTime = to), { once: true });
    media.play().catch(() => {});
  }
  for (const link of stage.querySelectorAll("[data-seek-ms]")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      go(Number(link.dataset.seekMs) / 1000);
    });
  }
  const bar = stage.querySelector("[data-seekbar]");
  if (bar) seekBar(bar, media, Number(stage.dataset.durationMs) / 1000, go);
  start();
}

// An article: the playhead is the time spent reading, which moves while the page is on the screen and the reader has
// scrolled, touched or typed within the last minute.
function read(stage) {
  const say = speaker(stage);
  const duration = Number(stage.dataset.durationMs);
  let position = Number(stage.dataset.startMs);
  let last = 0;
  let ticked = performance.now();
  let reading = false;
  // Nothing moves here but by a touch within the last minute, so every report is of a touch.
  const beats = new Beats({ now: () => ({ position_ms: Math.round(position), playing: reading, rate: 1, touched: true }), show });

  function show(state, totals) {
    if (state === "elsewhere" || state === "closed") reading = false;
    say(state, totals);
  }

  async function stir() {
    last = performance.now();
    if (reading || document.hidden || position >= duration || beats.beginning) return;
    if (!beats.id && !(await beats.begin({ lesson_id: Number(stage.dataset.lesson), mode: "solo" }))) return;
    reading = true;
    ticked = performance.now();
    beats.beat({ jumped: true });
  }

  function rest() {
    if (!reading) return;
    reading = false;
    beats.beat();
  }

  setInterval(() => {
    const at = performance.now();
    if (reading) position = Math.min(position + Math.min(at - ticked, 60_000), duration);
    ticked = at;
    if (reading && position >= duration) {
      rest();
      beats.close();
    } else if (reading && at - last > STILL_READING_MS) rest();
  }, READING_TICK_MS);
  for (const event of ["scroll", "pointerdown", "keydown", "wheel", "touchmove"]) addEventListener(event, stir, { passive: true });
  document.addEventListener("visibilitychange", () => document.hidden && rest());
  addEventListener("pagehide", () => {
    reading = false;
    beats.leave();
  });
  addEventListener("pageshow", (event) => event.persisted && beats.back());
  endBeforeLinks(beats, () => (reading = false));
}

// Going on to another page of ours ends the session first, so that the archive opened next already has its minutes.
function endBeforeLinks(beats, stop) {
  document.addEventListener("click", async (event) => {
    const link = event.target.closest("a[href]");
    const elsewhere = !link || link.origin !== location.origin || link.target || link.dataset.seekMs;
    if (elsewhere || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || !beats.id) return;
    event.preventDefault();
    stop();
    beats.beat({ playing: false });
    await Promise.race([beats.close(), new Promise((late) => setTimeout(late, LONGEST_GOODBYE_MS))]);
    location.assign(link.href);
  });
}

// What the page has to say is not seen behind a picture that fills the screen.
function leaveFullScreen(media) {
  if (document.fullscreenElement) document.exitFullscreen().catch(() => {});
  else if (media.webkitDisplayingFullscreen) media.webkitExitFullscreen();
}

// Says the state in one line that screen readers hear.
function speaker(stage) {
  const line = stage.querySelector("[data-status]");
  return (state, totals) => {
    const amount = lasting(totals?.credited_ms ?? 0);
    const [text, mood] = {
      starting: ["正在连接…", ""],
      saved: [amount ? `本次已记录 ${amount}` : "正在记录", ""],
      closed: [amount ? `本次学习已保存，记录 ${amount}` : "本次学习已保存", ""],
      offline: ["网络断开，学习仍在记录，连上后自动保存…", "off"],
      waiting: ["网络断开，接通后接着放", "off"],
      back: ["网络已接通", ""],
      elsewhere: ["另一台设备开始学习，这里已暂停。要在这里继续，请再按播放。", "off"],
      expired: ["登录已过期，请重新登录后继续，未保存的记录不会丢。", "bad"],
      refused: [totals?.message ?? "这一课暂时不能记录学时。", "bad"],
    }[state];
    line.textContent = text;
    line.className = `status ${mood}`;
  };
}

function lasting(ms) {
  if (ms < 1000) return "";
  return ms < 60_000 ? `${Math.floor(ms / 1000)} 秒` : `${Math.floor(ms / 60_000)} 分钟`;
}

function mark(stage, rate) {
  for (const button of stage.querySelectorAll("[data-rate]")) {
    button.setAttribute("aria-pressed", String(Number(button.dataset.rate) === rate));
  }
}
