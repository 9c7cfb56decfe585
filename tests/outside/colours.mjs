// One page of each shape with colours forced by the system (as for people who see little): what is drawn by its background
// alone must not vanish, a meter still says how far it is, and what is chosen still differs from what is not.
import { chromium, found, onePerShape, ran, root, visitor } from "./city.mjs";

const browser = await chromium();
const said = new Map(); // what is wrong, and the pages where it is
const say = (text, shape) => said.set(text, (said.get(text) ?? new Set()).add(shape));

// With the page's own colours: what stands out from what is behind it, and says nothing in words.
const shapes = () => {
  const seen = [];
  const clear = (colour) => /, 0\)$|transparent/.test(colour);
  const behind = (element) => {
    for (let at = element.parentElement; at; at = at.parentElement) if (!clear(getComputedStyle(at).backgroundColor)) return getComputedStyle(at).backgroundColor;
    return "rgb(255, 255, 255)";
  };
  const named = (element) => element.tagName.toLowerCase() + [...element.classList].map((name) => `.${name}`).join("");
  for (const element of document.body.querySelectorAll("*")) {
    const { backgroundColor, backgroundImage, visibility } = getComputedStyle(element);
    const box = element.getBoundingClientRect();
    if (visibility !== "visible" || !element.checkVisibility() || box.width < 4 || box.height < 4) continue;
    if (element.closest("video, audio, svg svg, [hidden]") || (element.closest("svg") && element.tagName !== "svg")) continue;
    const at = { x: box.x + scrollX, y: box.y + scrollY, width: box.width, height: box.height };
    const isMeter = element.matches("progress, meter");
    const isControl = element.matches("button, .btn, .badge, input:not([type=hidden]), select, textarea, summary, .chips a");
    const isBlock = !clear(backgroundColor) && backgroundColor !== behind(element) && !element.innerText?.trim() && !element.querySelector("img, svg, input, video, canvas");
    if (isMeter || isControl || isBlock || element.tagName === "svg") {
      seen.push({ name: named(element), at, share: isMeter && element.hasAttribute("value") ? element.value / element.max : null, image: backgroundImage !== "none" });
    }
  }
  return seen;
};

// What the eye gets: how many colours each box has, and whether a meter's two ends differ.
const look = async ({ png, boxes }) => {
  const picture = new Image();
  picture.src = `data:image/png;base64,${png}`;
  await picture.decode();
  const canvas = new OffscreenCanvas(picture.width, picture.height);
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  pen.drawImage(picture, 0, 0);
  return boxes.map(({ at: { x, y, width, height }, share }) => {
    const [left, top] = [Math.max(0, Math.floor(x) - 1), Math.max(0, Math.floor(y) - 1)];
    const [wide, high] = [Math.min(Math.ceil(width) + 2, canvas.width - left), Math.min(Math.ceil(height) + 2, canvas.height - top)];
    if (wide < 1 || high < 1) return { colours: 9 };
    const { data } = pen.getImageData(left, top, wide, high);
    const colours = new Set();
    for (let at = 0; at < data.length; at += 4) colours.add((data[at] << 16) | (data[at + 1] << 8) | data[at + 2]);
    if (share === null || share < 0.1 || share > 0.9) return { colours: colours.size };
    const middle = Math.floor(high / 2) * wide;
    const pixel = (part) => data.slice((middle + Math.floor(wide * part)) * 4, (middle + Math.floor(wide * part)) * 4 + 3).join();
    return { colours: colours.size, ends: pixel(share / 2) !== pixel((1 + share) / 2) };
  });
};

// Of things of one kind beside each other, the chosen one.
const chosen = () => {
  const lost = new Set();
  const kind = "[aria-current]:not([aria-current=false]), [aria-pressed=true], [aria-selected=true]";
  for (const element of document.querySelectorAll(kind)) {
    const others = [...(element.closest("ul, ol, nav, .forms, .tools, .roll, .chips, [role=listbox]") ?? element.parentElement).querySelectorAll(element.tagName)];
    const other = others.find((one) => one !== element && !one.matches(kind) && one.className === element.className && one.checkVisibility());
    if (!other || !element.checkVisibility()) continue;
    const looks = (one) => {
      const parts = [null, "::before", "::after"].map((part) => getComputedStyle(one, part));
      return parts.map((style) => [style.borderTopStyle, style.borderTopWidth, style.borderBottomWidth, style.borderLeftWidth, style.outlineStyle, style.outlineWidth,
        style.fontWeight, style.textDecorationLine, style.content, style.backgroundColor, style.color, style.borderTopColor].join()).join("|");
    };
    if (looks(element) === looks(other)) lost.add(element.tagName.toLowerCase() + [...element.classList].map((name) => `.${name}`).join("") + ` in ${element.parentElement.className || element.parentElement.tagName.toLowerCase()}`);
  }
  return [...lost];
};

const one = onePerShape();
const desk = await (await browser.newContext()).newPage();
let boxesSeen = 0;
for (const role of new Set(one.map((page) => page.role))) {
  const context = await visitor(browser, role, { viewport: { width: 1000, height: 800 }, locale: "zh-CN", reducedMotion: "reduce" });
  for (const { path, shape } of one.filter((page) => page.role === role)) {
    const page = await context.newPage();
    page.setDefaultTimeout(120000); // how fast it is others judge
    await page.goto(root + path, { waitUntil: "load" });
    const boxes = (await page.evaluate(shapes)).filter(({ at }) => at.y + at.height < 6000).slice(0, 600);
    await page.emulateMedia({ forcedColors: "active", reducedMotion: "reduce" });
    const height = Math.min(6000, await page.evaluate(() => document.documentElement.scrollHeight));
    const png = (await page.screenshot({ clip: { x: 0, y: 0, width: 1000, height }, fullPage: true })).toString("base64");
    const looks = await desk.evaluate(look, { png, boxes });
    boxesSeen += boxes.length;
    boxes.forEach(({ name }, at) => {
      if (looks[at].colours < 2) say(`${name} vanishes`, shape);
      else if (looks[at].ends === false) say(`${name} does not say how far it is`, shape);
    });
    for (const text of await page.evaluate(chosen)) say(`the chosen ${text} looks like the others`, shape);
    await page.close();
  }
  await context.close();
}
for (const [text, where] of said) found(`${text} on ${where.size} kinds of pages, such as ${[...where][0]}`);
ran(`Chromium ${browser.version()}`, `${one.length} pages in forced colours, ${boxesSeen} controls, meters and marks`);
await browser.close();
