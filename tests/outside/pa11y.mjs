// HTML CodeSniffer (WCAG 2 AA) through pa11y on one page of each shape, at 360 and 1280 pixels.
import { cookie, found, need, onePerShape, ran, root, version } from "./city.mjs";

const pa11y = need("pa11y");
const pa11ysOwn = need("module").createRequire(need.resolve("pa11y"));
const browser = await pa11ysOwn("puppeteer").launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
const shapes = onePerShape();
const said = new Set();
const cookies = new Map();
for (const { role, path, shape } of shapes) {
  if (!cookies.has(role)) cookies.set(role, await cookie(role));
  for (const width of [360, 1280]) {
    const { issues } = await pa11y(root + path, {
      browser,
      headers: { Cookie: cookies.get(role) },
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
