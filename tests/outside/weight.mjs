// What a phone loads: what arrives before the first content is painted at the first visit, and what the next page asks for.
import { chromium, found, pages, ran, root, version, visitor } from "./city.mjs";

const MOST_BYTES = 40 * 1024;
const MOST_REQUESTS = 3;
const MOST_LATER = 1;

const lesson = pages().find((page) => page.shape === "/lessons/*").path;
const search = `/search?q=${encodeURIComponent("水稻")}`;
const phone = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true, locale: "zh-CN" };
const browser = await chromium();

async function load(context, path) {
  const page = await context.newPage();
  const asked = [];
  const session = await context.newCDPSession(page);
  await session.send("Network.enable");
  session.on("Network.requestServedFromCache", ({ requestId }) => asked.find((one) => one.id === requestId && (one.kept = true)));
  session.on("Network.requestWillBeSent", ({ requestId, request, timestamp, type }) =>
    asked.push({ id: requestId, url: request.url, type, at: timestamp, bytes: 0, kept: false }));
  session.on("Network.responseReceived", ({ requestId, response }) => {
    const one = asked.find((one) => one.id === requestId);
    if (one) one.kept ||= response.fromDiskCache;
  });
  session.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    const one = asked.find((one) => one.id === requestId);
    if (one) one.bytes = encodedDataLength;
  });
  await page.goto(root + path, { waitUntil: "load" });
  await page.waitForTimeout(500);
  const painted = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Infinity);
  await page.close();
  const wire = asked.filter((one) => !one.kept && !one.url.startsWith("data:"));
  const before = wire.filter((one) => (one.at - asked[0].at) * 1000 < painted && ["Document", "Stylesheet", "Font"].includes(one.type));
  // The recording and its picture are what was come for, and come after all else.
  const ofPage = wire.filter((one) => !new URL(one.url).pathname.startsWith("/media/"));
  return { wire, before, bytes: ofPage.reduce((sum, one) => sum + one.bytes, 0) };
}

for (const [role, path, name] of [[undefined, "/sign-in", "sign-in"], ["cadre", "/home", "home"], ["cadre", search, "search"],
                                  ["cadre", lesson, "lesson"], ["cadre", "/record", "record"]]) {
  const context = await visitor(browser, role, phone);
  const first = await load(context, path);
  const again = await load(context, path);
  const names = (requests) => requests.map((one) => `${new URL(one.url).pathname.split("/").pop().slice(0, 24)} ${one.bytes}`).join(", ");
  if (first.before.length > MOST_REQUESTS) found(`${name}: ${first.before.length} requests before content (${names(first.before)})`);
  if (first.bytes > MOST_BYTES) found(`${name}: ${first.bytes} bytes at the first load (${names(first.wire)})`);
  if (again.wire.length > MOST_LATER) found(`${name}: ${again.wire.length} requests at the second load (${names(again.wire)})`);
  console.error(`${name}: first ${first.bytes} bytes in ${first.wire.length} requests (${names(first.wire)}); again ${names(again.wire)}`);
  await context.close();
}
ran(`Chromium ${browser.version()}`, "5 phone pages, twice each");
await browser.close();
