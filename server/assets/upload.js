// A place to drop files: a queue that sends one file after the other, each with its own row to watch and to steer it by.

import { Upload, reach, size } from "./tus.js";

// `finished(done, area)` is called for every file that is whole on the server. With `data-many` the area takes several
// files, without it one: the last that was chosen.
export function uploadArea(area, finished) {
  const part = (name) => area.querySelector(`[data-upload-${name}]`);
  const form = area.closest("form");
  const many = "many" in area.dataset;
  const queue = [];

  part("file").addEventListener("change", () => {
    take(part("file").files);
    part("file").value = "";
  });
  dropTarget(part("drop"), take);
  addEventListener("online", () => queue.forEach((entry) => entry.upload.hurry()));
  addEventListener("beforeunload", (event) => {
    if (!form && queue.some((entry) => entry.busy)) event.preventDefault();
  });
  showUnfinished(part("open"));

  function take(files) {
    const chosen = many ? [...files] : [...files].slice(0, 1);
    if (!many && files.length > 1) say("一课只放一个文件，已取第一个。多个文件请到“上传多个文件”。");
    if (!many) for (const entry of queue.splice(0)) entry.leave();
    for (const file of chosen) if (!queue.some((entry) => entry.open && same(entry.file, file))) add(file);
    next();
  }

  function add(file) {
    const entry = new Entry(file, area, { course_id: valueOf(form, "course_id") }, many, changed);
    queue.push(entry);
    part("rows").append(entry.row);
  }

  function changed(entry, done) {
    if (form) form.dataset.busy = queue.some((other) => other.busy) ? "yes" : "no";
    if (done) finished(done, area);
    next();
  }

  // One at a time: two share one line, and the first is what somebody waits for.
  function next() {
    if (queue.some((entry) => entry.sends)) return;
    queue.find((entry) => entry.waits)?.go();
  }

  function say(text) {
    part("note").textContent = text;
  }
}

// One file on its way, and its row.
class Entry {
  constructor(file, area, extra, many, changed) {
    Object.assign(this, { file, area, many, changed, state: "queued" });
    this.row = area.querySelector("[data-upload-row]").content.firstElementChild.cloneNode(true);
    this.part("name").textContent = `${file.name}（${size(file.size)}）`;
    const done = area.dataset.said ?? (many ? "已传到服务器。" : "上传完成。请点“保存”，把文件存到这一课。");
    this.upload = new Upload(file, area.dataset.upload, extra, done, (state, detail) => this.shown(state, detail));
    this.part("pause").addEventListener("click", () => this.turn());
    this.part("cancel").addEventListener("click", () => this.upload.cancel());
    this.shown("queued", { share: 0, text: "排队中，轮到它就开始。" });
  }

  part(name) {
    return this.row.querySelector(`[data-upload-${name}]`);
  }

  get sends() {
    return ["checking", "sending", "waiting"].includes(this.state);
  }

  get busy() {
    return this.sends || this.state === "queued";
  }

  get waits() {
    return this.state === "queued";
  }

  get open() {
    return !["complete", "cancelled", "failed"].includes(this.state);
  }

  go() {
    this.state = "sending";
    if (this.upload.paused) this.upload.resume();
    else this.upload.start();
  }

  turn() {
    if (this.state === "paused") this.shown("queued", { text: "排队中，轮到它就接着传。" });
    else this.upload.pause();
  }

  leave() {
    this.upload.abandon();
    this.row.remove();
  }

  shown(state, detail) {
    this.state = state;
    this.row.dataset.state = state;
    this.part("pause").hidden = !this.busy && state !== "paused";
    this.part("pause").textContent = state === "paused" ? "继续上传" : "暂停";
    this.part("cancel").hidden = ["complete", "cancelled"].includes(state);
    if (detail.share !== undefined) {
      this.part("bar").value = detail.share;
      this.part("percent").textContent = `${(detail.share * 100).toFixed(detail.share < 1 ? 1 : 0)} %`;
    }
    this.part("rate").textContent = detail.rate ? `${size(detail.rate)}/秒，还需 ${span(detail.left_s)}` : "";
    if (detail.text) this.part("status").textContent = detail.text;
    if (state === "complete" && this.many) this.lead(detail);
    this.changed(this, state === "complete" ? detail : null);
  }

  lead(done) {
    const link = this.part("lesson");
    const title = this.file.name.replace(/\.[^.]+$/, "");
    link.href = `/studio/lessons/new?${new URLSearchParams({ title, media: done.sha256 })}`;
    link.hidden = false;
  }
}

function dropTarget(place, take) {
  const over = (on) => (event) => {
    if (![...(event.dataTransfer?.types ?? [])].includes("Files")) return;
    event.preventDefault();
    place.classList.toggle("over", on);
  };
  place.addEventListener("dragenter", over(true));
  place.addEventListener("dragover", over(true));
  place.addEventListener("dragleave", over(false));
  place.addEventListener("drop", (event) => {
    over(false)(event);
    if (event.dataTransfer?.files.length) take(event.dataTransfer.files);
  });
}

// A page cannot reopen a file, but its upload goes on once the person chooses it again, on whatever computer.
async function showUnfinished(list) {
  const answer = await reach("/api/v1/uploads", {}).catch(() => null);
  const open = answer?.ok ? (await answer.json()).uploads : [];
  for (const entry of open) {
    const row = document.createElement("li");
    const text = document.createElement("span");
    const percent = entry.length ? Math.floor((entry.offset / entry.length) * 100) : 0;
    text.textContent = `${entry.filename}（${size(entry.length)}，已传 ${percent} %，${day(entry.created_at)}开始）`;
    const drop = document.createElement("button");
    Object.assign(drop, { type: "button", className: "btn quiet small", textContent: "不要了" });
    drop.addEventListener("click", async () => {
      await reach(entry.url, { method: "DELETE", headers: { "Tus-Resumable": "1.0.0" } }).catch(() => {});
      row.remove();
      count();
    });
    row.append(text, drop);
    list.append(row);
  }
  count();

  function count() {
    const reminder = list.closest("[data-upload-reminder]");
    reminder.querySelector("[data-upload-count]").textContent = list.children.length;
    reminder.classList.toggle("some", list.children.length > 0);
  }
}

function same(one, other) {
  return one.name === other.name && one.size === other.size && one.lastModified === other.lastModified;
}

function valueOf(form, name) {
  const field = form?.querySelector(`[name="${name}"]`);
  return field && /^\d+$/.test(field.value) ? field.value : "";
}

function day(at) {
  return new Date(at).toLocaleDateString("zh-CN", { month: "numeric", day: "numeric" });
}

function span(seconds) {
  if (seconds < 60) return `${Math.ceil(seconds)} 秒`;
  if (seconds < 3600) return `${Math.ceil(seconds / 60)} 分钟`;
  return `${Math.floor(seconds / 3600)} 小时 ${Math.round((seconds % 3600) / 60)} 分钟`;
}
