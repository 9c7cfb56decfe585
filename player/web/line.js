// Whether the server can be reached: one calm line when it cannot, and no press that ends in a browser's error page.
//
// A press on a link is a question first; only when the server answers does the page change. Until then the page stays
// as it is, usable, and the press is carried out when the line is back, unless something else was pressed meanwhile.

const ALIVE = "/healthz";
const PATIENCE_MS = 8_000;
const AGAIN_MS = 3_000;

let wanted = null;
let retry = 0;
let line = null;

// GET; never throws. `status` 0 means no answer came; `body` is what came as JSON.
export async function ask(url) {
  const giveUp = new AbortController();
  const timer = setTimeout(() => giveUp.abort(), PATIENCE_MS);
  try {
    const response = await fetch(url, { credentials: "same-origin", cache: "no-store", signal: giveUp.signal });
    const json = response.headers.get("Content-Type")?.startsWith("application/json");
    return { status: response.status, body: json ? await response.json() : null };
  } catch {
    return { status: 0, body: null };
  } finally {
    clearTimeout(timer);
  }
}

// Say what is the matter, or with nothing that all is well.
export function say(text = "") {
  if (!line) {
    line = Object.assign(document.createElement("p"), { className: "line", hidden: true });
    line.setAttribute("role", "status");
    (document.querySelector("main") ?? document.body).append(line);
  }
  line.textContent = text;
  line.hidden = !text;
}

// Go to a page of ours as soon as the server answers.
export async function go(href) {
  clearTimeout(retry);
  wanted = href;
  const { status } = await ask(ALIVE);
  if (wanted !== href) return;
  if (status) return location.assign(href);
  say("网络断开，接通后自动打开");
  retry = setTimeout(() => wanted === href && go(href), AGAIN_MS);
}

// Links and search forms of this page ask before they leave it.
export function guard() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href]");
    if (!link || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey || link.target || link.origin !== location.origin) return;
    event.preventDefault();
    go(link.href);
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "get") return;
    event.preventDefault();
    const words = new URLSearchParams(new FormData(form, event.submitter));
    go(`${new URL(form.action).pathname}?${words}`);
  });
}
