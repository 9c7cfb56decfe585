// Search as you type. Without it the form still works; letters of an unfinished pinyin word are never sent.

const WAIT_MS = 180;

for (const form of document.querySelectorAll("form[data-suggest]")) suggest(form);

function suggest(form) {
  const input = form.querySelector("input[name=q]");
  const list = document.createElement("ul");
  Object.assign(list, { className: "suggest", id: "suggest-list", hidden: true });
  list.setAttribute("role", "listbox");
  input.parentElement.append(list);
  for (const [name, value] of [["role", "combobox"], ["aria-controls", list.id], ["aria-expanded", "false"], ["aria-autocomplete", "list"], ["autocomplete", "off"]]) {
    input.setAttribute(name, value);
  }
  let composing = false;
  let timer = 0;
  let asked = null;

  input.addEventListener("compositionstart", () => (composing = true));
  input.addEventListener("compositionend", () => {
    composing = false;
    soon();
  });
  input.addEventListener("input", (event) => {
    if (!composing && !event.isComposing) soon();
  });
  input.addEventListener("blur", () => setTimeout(close, 150));
  input.addEventListener("keydown", (event) => {
    if (event.isComposing || list.hidden) return;
    if (event.key === "ArrowDown") move(1);
    else if (event.key === "ArrowUp") move(-1);
    else if (event.key === "Escape") close();
    else if (event.key === "Enter" && chosen()) input.value = chosen().textContent;
    else return;
    if (event.key !== "Enter") event.preventDefault();
  });
  list.addEventListener("pointerdown", (event) => {
    const item = event.target.closest("li");
    if (!item) return;
    event.preventDefault();
    input.value = item.textContent;
    form.requestSubmit();
  });

  function soon() {
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT_MS);
  }

  async function ask() {
    asked?.abort();
    const q = input.value.trim();
    if (!q) return close();
    asked = new AbortController();
    try {
      const response = await fetch(`/api/v1/suggest?q=${encodeURIComponent(q)}`, { credentials: "same-origin", signal: asked.signal });
      if (response.ok) draw(await response.json());
    } catch {
      // Typed on, or no line: the form works without.
    }
  }

  function draw(answer) {
    const texts = (answer.suggestions ?? answer).map((item) => item.text ?? item.title ?? item).slice(0, 8);
    list.replaceChildren(
      ...texts.map((text, index) => {
        const item = document.createElement("li");
        item.id = `suggest-${index}`;
        item.setAttribute("role", "option");
        item.textContent = text;
        return item;
      }),
    );
    list.hidden = texts.length === 0 || document.activeElement !== input;
    input.setAttribute("aria-expanded", String(!list.hidden));
    input.removeAttribute("aria-activedescendant");
  }

  function chosen() {
    return list.querySelector("[aria-selected=true]");
  }

  function move(by) {
    const items = [...list.children];
    const to = items[(items.indexOf(chosen()) + by + items.length + (by < 0 && !chosen() ? 1 : 0)) % items.length];
    chosen()?.removeAttribute("aria-selected");
    to.setAttribute("aria-selected", "true");
    input.setAttribute("aria-activedescendant", to.id);
  }

  function close() {
    asked?.abort();
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
  }
}
