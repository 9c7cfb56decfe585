// Four arrows, OK and Back: moves a focus over the page the way a television remote does.
//
// Knows nothing of lessons. A layer (`[data-layer]`, not hidden) keeps the focus inside itself; `[data-first]` gets it
// first; `[data-back]` on a link says where Back leads.

const TARGETS = "a[href], button:not([disabled]), input:not([type=hidden]), [tabindex='0']";
const TOWARDS = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

// An OK this soon after a page appeared was meant for the page before: a finger that stays down, a remote that repeats.
const NOT_YET_MS = 400;

// Start listening. `own(key)` may take a key first and answer true.
export function listen(own = () => false) {
  const began = performance.now();
  addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return;
    const writing = event.target.matches?.("input:not([type=button])");
    if (event.key === "Enter" && !writing && (event.repeat || performance.now() - began < NOT_YET_MS)) return event.preventDefault();
    const key = event.key === "GoBack" || event.key === "BrowserBack" ? "Escape" : event.key;
    const back = key === "Escape" || (key === "Backspace" && !writing);
    if (own(back ? "Escape" : key, event)) return event.preventDefault();
    if (back) {
      const link = layer().querySelector("[data-back]");
      if (link) {
        event.preventDefault();
        link.click();
      }
    } else if (TOWARDS[key] && !(writing && inText(event.target, key))) {
      event.preventDefault();
      move(TOWARDS[key]);
    }
  });
  focusFirst();
}

// Put the focus where a layer wants it, so that one press of OK does the likeliest thing.
export function focusFirst(within = layer()) {
  const first = within.querySelector("[data-first]:not([disabled])") ?? targets(within)[0];
  first?.focus({ preventScroll: false });
}

function layer() {
  return [...document.querySelectorAll("[data-layer]")].reverse().find((element) => !element.hidden) ?? document.querySelector("main");
}

function targets(within) {
  return [...within.querySelectorAll(TARGETS)].filter((element) => element.getClientRects().length);
}

// The nearest target that lies that way; going straight counts more than being near.
function move([x, y]) {
  const within = layer();
  const from = within.contains(document.activeElement) ? document.activeElement.getBoundingClientRect() : null;
  if (!from) return focusFirst(within);
  let best = null;
  for (const target of targets(within)) {
    const to = target.getBoundingClientRect();
    const ahead = x ? x * (x > 0 ? to.left - from.right : to.right - from.left) : y * (y > 0 ? to.top - from.bottom : to.bottom - from.top);
    if (target === document.activeElement || ahead < -2) continue;
    const aside = x ? gap(from.top, from.bottom, to.top, to.bottom) : gap(from.left, from.right, to.left, to.right);
    const middle = x ? Math.abs(to.top + to.bottom - from.top - from.bottom) : Math.abs(to.left + to.right - from.left - from.right);
    const far = Math.max(ahead, 0) + aside * 6 + middle * 0.2;
    if (!best || far < best.far) best = { target, far };
  }
  if (!best) return;
  best.target.focus({ preventScroll: true });
  best.target.scrollIntoView({ block: "center", inline: "nearest" });
}

function gap(a, b, c, d) {
  return Math.max(0, c - b, a - d);
}

// Left and right move inside written text until its end is reached.
function inText(input, key) {
  const at = input.selectionStart;
  if (key === "ArrowLeft") return at > 0;
  if (key === "ArrowRight") return at < input.value.length;
  return false;
}
