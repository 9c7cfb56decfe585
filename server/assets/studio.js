// The helper of the lesson editor and of the voices' page: a safety copy of the form, what is uploaded into it, and how
// far that is prepared.
//
// Owns nothing the server does not check again. Without this file the form still saves; only uploading needs it.

import { autosave } from "./autosave.js";
import { keepDraft } from "./draft.js";
import { watchPreparation } from "./preparation.js";
import { uploadArea } from "./upload.js";

for (const form of document.querySelectorAll("form[data-draft]")) keepDraft(form);
for (const form of document.querySelectorAll("form[data-autosave]")) autosave(form);
for (const area of document.querySelectorAll("[data-upload]")) uploadArea(area, attach);
for (const card of document.querySelectorAll("[data-preparation]")) watchPreparation(card);

function attach(done, area) {
  const name = area.dataset.field;
  const field = area.closest("form")?.elements.namedItem(name);
  if (!field) return;
  field.value = done.sha256;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  preview(area.querySelector("[data-upload-preview]"), done.media_url, done.filetype);
  if (name !== "media_sha256") return;
  const card = document.querySelector("[data-preparation]");
  if (card) card.dataset.preparation = `/api/v1/media/${done.sha256}/preparation`;
  card?.dispatchEvent(new Event("change"));
}

function preview(place, url, filetype) {
  const kind = { video: "video", audio: "audio", image: "img" }[filetype.split("/")[0]] ?? "a";
  const seen = document.createElement(kind);
  if (kind === "a") {
    seen.href = url;
    seen.textContent = "查看文件";
  } else if (kind === "img") {
    seen.src = url;
    seen.alt = "";
  } else {
    seen.controls = true;
    seen.preload = "metadata";
    seen.src = url;
  }
  place.replaceChildren(seen);
}
