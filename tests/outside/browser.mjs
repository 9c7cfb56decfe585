// One page of each shape in Chromium at 360 and 1280 pixels: axe-core, also on what opens over a page, errors of the console,
// shifts of the layout while pictures come late and while it is scrolled to its end, whatever moves although less motion is
// asked for, and whether anything needs scrolling sideways, also enlarged to 200 % and in the 320 pixels that 400 % leave of
// 1280.
import { readFileSync } from "node:fs";
import { chromium, found, need, onePerShape, ran, root, version, visitor } from "./city.mjs";

const axe = readFileSync(need.resolve("axe-core/axe.min.js"), "utf8");
const MOST_SHIFT = 0.01; // a tenth of what the Web Vitals call good
const PICTURES_LATE_MS = 400;
const LONGEST_MOTION_MS = 10;
const browser = await chromium();
const said = new Set();
const say = (text) => said.has(text) || (said.add(text), found(text));

const watchShift = () => {
  window.shifts = [];
  const name = (node) => (node?.nodeType === 1 ? node.tagName.toLowerCase() + (node.className ? `.${node.className}` : "") : "text");
  new PerformanceObserver((list) =>
    list.getEntries().filter((entry) => !entry.hadRecentInput).forEach((entry) =>
      window.shifts.push({ value: entry.value, what: entry.sources.map(({ node }) => name(node)).slice(0, 2).join(" and ") })))
    .observe({ type: "layout-shift", buffered: true });
};

const scrollThrough = async () => {
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  for (let at = 0; at < document.documentElement.scrollHeight && at < 40000; at += innerHeight * 0.8) {
    scrollTo(0, at);
    await wait(30);
  }
  await wait(500);
  scrollTo(0, 0);
  await wait(100);
};

// What is declared counts too, not only what happens to move now.
const moving = (most) => {
  const longest = (text) => Math.max(...text.split(",").map((one) => parseFloat(one) * (one.trim().endsWith("ms") ? 1 : 1000)));
  const bad = new Set();
  for (const animation of document.getAnimations()) {
    if (animation.playState === "running" && animation.effect.getComputedTiming().endTime > most) bad.add(`${animation.animationName ?? animation.transitionProperty} runs`);
  }
  for (const element of [document.documentElement, ...document.body.querySelectorAll("*")]) {
    for (const part of [null, "::before", "::after"]) {
      const style = getComputedStyle(element, part);
      const name = element.tagName.toLowerCase() + (element.classList[0] ? `.${element.classList[0]}` : "") + (part ?? "");
      if (style.animationName !== "none" && longest(style.animationDuration) > most) bad.add(`animation ${style.animationName} of ${name}`);
      if (longest(style.transitionDuration) > most) bad.add(`transition of ${style.transitionProperty} of ${name}`);
      if (style.scrollBehavior === "smooth") bad.add(`smooth scrolling of ${name}`);
    }
  }
  return [...bad];
};

// What lies over a page until a key opens it is judged as if one had.
const violationsOf = async () => {
  const judge = async (part) => (await window.axe.run(part, { resultTypes: ["violations"] })).violations;
  const all = await judge(document);
  for (const layer of document.querySelectorAll("[data-layer][hidden]")) {
    layer.hidden = false;
    all.push(...(await judge(layer)));
    layer.hidden = true;
  }
  return all;
};

async function look(context, { path, shape }, width) {
  const page = await context.newPage();
  page.setDefaultTimeout(120000); // how fast it is others judge
  const errors = [];
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("response", (answer) => answer.status() >= 400 && errors.push(`${answer.status()} ${answer.url()}`));
  await page.addInitScript(watchShift);
  await page.route("**/*", async (route) => {
    if (route.request().resourceType() === "image") await new Promise((done) => setTimeout(done, PICTURES_LATE_MS));
    await route.continue().catch(() => {}); // the page may have gone meanwhile
  });
  await page.goto(root + path, { waitUntil: "load" });
  await page.waitForTimeout(300);
  await page.evaluate(scrollThrough);
  for (const error of errors) say(`console: ${error} on ${shape} at ${width}`);
  const shifts = await page.evaluate(() => window.shifts);
  const shift = shifts.reduce((sum, { value }) => sum + value, 0);
  if (shift > MOST_SHIFT) say(`shift: ${shift.toFixed(3)} of ${[...new Set(shifts.map(({ what }) => what))].slice(0, 3).join("; ")} on ${shape} at ${width}`);
  await page.evaluate(axe);
  for (const { id, impact, help, nodes } of await page.evaluate(violationsOf)) {
    say(`axe ${impact}: ${id}, ${help}, at ${nodes[0].target.join(" ")} on ${shape} at ${width}`);
  }
  await page.emulateMedia({ reducedMotion: "reduce" });
  for (const motion of await page.evaluate(moving, LONGEST_MOTION_MS)) say(`motion: ${motion} on ${shape}`);
  for (const narrow of width === 360 ? [360, 320] : [1280, 640]) {
    await page.setViewportSize({ width: narrow, height: 800 });
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (over > 0) say(`sideways: ${over} px at ${narrow} on ${shape}`);
  }
  await page.close();
}

const shapes = onePerShape();
for (const width of [360, 1280]) {
  for (const role of new Set(shapes.map((page) => page.role))) {
    const context = await visitor(browser, role, { viewport: { width, height: 800 }, locale: "zh-CN" });
    for (const page of shapes.filter((page) => page.role === role)) await look(context, page, width);
    await context.close();
  }
}
ran(`axe ${version("axe-core")}, Chromium ${browser.version()}`, `${shapes.length} pages at 2 widths`);
await browser.close();
