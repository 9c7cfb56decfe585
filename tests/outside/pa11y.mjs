// HTML CodeSniffer (WCAG 2 AA) through pa11y on one page of each shape, at 360 and 1280 pixels.
import { cookie, found, need, onePerShape, ran, root, version } from "./city.mjs";

const pa11y = need("pa11y");
const pa11ysOwn = need("module").createRequire(need.resolve("pa11y"));
const browser = await pa11ysOwn("puppeteer").launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
const shapes = onePerShape();
const said = new Set();
// Cookies are the page's own: headers of pa11y's would make it stop each request on its way, and some never go on.
const seats = new Map();
const seat = async (role) => {
  const page = await (await browser.createBrowserContext()).newPage();
  const given = (await cookie(role)).split("; ").filter(Boolean).map((pair) => pair.split(/=(.*)/, 2));
  if (given.length) await page.setCookie(...given.map(([name, value]) => ({ name, value, url: root })));
  return page;
};
for (const { role, path, shape } of shapes) {
  if (!seats.has(role)) seats.set(role, await seat(role));
  for (const width of [360, 1280]) {
    const { issues } = await pa11y(root + path, {
      browser,
      page: seats.get(role),
      runners: ["htmlcs"],
      standard: "WCAG2AA",
      timeout: 30000,
      viewport: { width, height: 800 },
    }).catch((problem) => ({ issues: [{ code: "not looked at", message: problem.message, selector: "html" }] }));
    for (const { code, message, selector } of issues) {
      const text = `${code.replace(/^WCAG2AA\.\w+\.\w+\./, "")}: ${message} at ${selector} on ${shape}`;
      if (!said.has(text)) found(text);
      said.add(text);
    }
  }
}
ran(`pa11y ${version("pa11y")}`, `${shapes.length} pages at 2 widths`);
await browser.close();
