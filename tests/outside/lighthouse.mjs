// Lighthouse as a phone on the pages that matter most: 95 of 100 in each category.
import { cookie, found, need, pages, ran, root, version } from "./city.mjs";

const LEAST = 95;
const lighthouse = (await import(need.resolve("lighthouse"))).default;
const { launch } = await import(need.resolve("chrome-launcher"));
const lesson = pages().find((page) => page.shape === "/lessons/*").path;
const looked = [["sign-in", undefined, "/sign-in"], ["home", "cadre", "/home"],
  ["search", "cadre", `/search?q=${encodeURIComponent("水稻")}`], ["lesson", "cadre", lesson],
  ["record", "cadre", "/record"], ["classroom", "site", "/classroom"], ["studio", "trainer", "/studio"],
  ["office", "office", "/office"]];
const chrome = await launch({ chromePath: "/usr/bin/chromium", chromeFlags: ["--headless=new", "--no-sandbox"] });
for (const [name, role, path] of looked) {
  const { lhr } = await lighthouse(root + path, {
    port: chrome.port,
    output: "json",
    logLevel: "error",
    onlyCategories: ["performance", "accessibility", "best-practices"],
    extraHeaders: role ? { Cookie: await cookie(role) } : {},
  });
  if (new URL(lhr.finalDisplayedUrl).pathname !== new URL(path, root).pathname) found(`${name}: led to ${lhr.finalDisplayedUrl}`);
  for (const category of Object.values(lhr.categories)) {
    const score = Math.round(category.score * 100);
    console.error(`${name} ${category.id} ${score}`);
    if (score >= LEAST) continue;
    const lost = category.auditRefs.map(({ id, weight }) => ({ weight, ...lhr.audits[id] })).filter(({ weight, score }) => weight && score < 0.9);
    found(`${name}: ${category.id} ${score} (${lost.map(({ id, displayValue }) => `${id} ${displayValue ?? ""}`.trim()).join(", ")})`);
  }
}
ran(`Lighthouse ${version("lighthouse")}`, `${looked.length} pages as a phone`);
await chrome.kill();
