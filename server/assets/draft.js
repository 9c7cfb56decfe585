// The safety copy of a form: from the first key on, what is typed lies on this machine until the server has it.

import { store, stored } from "./storage.js";

const DRAFTS = "yuanjiao:draft:";

export function keepDraft(form) {
  const key = DRAFTS + form.dataset.draft;
  for (const saved of (form.dataset.draftSaved || "").split(" ").filter(Boolean)) store(DRAFTS + saved, null);

  const atStart = JSON.stringify(textOf(form));
  const offer = form.querySelector("[data-draft-offer]");
  const copy = latest(stored(key), onServer(form));
  if (copy && JSON.stringify(fitting(form, copy.fields)) !== atStart) offerDraft(form, offer, key, copy);
  else if (offer) offer.hidden = true;

  let timer = 0;
  const keep = () => {
    timer = 0;
    store(key, { at: Date.now(), version: form.querySelector('[name="version"]')?.value, fields: textOf(form) });
    note(form, `已在本机留底 ${clock(Date.now())}`);
  };
  form.addEventListener("input", (event) => {
    if (event.target.type === "file") return;
    if (offer && !offer.hidden) offer.hidden = true;
    if (!stored(key)) keep();
    else if (!timer) timer = setTimeout(keep, 400);
  });
  let leaving = false;
  form.addEventListener("submit", () => {
    if (timer) clearTimeout(timer);
    keep();
    leaving = true;
  });
  addEventListener("beforeunload", (event) => {
    if (timer) keep();
    if (form.dataset.busy === "yes" && !leaving) event.preventDefault();
  });
}

// What was written elsewhere, on another computer or in a browser that forgets.
function onServer(form) {
  try {
    return JSON.parse(form.dataset.draftServer ?? "null");
  } catch {
    return null;
  }
}

function latest(one, other) {
  if (!one || !other) return one ?? other;
  return one.at > other.at ? one : other;
}

// The fields of a copy as the form has them: in its order, boxes as yes and no.
function fitting(form, fields) {
  const now = textOf(form);
  const value = (name) => (typeof now[name] === "boolean" ? String(fields[name]) === "true" : fields[name]);
  return Object.fromEntries(Object.keys(now).map((name) => [name, name in fields ? value(name) : now[name]]));
}

// Calls `then` when the person does not want what was written.
export function onDraftDropped(form, then) {
  form.querySelector("[data-draft-drop]")?.addEventListener("click", then);
}

export function textOf(form) {
  const fields = {};
  for (const field of form.querySelectorAll("[name]")) {
    if (["file", "submit", "button"].includes(field.type) || ["version", "action", "publish_at", "reason"].includes(field.name)) continue;
    fields[field.name] = field.type === "checkbox" ? field.checked : field.value;
  }
  return fields;
}

function offerDraft(form, offer, key, copy) {
  if (!offer) return;
  offer.querySelector("[data-draft-time]").textContent = clock(copy.at);
  offer.hidden = false;
  offer.querySelector("[data-draft-restore]").addEventListener("click", () => {
    for (const [name, value] of Object.entries(copy.fields)) {
      const field = form.querySelector(`[name="${CSS.escape(name)}"]`);
      if (!field || field.readOnly) continue;
      if (field.type === "checkbox") field.checked = String(value) === "true";
      else field.value = value;
    }
    // It was written over what the lesson said then: if somebody saved since, saving shows both.
    if (copy.version && form.querySelector('[name="version"]')) form.querySelector('[name="version"]').value = copy.version;
    offer.hidden = true;
    note(form, "已恢复，尚未保存到服务器");
  });
  offer.querySelector("[data-draft-drop]").addEventListener("click", () => {
    store(key, null);
    offer.hidden = true;
  });
}

function note(form, text) {
  const line = form.querySelector("[data-draft-note]");
  if (line) line.textContent = text;
}

function clock(at) {
  return new Date(at).toLocaleString("zh-CN", { month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit" });
}
