// Finds the pages: as a stranger and as each role, link by link from the front door, after made.py has made what the city
// lacks; and those that no page links to. One page of a shape is opened (a shape is an address without its numbers, slugs
// and values); three more of a shape are asked for by HEAD. Writes pages.json, the pages, and links.json with what was dead.
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cookie, made, roles, root } from "./city.mjs";

const { WORK } = process.env;
// Filters that add up to a hundred combinations are one shape.
function keys(search) {
  const names = [...new Set(new URLSearchParams(search).keys())].sort();
  return names.length > 1 ? "several" : names.join();
}
const slugs = /^\/(lessons|courses|classroom|check|media)\/(?!pair|play|done|quiz)[^/]+/;
const shapeOf = ({ pathname, search }) =>
  pathname.replace(slugs, "/$1/*").replace(/\/\d+(?=\/|$)/g, "/*") + (keys(search) && `?${keys(search)}`);
const attributes = (html, name) =>
  [...html.matchAll(new RegExp(`\\s${name}="([^"]*)"`, "g"))].map((match) => match[1].replaceAll("&amp;", "&").replaceAll("&#38;", "&"));

const pages = [];
const dead = [];
let links = 0;
mkdirSync(`${WORK}/pages`, { recursive: true });
execFileSync("python3", ["tests/outside/made.py"], { stdio: ["ignore", "ignore", "inherit"] });

// Keeps a page, once for each role.
function keep(role, { pathname, search }, html) {
  const path = pathname + search;
  if (pages.some((page) => page.role === role && page.path === path)) return;
  const file = `${WORK}/pages/${role ?? "stranger"}-${pages.length}.html`;
  writeFileSync(file, html);
  pages.push({ role, path, shape: shapeOf({ pathname, search }), file });
}

async function walk(role) {
  const headers = { Cookie: await cookie(role), Accept: "text/html" };
  const opened = new Map();
  const known = new Set();
  const queue = [{ path: "/", from: "the front door" }];
  const see = (path, from) => !known.has(path) && known.add(path) && queue.push({ path, from });
  async function follow({ path, from }) {
    const shape = shapeOf(new URL(path, root));
    const times = opened.get(shape) ?? 0;
    opened.set(shape, times + 1);
    if (times >= 4) return;
    links += 1;
    const method = times < 1 ? "GET" : "HEAD";
    // Once more: the server may close a connection in the moment in which it is used again.
    const ask = () => fetch(root + path, { method, headers });
    const answer = await ask().catch(ask);
    if (answer.status >= 400) dead.push(`${answer.status} ${path} as ${role ?? "stranger"}, linked from ${from}`);
    const isPage = answer.headers.get("content-type")?.startsWith("text/html");
    if (method === "HEAD" || !isPage) {
      await answer.body?.cancel();
      return;
    }
    const html = await answer.text();
    const here = new URL(answer.url);
    const landed = here.pathname + here.search;
    if (answer.ok) keep(role, here, html);
    const ids = new Set(attributes(html, "id"));
    for (const href of [...attributes(html, "href"), ...attributes(html, "src"), ...attributes(html, "poster")]) {
      const target = new URL(href, here);
      if (target.origin !== here.origin) continue;
      const same = target.pathname === here.pathname && target.search === here.search;
      if (same && target.hash && !ids.has(decodeURIComponent(target.hash.slice(1)))) {
        dead.push(`${target.hash} is nowhere on ${landed} as ${role ?? "stranger"}`);
      }
      see(target.pathname + target.search, landed);
    }
  }
  while (queue.length > 0) await Promise.all(queue.splice(0, 4).map(follow));
}

for (const role of [undefined, ...roles]) await walk(role);
const unlinked = [...["/sign-in", "/check", "/classroom/pair", "/offline"].map((path) => ({ path })), ...made().pages];
for (const { role, path } of unlinked) {
  const answer = await fetch(root + path, { headers: { Cookie: await cookie(role), Accept: "text/html" } });
  if (answer.url !== root + path || !answer.ok) throw new Error(`${path} as ${role}: ${answer.status} at ${answer.url}`);
  keep(role, new URL(path, root), await answer.text());
}
// A role that was shown next to nothing did not get in, and whoever judges its pages would judge none.
for (const role of roles) {
  const seen = pages.filter((page) => page.role === role).length;
  if (seen < 5) throw new Error(`${role} was shown only ${seen} pages`);
}
writeFileSync(`${WORK}/pages.json`, JSON.stringify(pages));
writeFileSync(`${WORK}/links.json`, JSON.stringify({ dead: [...new Set(dead)], links }));
