// The server that is judged: who signs in, the pages that were found, and how a judge says what it found.
import { closeSync, readFileSync, writeSync } from "node:fs";
import { createRequire } from "node:module";

const { URL: url, CACHE, WORK, PASSWORD } = process.env;
export const root = url;
// A room's pages are judged as a paired terminal is shown them: it comes before whoever else may open a room.
export const roles = ["cadre", "device", "site", "trainer", "reviewer", "office", "expert", "auditor", "admin"];

/** A package of the cache folder. */
export const need = createRequire(`${CACHE}/npm/`);
export const version = (name) => JSON.parse(readFileSync(`${CACHE}/npm/node_modules/${name}/package.json`)).version;

/** What made.py made: `{terminal, pages, examples}`. */
export const made = () => JSON.parse(readFileSync(`${WORK}/made.json`));

/** The Cookie header of somebody who has just signed in, or of the terminal; nothing for a stranger. */
export async function cookie(role) {
  if (!role) return "";
  if (role === "device") return made().terminal;
  const answer = await fetch(`${root}/api/v1/session`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ login: role, password: PASSWORD }),
  });
  if (!answer.ok) throw new Error(`${role} cannot sign in: ${answer.status}`);
  return answer.headers.getSetCookie().map((line) => line.split(";")[0]).join("; ");
}

/** What crawl.mjs found: `{role, path, shape, file}`. */
export const pages = () => JSON.parse(readFileSync(`${WORK}/pages.json`));

/** One page of each shape, by whoever came to it first. */
export function onePerShape() {
  const seen = new Map();
  for (const page of pages()) if (!seen.has(page.shape)) seen.set(page.shape, page);
  return [...seen.values()];
}

export const found = (text) => console.log(text.replace(/\s+/g, " "));
export function ran(tool, what) {
  writeSync(3, `${tool}\t${what}\n`);
  closeSync(3);
}

/** Chromium, and a fresh context in it for somebody. */
export const chromium = () =>
  need("playwright-core").chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
export async function visitor(browser, role, options = {}) {
  const context = await browser.newContext(options);
  for (const pair of (await cookie(role)).split("; ").filter(Boolean)) {
    const [name, value] = pair.split("=");
    await context.addCookies([{ name, value, url: root }]);
  }
  return context;
}
