// A phone whose browser runs no script: signing in, searching, opening a lesson, and reading one's record still work.
import { chromium, found, ran, root } from "./city.mjs";

const browser = await chromium();
const context = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 360, height: 740 }, locale: "zh-CN" });
const page = await context.newPage();
page.setDefaultTimeout(10000);
const step = async (name, work) => {
  try {
    if (!(await work())) found(`${name}: not usable without scripts, at ${page.url()}`);
  } catch (problem) {
    found(`${name}: ${problem.message.split("\n")[0]}`);
  }
};
const shown = (selector) => page.locator(selector).first().isVisible();

await step("signing in", async () => {
  await page.goto(`${root}/sign-in`);
  await page.fill("#login", "cadre");
  await page.fill("#password", process.env.PASSWORD);
  await page.click("main form button");
  return new URL(page.url()).pathname === "/home";
});
await step("searching", async () => {
  await page.fill(".search input[name=q]", "水稻");
  await page.click(".search button");
  return new URL(page.url()).searchParams.get("q") === "水稻" && shown(".cards a[href^='/lessons/']");
});
await step("opening a lesson", async () => {
  await page.click(".cards a[href^='/lessons/'] >> nth=0");
  return (await shown("main h1")) && ((await shown("main video, main audio")) || (await shown("main article")));
});
await step("filtering", async () => {
  await page.goto(`${root}/search`);
  await page.click(".to-filters");
  await page.click(".filters .chips a");
  return new URL(page.url()).search !== "";
});
await step("the record", async () => {
  await page.goto(`${root}/record`);
  const entry = page.locator("main details", { has: page.locator("a[href^='/record/']") }).first();
  await entry.locator("summary").click();
  await entry.locator("a[href^='/record/']").click();
  return shown("main h1");
});
await step("signing out", async () => {
  await page.click(".who button");
  return page.url().includes("/sign-in");
});
ran(`Chromium ${browser.version()}`, "6 steps on a phone without scripts");
await browser.close();
