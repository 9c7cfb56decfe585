// Search as you type. Without it the form still works. Letters of an unfinished pinyin word are never sent, and what was
// searched for before stays on this device, for the same account.

import { SEARCHES, owner } from "./owner.js";

const WAIT_MS = 150;
const HISTORY = `${SEARCHES}:${owner}`;
const REMEMBERED = 8;

for (const form of document.querySelectorAll("form[data-suggest]")) suggest(form);
for (const select of document.querySelectorAll("select[data-submit]")) {
  select.addEventListener("change", () => select.form.requestSubmit());
}

// `data-suggest="words"`: courses are searched for rather than opened, and nothing is remembered (a shared screen).
function suggest(form) {
  const input = form.querySelector("input[name=q]");
  const shared = form.dataset.suggest === "words";
  const box = element("div", { className: "suggest", hidden: true });
  const list = element("ul", { id: "suggest-list", role: "listbox", ariaLabel: "搜索建议" });
  const clear = element("button", { type: "button", className: "link", textContent: "清除记录", hidden: true });
  box.append(list, clear);
  form.append(box);
  for (const [name, value] of [["role", "combobox"], ["aria-controls", list.id], ["aria-expanded", "false"], ["aria-autocomplete", "list"], ["autocomplete", "off"]]) {
    input.setAttribute(name, value);
  }
  let composing = false;
  let timer = 0;
  let asked = null;

  input.addEventListener("compositionstart", () => {
    composing = true;
    stop();
  });
  input.addEventListener("compositionend", () => {
    composing = false;
    soon();
  });
  input.addEventListener("input", (event) => {
    if (!composing && !event.isComposing) soon();
  });
  input.addEventListener("focus", () => input.value || remember());
  form.addEventListener("focusout", (event) => form.contains(event.relatedTarget) || close());
  input.addEventListener("keydown", (event) => {
    if (composing || event.isComposing || box.hidden) return;
    if (event.key === "ArrowDown") move(1);
    else if (event.key === "ArrowUp") move(-1);
    else if (event.key === "Escape") close();
    else if (event.key === "Enter" && chosen()) take(chosen());
    else return;
    event.preventDefault();
    event.stopPropagation(); // a remote's arrows must not leave the field meanwhile
  });
  list.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
  list.addEventListener("click", (event) => {
    const item = event.target.closest("li");
    if (item) take(item);
  });
  clear.addEventListener("click", () => {
    keep([]);
    close();
    input.focus();
  });
  form.addEventListener("submit", () => {
    stop();
    const q = input.value.trim();
    if (q && !shared) keep([q, ...history().filter((old) => old !== q)].slice(0, REMEMBERED));
  });

  function soon() {
    stop();
    timer = setTimeout(ask, WAIT_MS);
  }

  function stop() {
    clearTimeout(timer);
    asked?.abort();
  }

  async function ask() {
    const q = input.value.trim();
    if (!q) return remember();
    asked = new AbortController();
    try {
      const response = await fetch(`/api/v1/suggest?q=${encodeURIComponent(q)}`, { credentials: "same-origin", signal: asked.signal });
      if (response.ok) draw((await response.json()).suggestions);
    } catch {
      // Typed on, or no line: the form works without.
    }
  }

  function remember() {
    const old = shared ? [] : history();
    draw(old.map((text) => ({ text, kind_label: "搜过" })));
    clear.hidden = !old.length;
  }

  function draw(suggestions) {
    clear.hidden = true;
    list.replaceChildren(
      ...suggestions.map(({ text, html, kind_label, href }, index) => {
        const item = element("li", { id: `suggest-${index}`, role: "option", ariaSelected: "false" });
        const words = element("span", {});
        if (html) words.innerHTML = html; // escaped by the server, with <mark> around what was typed
        else words.textContent = text;
        item.append(words, element("span", { className: "badge off", textContent: kind_label }));
        item.dataset.text = text;
        if (href && !shared) item.dataset.href = href;
        return item;
      }),
    );
    box.hidden = !suggestions.length || document.activeElement !== input;
    input.setAttribute("aria-expanded", String(!box.hidden));
    input.removeAttribute("aria-activedescendant");
  }

  function chosen() {
    return list.querySelector("[aria-selected=true]");
  }

  function move(by) {
    stop(); // or an answer on its way would draw over what is being chosen
    const items = [...list.children];
    const at = items.indexOf(chosen());
    const to = items[at < 0 ? (by > 0 ? 0 : items.length - 1) : (at + by + items.length) % items.length];
    items[at]?.setAttribute("aria-selected", "false");
    to.setAttribute("aria-selected", "true");
    to.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", to.id);
  }

  function take(item) {
    if (item.dataset.href) return location.assign(item.dataset.href);
    input.value = item.dataset.text;
    form.requestSubmit();
  }

  function close() {
    stop();
    box.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }
}

function element(name, properties) {
  const { role, ...rest } = properties;
  const made = Object.assign(document.createElement(name), rest);
  if (role) made.setAttribute("role", role);
  return made;
}

function history() {
  try {
    const kept = JSON.parse(localStorage.getItem(HISTORY));
    return Array.isArray(kept) ? kept.filter((text) => typeof text === "string") : [];
  } catch {
    return []; // a browser that keeps nothing
  }
}

function keep(texts) {
  try {
    if (texts.length) localStorage.setItem(HISTORY, JSON.stringify(texts));
    else localStorage.removeItem(HISTORY);
  } catch {
    // Nothing is remembered, everything else works.
  }
}
