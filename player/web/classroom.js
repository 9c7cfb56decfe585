// The village classroom: call the roll, play to the room, mark who comes and goes, end. All by four arrows and OK.

import { Beats, post } from "./beats.js";
import { Quality } from "./quality.js";
import { focusFirst, listen } from "./remote.js";
import { Peek } from "./seek.js";

const STEP_S = 10;
const page = document.querySelector("[data-room]");
const begin = { roll, play, pair }[page?.dataset.room] ?? (() => listen());
begin(page);

// ---- calling the roll ----

function roll(page) {
  const people = [...page.querySelectorAll("[data-person]")];
  const count = page.querySelector("[data-count]");
  const start = page.querySelector("[data-start]");
  const problem = page.querySelector("[data-problem]");
  const here = (button) => button.getAttribute("aria-pressed") === "true";

  function recount() {
    count.textContent = String(people.filter(here).length);
  }

  function mark(button, present) {
    button.setAttribute("aria-pressed", String(present));
  }

  for (const button of people) {
    button.addEventListener("click", () => {
      mark(button, !here(button));
      recount();
    });
  }
  page.querySelector("[data-all]").addEventListener("click", () => {
    people.forEach((button) => mark(button, true));
    recount();
    start.focus();
  });
  page.querySelector("[data-none]").addEventListener("click", () => {
    people.forEach((button) => mark(button, false));
    recount();
  });
  start.addEventListener("click", async () => {
    const roster = people.filter(here).map((button) => Number(button.dataset.person));
    if (!roster.length) return complain("还没有人到场，请先点名");
    start.disabled = true;
    const answer = await post("/api/v1/playback", { lesson_id: Number(page.dataset.lesson), mode: "group", roster });
    if (answer.ok) return location.assign(`/classroom/play/${answer.body.session_id}`);
    start.disabled = false;
    start.focus();
    complain(answer.body?.message ?? "网络不通，请检查后再按一次");
  });

  function complain(text) {
    problem.textContent = text;
    problem.hidden = false;
  }

  recount();
  listen();
}

// ---- playing to the room ----

function play(page) {
  const video = page.querySelector("video");
  const panel = page.querySelector("[data-panel]");
  const asking = page.querySelector("[data-asking]");
  const status = page.querySelector("[data-status]");
  const hint = page.querySelector("[data-hint]");
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
      tell({ jumped: true });
    },
  });
  const steady = () => quality.held === null;

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
    if (steady()) video.currentTime = to;
    else quality.held = to;
    if (!peek) return;
    peek.show(to, end ? to / end : 0);
    clearTimeout(peeking);
    peeking = setTimeout(() => peek.hide(), 2000);
  }

  function open(layer) {
    layer.hidden = false;
    focusFirst(layer);
  }

  function shut(layer) {
    layer.hidden = true;
    document.activeElement?.blur();
  }

  async function end() {
    video.pause();
    asking.querySelector("[data-end]").disabled = true;
    tell({ playing: false });
    if ((await beats.close()) || !beats.id) return;
    asking.querySelector("[data-end]").disabled = false;
    asking.querySelector("[data-wait]").hidden = false;
    setTimeout(() => !asking.hidden && end(), 5000);
  }

  function finish() {
    location.replace(`/classroom/done/${page.dataset.playback}`);
  }

  video.addEventListener("play", () => {
    hint.hidden = true;
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
  video.addEventListener("error", () => {
    if (!video.error || quality.rescue()) return;
    hint.textContent = "这一课暂时放不出来，请按返回键结束，换一课试试";
    hint.hidden = false;
  });
  document.addEventListener("visibilitychange", () => tell({ leaving: document.hidden }));
  addEventListener("pagehide", () => beats.id && tell({ leaving: true, playing: false }));

  for (const button of page.querySelectorAll("[data-person]")) {
    button.addEventListener("click", async () => {
      const arrives = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-busy", "true");
      const body = { person_id: Number(button.dataset.person), action: arrives ? "arrive" : "leave" };
      const answer = await post(`/api/v1/playback/${page.dataset.playback}/attendance`, body);
      button.removeAttribute("aria-busy");
      if (answer.ok) button.setAttribute("aria-pressed", String(arrives));
      else panel.querySelector("[data-problem]").textContent = answer.body?.message ?? "网络不通，没有记上，请再按一次";
      page.querySelector("[data-count]").textContent = String(page.querySelectorAll("[data-person][aria-pressed=true]").length);
    });
  }
  asking.querySelector("[data-go-on]").addEventListener("click", () => {
    shut(asking);
    if (!video.ended) video.play().catch(() => {});
  });
  asking.querySelector("[data-restart]").addEventListener("click", () => {
    shut(asking);
    video.currentTime = 0;
    video.play().catch(() => {});
  });
  asking.querySelector("[data-end]").addEventListener("click", end);
  panel.querySelector("[data-shut]").addEventListener("click", () => shut(panel));
  for (const button of forms?.querySelectorAll("button") ?? []) button.addEventListener("click", () => shut(forms));
  video.addEventListener("click", turn);

  listen((key) => {
    wake();
    const layer = [asking, panel, forms].find((each) => each && !each.hidden);
    if (layer) {
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
        video.pause();
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

// ---- pairing a terminal ----

function pair(page) {
  const boxes = page.querySelector("[data-code]");
  const problem = page.querySelector("[data-problem]");
  const length = 6;
  let code = "";
  let busy = false;

  function draw() {
    boxes.textContent = code.padEnd(length, "·").split("").join(" ");
  }

  async function press(digit) {
    if (busy || code.length === length) return;
    code += digit;
    problem.textContent = "";
    draw();
    if (code.length < length) return;
    busy = true;
    const answer = await post("/api/v1/devices/pair", { code });
    busy = false;
    if (answer.ok) return location.assign("/classroom");
    problem.textContent = answer.body?.message ?? "网络不通，请再试一次";
    code = "";
    draw();
  }

  function erase() {
    code = code.slice(0, -1);
    draw();
  }

  for (const button of page.querySelectorAll("[data-digit]")) button.addEventListener("click", () => press(button.dataset.digit));
  page.querySelector("[data-erase]").addEventListener("click", erase);
  draw();
  listen((key) => {
    if (/^[0-9]$/.test(key)) press(key);
    else if (key === "Escape" && code) erase();
    else return false;
    return true;
  });
}
