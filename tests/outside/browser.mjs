// One page of each shape in Chromium at 360 and 1280 pixels: axe-core, errors of the console, shifts of the layout, and
// whether anything needs scrolling sideways, also enlarged to 200 % and in the 320 pixels that 400 % leave of 1280.
import { readFileSync } from "node:fs";
import { chromium, found, need, onePerShape, ran, root, version, visitor } from "./city.mjs";

const axe = readFileSync(need.resolve("axe-core/axe.min.js"), "utf8");
const MOST_SHIFT = 0.1; // what the Web Vitals call good
const browser = await chromium();
const said = new Set();
const say = (text) => said.has(text) || (said.add(text), found(text));

const watchShift = () => {
  window.shift = 0;
  new PerformanceObserver((list) => list.getEntries().forEach((entry) => (window.shift += entry.value)))
    .observe({ type: "layout-shift", buffered: true });
};

async function look(context, { path, shape }, width) {
  const page = await context.newPage();
  const errors = [];
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("response", (answer) => answer.status() >= 400 && errors.push(`${answer.status()} ${answer.url()}`));
  await page.addInitScript(watchShift);
  await page.goto(root + path, { waitUntil: "load" });
  await page.waitForTimeout(300);
  for (const error of errors) say(`console: ${error} on ${shape} at ${width}`);
  const shift = await page.evaluate(() => window.shift);
  if (shift > MOST_SHIFT) say(`shift: ${shift.toFixed(3)} on ${shape} at ${width}`);
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run({ resultTypes: ["violations"] }));
  for (const { id, impact, help, nodes } of violations) {
    say(`axe ${impact}: ${id}, ${help}, at ${nodes[0].target.join(" ")} on ${shape} at ${width}`);
  }
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
