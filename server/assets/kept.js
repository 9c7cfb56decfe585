// What a phone keeps to be of use without a line: the text of the lessons its owner opened, and the worker that shows it.
// Both come after the page is there. Where a browser has neither, as over plain http, nothing is kept and nothing is said.

import { LESSONS, SEARCHES, owner, whose } from "./owner.js";

const MOST_LESSONS = 30;
const GONE = [403, 404, 410];

if (document.readyState === "complete") begin();
else addEventListener("load", begin, { once: true });

function begin() {
  if (owner !== undefined) forget((mark) => mark !== owner); // at the door everybody's
  if ("caches" in window) keepLesson().catch(() => {}); // a full storage keeps one text less
  navigator.serviceWorker?.register("/sw.js", { updateViaCache: "none" }).catch(() => {});
}

// The last ones opened. What may no longer be seen is no longer kept.
async function keepLesson() {
  const { pathname } = location;
  if (!whose() || !pathname.startsWith("/lessons/")) return;
  const lessons = await caches.open(LESSONS + whose());
  const [visit] = performance.getEntriesByType("navigation");
  if (GONE.includes(visit?.responseStatus)) return lessons.delete(pathname);
  const parts = [...document.querySelectorAll("[data-text]")];
  if (!parts.length) return;
  const title = document.querySelector("h1").textContent;
  const kept = { title, at: Date.now(), text: parts.map(textOf).join("\n") };
  await lessons.delete(pathname);
  await lessons.put(pathname, new Response(JSON.stringify(kept), { headers: { "Content-Type": "application/json" } }));
  for (const old of (await lessons.keys()).slice(0, -MOST_LESSONS)) await lessons.delete(old);
}

// A part of the page without what only works there: pictures, buttons, ways to seconds of the recording.
function textOf(part) {
  const copy = part.cloneNode(true);
  copy.removeAttribute("data-text");
  for (const needless of copy.querySelectorAll("svg, button, [hidden]")) needless.remove();
  for (const link of copy.querySelectorAll("a")) link.removeAttribute("href");
  return copy.outerHTML;
}

// Searches and texts of the accounts that are meant. Beats stay until their owner is back: they are minutes.
async function forget(isMeant) {
  const meant = (start) => (name) => name.startsWith(start) && isMeant(name.slice(start.length).replace(/^:/, ""));
  try {
    for (const key of Object.keys(localStorage).filter(meant(SEARCHES))) localStorage.removeItem(key);
    for (const name of (await caches.keys()).filter(meant(LESSONS))) await caches.delete(name);
  } catch {
    // A browser that keeps nothing.
  }
}
