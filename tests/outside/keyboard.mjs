// The pages that matter most by the Tab key alone, at 1280 and at 360 pixels: every control is reached, in an order that
// comes to its end, each shows that it has the focus, and nothing lies over it.
import { chromium, found, onePerShape, pages, ran, root, visitor } from "./city.mjs";

const lesson = pages().find((page) => page.shape === "/lessons/*").path;
const walked = [["sign-in", undefined, "/sign-in"], ["home", "cadre", "/home"], ["search", "cadre", `/search?q=${encodeURIComponent("水稻")}`],
  ["lesson", "cadre", lesson], ["record", "cadre", "/record"], ["classroom", "site", "/classroom"], ["studio", "trainer", "/studio"],
  ["office", "office", "/office"]];
for (const [name, shape] of [["editor", "/studio/lessons/*"], ["class", "/studio/classes/*"], ["rules", "/office/rules/draft?unit"],
  ["person", "/office/people/*"], ["declare", "/record/declare"], ["roll", "/classroom/*"], ["room", "/classroom/play/*"],
  ["over", "/classroom/done/*"], ["asked", "/classroom/quiz/*"]]) {
  const one = onePerShape().find((page) => page.shape === shape);
  if (one) walked.push([name, one.role, one.path]);
  else found(`${name}: no page of the shape ${shape} was found`);
}
const MOST_TIMES = 25; // a player's own controls take several
const browser = await chromium();

// Numbers what should be reached, and remembers how it looks without the focus. Of radio buttons of one name one is.
const number = () => {
  const wanted = "a[href], button, input:not([type=hidden]), select, textarea, summary, audio[controls], video[controls], [tabindex]:not([tabindex='-1'])";
  const looks = (element) => {
    if (!element) return "";
    const style = (part) => {
      const { outlineStyle, outlineWidth, outlineColor, boxShadow, backgroundColor, color, textDecorationLine, opacity, left, clipPath,
        borderTopColor, borderTopWidth, borderBottomColor } = getComputedStyle(element, part);
      return [outlineStyle, outlineStyle === "none" ? "" : outlineWidth + outlineColor, boxShadow, backgroundColor, color, textDecorationLine, opacity, left,
        clipPath, borderTopColor, borderTopWidth, borderBottomColor].join();
    };
    return style(null) + style("::before") + style("::after");
  };
  // A control whose own box is hidden shows its focus on its label.
  window.looksOf = (element) => [element, element.labels?.[0], element.nextElementSibling].map(looks).join("|");
  const groups = new Set();
  window.controls = [...document.querySelectorAll(wanted)].filter((element) => {
    const style = getComputedStyle(element);
    const { width, height } = element.getBoundingClientRect();
    if (element.matches(":disabled, [inert] *, [tabindex='-1']") || style.visibility !== "visible" || width === 0 || height === 0) return false;
    if (element.closest("details:not([open])") && !element.matches("summary")) return false;
    if (!element.checkVisibility()) return false;
    if (element.type !== "radio") return true;
    const group = `${element.form?.id ?? ""} ${element.name}`;
    const chosen = document.querySelector(`input[type=radio][name="${CSS.escape(element.name)}"]:checked`);
    if (groups.has(group) || (chosen && chosen !== element)) return false;
    return groups.add(group);
  });
  document.activeElement.blur();
  window.controls.forEach((element) => (element.rested = window.looksOf(element)));
  // From the top, also where the page put the focus elsewhere.
  const top = document.body.insertBefore(document.createElement("i"), document.body.firstChild);
  top.tabIndex = -1;
  top.focus();
  top.remove();
  return window.controls.length;
};

const where = () => {
  const element = document.activeElement;
  if (!element || element === document.body) return { at: "the end" };
  const name = element.tagName.toLowerCase() + (element.id ? `#${element.id}` : element.classList[0] ? `.${element.classList[0]}` : "") +
    (element.name ? `[name=${element.name}]` : "") + ` "${(element.innerText ?? element.value ?? "").trim().slice(0, 16)}"`;
  const { left, top, right, bottom, width, height } = element.getBoundingClientRect();
  const points = [[left + width / 2, top + height / 2], [left + 3, top + 3], [right - 3, bottom - 3], [right - 3, top + 3], [left + 3, bottom - 3]];
  const own = (hit) => hit && (element.contains(hit) || hit.contains(element) || [...(element.labels ?? [])].some((label) => label.contains(hit)));
  const inside = points.filter(([x, y]) => x >= 0 && y >= 0 && x < innerWidth && y < innerHeight);
  return {
    at: window.controls.indexOf(element),
    name,
    shown: window.looksOf(element) !== (element.rested ?? window.looksOf(element)) || element.matches("audio, video, input[type=file]"),
    away: inside.length === 0 && width > 4,
    covered: width > 4 && inside.length > 0 && !inside.some(([x, y]) => own(document.elementFromPoint(x, y))),
  };
};

let reached = 0;
for (const width of [1280, 360]) {
  for (const [page, role, path] of walked) {
    const context = await visitor(browser, role, { viewport: { width, height: 740 }, locale: "zh-CN" });
    const tab = await context.newPage();
    tab.setDefaultTimeout(120000); // how fast it is others judge
    const problem = (text) => found(`${page} at ${width}: ${text}`);
    await tab.goto(root + path, { waitUntil: "load" });
    await tab.waitForTimeout(300);
    const many = await tab.evaluate(number);
    const times = new Map();
    let last;
    for (let step = 0; step < many * 2 + 60; step += 1) {
      await tab.keyboard.press("Tab");
      last = await tab.evaluate(where);
      if (last.at === "the end") break;
      const before = times.get(last.name + last.at) ?? 0;
      times.set(last.name + last.at, before + 1);
      if (before > MOST_TIMES) break;
      if (before > 0) continue;
      if (!last.shown) problem(`no focus is seen on ${last.name}`);
      if (last.away) problem(`the focus is outside the window on ${last.name}`);
      if (last.covered) problem(`something lies over ${last.name}`);
    }
    if (last?.at !== "the end") problem(`Tab does not come to the end: ${last?.name}`);
    const missed = await tab.evaluate((seen) =>
      window.controls.filter((_, at) => !seen.includes(at)).map((element) => element.outerHTML.slice(0, 100)),
      [...times.keys()].map((key) => Number(key.match(/-?\d+$/)[0])));
    for (const control of new Set(missed)) problem(`Tab never reaches ${control}`);
    reached += many - missed.length;
    console.error(`${page} at ${width}: ${many} controls, ${missed.length} missed`);
    await context.close();
  }
}
ran(`Chromium ${browser.version()}`, `${walked.length} pages at 2 widths, ${reached} controls reached by Tab`);
await browser.close();
