// A lesson playing to the room: the remote's keys, the beats, the end. Who is there is `Attend`'s.

import { Attend } from "./attend.js";
import { Beats } from "./beats.js";
import { Quality } from "./quality.js";
import { focusFirst, listen } from "./remote.js";
import { Peek } from "./seek.js";
import { Voice } from "./voice.js";

const STEP_S = 10;
const TROUBLE = {
  line: "网络断开，接通后自动接着放",
  broken: "这一课暂时放不出来，请按返回键结束，换一课试试",
};

export function play(page) {
  const video = page.querySelector("video");
  const panel = page.querySelector("[data-panel]");
  const asking = page.querySelector("[data-asking]");
  const status = page.querySelector("[data-status]");
  const hint = page.querySelector("[data-hint]");
  const invitation = hint.textContent;
  const forms = page.querySelector("[data-forms]");
  const bar = page.querySelector("[data-bar]");
  const sheet = page.querySelector("[data-peek]");
  const peek = sheet && new Peek(sheet);
  const clock = page.querySelector("[data-clock]");
  const total = Number(page.dataset.durationMs) / 1000;
  const startAt = Number(page.dataset.startMs) / 1000;
  let before = 0;
  let ready = false; // the way to the resume point is nobody's claim: nothing is told before it is made
  let hiding = 0;
  let peeking = 0;
  const beats = new Beats({ now, show });
  const quality = new Quality(forms, video, {
    room: true,
    swapping: () => tell({ playing: false }),
    swapped: () => {
      before = video.currentTime;
      ready ||= video.readyState > 0; // whoever sought meanwhile chose the place to begin
      tell({ jumped: true });
    },
    trouble: (why) => {
      hint.textContent = TROUBLE[why] ?? invitation;
      hint.hidden = !why && quality.going;
    },
  });
  const steady = () => quality.held === null;
  const said = page.querySelector("[data-voice-said]");
  new Voice(forms, video, (text) => (said.textContent = text));
  const attend = new Attend(page);
  const pin = page.querySelector("[data-pin]");

  function now() {
    if (!steady()) return { position_ms: Math.round(quality.held * 1000), playing: false, rate: 1 };
    if (!video.seeking) before = video.currentTime;
    return { position_ms: Math.round(video.currentTime * 1000), playing: !video.paused && !video.ended, rate: 1 };
  }

  function tell(beat) {
    if (ready && steady()) beats.beat(beat);
  }

  function show(state, totals) {
    const minutes = Math.floor((totals?.credited_ms ?? 0) / 60_000);
    status.textContent = {
      offline: "网络断开，学习仍在记录…",
      expired: "登录已过期，请联系管理员",
      elsewhere: "这堂课已在别处结束",
    }[state] ?? `已记录 ${minutes} 分钟`;
    status.classList.toggle("off", state === "offline" || state === "expired" || state === "elsewhere");
    if (state === "elsewhere" || state === "closed") finish();
  }

  // The line below the picture: shown while paused and for a moment after every press.
  function wake() {
    page.classList.add("awake");
    clearTimeout(hiding);
    hiding = setTimeout(() => !video.paused && page.classList.remove("awake"), 4000);
  }

  function turn() {
    if (video.paused) video.play().catch(() => (hint.hidden = false));
    else video.pause();
  }

  function seek(by) {
    const end = Number.isFinite(video.duration) ? video.duration : total;
    const to = Math.min(Math.max((quality.held ?? video.currentTime) + by, 0), Math.max(end - 0.5, 0));
    put(to);
    if (!peek) return;
    peek.show(to, end ? to / end : 0);
    clearTimeout(peeking);
    peeking = setTimeout(() => peek.hide(), 2000);
  }

  function put(to) {
    if (steady()) video.currentTime = to;
    else quality.held = to;
  }

  // Plays, or does as soon as the line is back.
  function go() {
    quality.going = true;
    video.play().catch(() => {});
  }

  // Stands still, also when the line is back.
  function rest() {
    quality.going = false;
    video.pause();
  }

  function open(layer) {
    layer.hidden = false;
    focusFirst(layer);
  }

  function shut(layer) {
    layer.hidden = true;
    if (layer === pin) return focusFirst(panel);
    document.activeElement?.blur();
  }

  async function end() {
    rest();
    asking.querySelector("[data-end]").disabled = true;
    tell({ playing: false });
    await attend.door.flush(); // who came and went is told before the session is over
    if ((await beats.close()) || !beats.id) return;
    asking.querySelector("[data-end]").disabled = false;
    asking.querySelector("[data-wait]").hidden = false;
    setTimeout(() => !asking.hidden && end(), 5000);
  }

  function finish() {
    location.replace(`/classroom/done/${page.dataset.playback}`);
  }

  video.addEventListener("play", () => {
    if (steady()) hint.hidden = true;
    tell({ jumped: true });
    wake();
  });
  video.addEventListener("pause", () => {
    wake();
    if (!video.ended) tell();
  });
  video.addEventListener("timeupdate", () => {
    if (!steady()) return;
    if (!video.seeking) before = video.currentTime;
    bar.value = total ? video.currentTime / total : 0;
    clock.textContent = `${time(video.currentTime)} / ${time(video.duration || total)}`;
  });
  video.addEventListener("seeking", () => tell({ position_ms: Math.round(before * 1000) }));
  video.addEventListener("seeked", () => {
    if (!steady()) return;
    before = video.currentTime;
    ready = true;
    tell({ jumped: true });
  });
  video.addEventListener("ended", () => {
    tell({ playing: false });
    asking.querySelector("h2").textContent = "播放完毕";
    open(asking);
    asking.querySelector("[data-end]").focus();
  });
  document.addEventListener("visibilitychange", () => tell({ leaving: document.hidden }));
  addEventListener("pagehide", () => beats.id && tell({ leaving: true, playing: false }));

  asking.querySelector("[data-go-on]").addEventListener("click", () => {
    shut(asking);
    if (!video.ended) go();
  });
  asking.querySelector("[data-restart]").addEventListener("click", () => {
    shut(asking);
    put(0);
    go();
  });
  asking.querySelector("[data-end]").addEventListener("click", end);
  panel.querySelector("[data-shut]").addEventListener("click", () => shut(panel));
  pin.querySelector("[data-shut]").addEventListener("click", () => shut(pin));
  for (const button of forms?.querySelectorAll("button") ?? []) button.addEventListener("click", () => shut(forms));
  video.addEventListener("click", turn);

  listen((key) => {
    wake();
    const layer = [asking, pin, panel, forms].find((each) => each && !each.hidden);
    if (layer) {
      if (attend.pin.takes(key)) return true;
      if (key === "Escape") shut(layer);
      return key === "Escape";
    }
    const act = {
      Enter: turn,
      " ": turn,
      MediaPlayPause: turn,
      ArrowLeft: () => seek(-STEP_S),
      ArrowRight: () => seek(STEP_S),
      ArrowUp: () => open(panel),
      ArrowDown: () => forms && open(forms),
      Escape: () => {
        rest();
        open(asking);
      },
    }[key];
    act?.();
    return Boolean(act);
  });
  // The picture may be there before this script is.
  function arrive() {
    if (startAt > 0) video.currentTime = startAt;
    else ready = true;
  }

  document.activeElement?.blur();
  if (video.readyState > 0) arrive();
  else video.addEventListener("loadedmetadata", arrive, { once: true });
  beats.adopt(page.dataset.playback, Number(page.dataset.seq), Number(page.dataset.beatEvery));
  wake();
  video.play().catch(() => (hint.hidden = false));
}

function time(seconds) {
  const whole = Math.floor(seconds || 0);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
