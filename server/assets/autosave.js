// While a lesson is being edited: what is written goes to the server as a draft, and who else edits is told.

import { onDraftDropped, textOf } from "./draft.js";

const AFTER_MS = 2_000;
const EVERY_MS = 15_000;

export function autosave(form) {
  const address = form.dataset.autosave;
  if (!address) return;
  const field = form.querySelector(`[name="version"]`);
  const line = form.querySelector("[data-draft-note]");
  const others = form.querySelector("[data-others]");
  let dirty = false;
  let timer = 0;
  let leaving = false;

  form.addEventListener("input", () => {
    dirty = true;
    plan(AFTER_MS);
  });
  form.addEventListener("submit", () => {
    leaving = true;
    clearTimeout(timer);
  });
  onDraftDropped(form, () => fetch(address, { method: "DELETE", credentials: "same-origin" }).catch(() => {}));
  document.addEventListener("visibilitychange", () => {
    if (document.hidden && dirty) put();
    else if (!document.hidden) plan(0);
  });
  plan(0);

  function plan(wait) {
    clearTimeout(timer);
    timer = setTimeout(put, wait);
  }

  async function put() {
    clearTimeout(timer);
    if (leaving) return;
    const wrote = dirty;
    dirty = false;
    const fields = wrote ? Object.fromEntries(Object.entries(textOf(form)).map(([name, value]) => [name, String(value)])) : undefined;
    const version = Number(field.value);
    const body = JSON.stringify({ version, fields });
    const answer = await fetch(address, {
      method: "PUT",
      credentials: "same-origin",
      keepalive: body.length < 60_000,
      headers: { "Content-Type": "application/json" },
      body,
    }).catch(() => null);
    if (leaving) return;
    if (answer?.ok) tell(await answer.json(), version, wrote);
    else dirty ||= wrote;
    // Nobody is asked while nobody looks.
    if (!document.hidden) plan(EVERY_MS);
  }

  function tell(found, version, wrote) {
    const at = new Date(found.at).toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit" });
    if (wrote) line.textContent = `已自动保存 ${at}（还没有正式保存）`;
    const said = found.others.map((other) => `${other.name} 也打开了这一课${other.wrote ? "，正在修改" : ""}。`);
    if (found.version !== version) said.push("有人刚保存了新的内容。您写的不会丢：点保存时，两边不同的地方会并排给您看。");
    else if (said.length) said.push("两人都改也不会丢字：谁后保存，会看到两边的文字再定。");
    others.hidden = !said.length;
    if (others.textContent !== said.join("")) others.textContent = said.join("");
  }
}
