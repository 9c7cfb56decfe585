// The day of a room: opens the list of a play day at its time, offers what follows a lesson, and keeps a page that stays
// open up to date: over the time, over midnight, over a line that was away.
//
// The clock is the server's, told with the page and with every look, and counted on by the browser's own seconds since:
// what a set-top box thinks the date is does not matter.

import { ask, go, guard, say } from "./line.js";

const LOOK_EVERY_MS = 60_000;
const LOOK_AGAIN_MS = 10_000;
const WARN_MS = 60_000;
const LATE_WARN_MS = 15_000;
const NEXT_WARN_MS = 30_000;
const SPREAD_MS = 3_000; // nine hundred stations open the same list: not in the same second
const REST_MS = 5 * 60_000;
const OPENED = "yuanjiao:opened";
const REMEMBERED = 20;

const page = document.querySelector("[data-schedule]");
const playing = document.querySelector("[data-room=play]");
const next = document.querySelector("[data-upnext]");
const rest = document.querySelector("[data-rest]")?.dataset.rest;
let offset = page ? Number(page.dataset.now) - performance.now() : 0;
let counting = null;
let touched = performance.now();
let look = 0;
const done = new Set();

guard();
listen();
if (page) plan(JSON.parse(page.dataset.opens));
if (next) countDown(now() + NEXT_WARN_MS, next.href, `接着放《${next.dataset.upnext}》`);
look = setTimeout(see, LOOK_EVERY_MS);
addEventListener("online", see);
document.addEventListener("visibilitychange", () => document.hidden || see());
if (rest) setInterval(() => performance.now() - touched > REST_MS && !counting && go(rest), 10_000);

// ---- the list of a play day ----

function now() {
  return performance.now() + offset;
}

// The next list opens at its time, or a little after the page came when that was late, so that there is time for a no.
function plan(lists) {
  const { heard, kept } = opened();
  const list = lists.find(({ key, at }) => !done.has(key) && !heard.includes(key) && (kept || at > now() || !cameFromTheRoom()));
  if (!list) return;
  const spread = Math.random() * SPREAD_MS;
  countDown(Math.max(list.at + spread, now() + LATE_WARN_MS), list.href, `打开点名《${list.title}》`, list.key);
}

// A line that counts the last minute down. Any way of saying no stops it: the button, Back, and on a summary that is being
// read any arrow.
function countDown(at, href, what, key) {
  const bar = document.createElement("div");
  bar.className = "soon";
  bar.hidden = true;
  const text = document.createElement("span");
  text.setAttribute("role", "status");
  const no = Object.assign(document.createElement("button"), { className: "btn quiet", type: "button", textContent: "先不打开" });
  no.addEventListener("click", stop);
  bar.append(text, no);
  document.querySelector("main").append(bar);
  const tick = setInterval(count, 500);
  counting = { stop, arrows: !key, shown: () => !bar.hidden };
  count();

  function count() {
    const left = at - now();
    bar.hidden = left > WARN_MS;
    text.textContent = `${Math.max(0, Math.ceil(left / 1000))} 秒后${what}`;
    if (left > 0) return;
    end();
    remember(key);
    go(href);
  }

  function stop() {
    const held = bar.contains(document.activeElement);
    end();
    remember(key);
    if (held) document.querySelector("[data-first]")?.focus();
    if (page) plan(JSON.parse(page.dataset.opens));
  }

  function end() {
    clearInterval(tick);
    bar.remove();
    counting = null;
  }
}

// Keys are looked at before the remote's: Back means no while a line counts down.
function listen() {
  addEventListener(
    "keydown",
    (event) => {
      touched = performance.now();
      if (!counting?.shown()) return;
      const writing = event.target.matches?.("input");
      const back = ["Escape", "GoBack", "BrowserBack"].includes(event.key) || (event.key === "Backspace" && !writing);
      if (back) {
        event.preventDefault();
        event.stopImmediatePropagation();
      }
      if (back || (counting.arrows && event.key.startsWith("Arrow"))) counting.stop();
    },
    true,
  );
  addEventListener("pointerdown", () => (touched = performance.now()));
}

// ---- looking ----

async function see() {
  clearTimeout(look);
  const { status, body } = await ask("/api/v1/schedule");
  look = setTimeout(see, status ? LOOK_EVERY_MS : LOOK_AGAIN_MS);
  // A terminal that was revoked is led to where it is paired again, anybody else to the sign-in.
  if (status === 401 || status === 403) return location.replace("/classroom");
  if (!status) return playing || say("网络断开，正在重新连接；这一页还可以看");
  if (!playing) say();
  if (!page || !body) return;
  offset = body.now - performance.now();
  if (body.version !== page.dataset.version && !busy()) return location.reload();
}

// Somebody types, or the last seconds are counted: the page changes later.
function busy() {
  return counting?.shown() || Boolean(document.activeElement?.matches?.("input") && document.activeElement.value);
}

// ---- what has opened once, or was not wanted, does not open again ----

function opened() {
  try {
    const heard = JSON.parse(sessionStorage.getItem(OPENED) ?? "[]");
    return { heard: Array.isArray(heard) ? heard : [], kept: true };
  } catch {
    return { heard: [], kept: false };
  }
}

function remember(key) {
  if (!key) return;
  done.add(key);
  try {
    sessionStorage.setItem(OPENED, JSON.stringify([...opened().heard, key].slice(-REMEMBERED)));
  } catch {
    // A browser that keeps nothing: then what is late opens only for who comes from outside the room.
  }
}

function cameFromTheRoom() {
  const from = document.referrer && new URL(document.referrer);
  return Boolean(from) && from.origin === location.origin && from.pathname.startsWith("/classroom/") && from.pathname !== "/classroom/pair";
}
