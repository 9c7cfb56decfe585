// The lesson editor's helper: resumable upload (tus 1.0.0) and a safety copy of the form.
//
// Owns nothing the server does not check again. Without this file the form still saves; only uploading needs it.

// A piece that is cut short is sent again whole, so a bad line gets smaller ones.
const LARGEST_PIECE = 4 * 1024 * 1024;
const SMALLEST_PIECE = 256 * 1024;
const STALL_MS = 60_000;
const LONGEST_WAIT_MS = 30_000;
const UPLOADS = "yuanjiao:upload:";
const DRAFTS = "yuanjiao:draft:";

for (const form of document.querySelectorAll("form[data-draft]")) keepDraft(form);
for (const area of document.querySelectorAll("[data-upload]")) uploadArea(area);
for (const card of document.querySelectorAll("[data-preparation]")) watchPreparation(card);

// ---- local storage that may be full, closed or absent -------------------------------------------------------

function stored(key) {
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch {
    return null;
  }
}

function keys(prefix) {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith(prefix));
  } catch {
    return [];
  }
}

function store(key, value) {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // A full or forbidden storage costs the safety copy, never the work itself.
  }
}

// ---- the safety copy of the form ----------------------------------------------------------------------------

function keepDraft(form) {
  const key = DRAFTS + form.dataset.draft;
  for (const saved of (form.dataset.draftSaved || "").split(" ").filter(Boolean)) store(DRAFTS + saved, null);

  const atStart = JSON.stringify(textOf(form));
  const offer = form.querySelector("[data-draft-offer]");
  const copy = stored(key);
  if (copy && JSON.stringify(copy.fields) !== atStart) offerDraft(form, offer, key, copy);

  let timer = 0;
  const keep = () => {
    timer = 0;
    store(key, { at: Date.now(), fields: textOf(form) });
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

function textOf(form) {
  const fields = {};
  for (const field of form.querySelectorAll("[name]")) {
    if (["file", "submit", "button"].includes(field.type) || ["version", "action"].includes(field.name)) continue;
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
      if (field.type === "checkbox") field.checked = value === true;
      else field.value = value;
    }
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

// ---- the upload area ----------------------------------------------------------------------------------------

function uploadArea(area) {
  const part = (name) => area.querySelector(`[data-upload-${name}]`);
  const form = area.closest("form") || document.querySelector("form[data-draft]");
  let upload = null;

  area.querySelector("[data-upload-controls]").hidden = false;
  remindUnfinished();
  part("file").addEventListener("change", () => {
    const file = part("file").files[0];
    if (file) begin(file);
  });
  part("pause").addEventListener("click", () => (upload.paused ? upload.resume() : upload.pause()));
  part("cancel").addEventListener("click", () => upload.cancel());
  addEventListener("online", () => upload && upload.hurry());

  function begin(file) {
    if (upload) upload.abandon();
    part("panel").hidden = false;
    part("name").textContent = `${file.name}（${size(file.size)}）`;
    upload = new Upload(file, area.dataset.upload, { course_id: valueOf(form, "course_id") }, shown);
    upload.start();
  }

  function shown(state, detail) {
    form.dataset.busy = ["sending", "waiting"].includes(state) ? "yes" : "no";
    part("pause").hidden = !["sending", "waiting", "paused"].includes(state);
    part("pause").textContent = state === "paused" ? "继续上传" : "暂停";
    part("cancel").hidden = ["complete", "cancelled"].includes(state);
    part("panel").dataset.state = state;
    if (detail.share !== undefined) {
      part("bar").value = detail.share;
      part("percent").textContent = `${(detail.share * 100).toFixed(detail.share < 1 ? 1 : 0)} %`;
    }
    part("rate").textContent = detail.rate ? `${size(detail.rate)}/秒，还需 ${span(detail.left_s)}` : "";
    if (detail.text) part("status").textContent = detail.text;
    if (state === "complete") attach(detail);
  }

  function attach(done) {
    const field = form.querySelector('[name="media_sha256"]');
    field.value = done.sha256;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    part("file").value = "";
    preview(part("preview"), done.media_url, done.filetype);
    const card = document.querySelector("[data-preparation]");
    if (card) card.dataset.preparation = `/api/v1/media/${done.sha256}/preparation`;
    card?.dispatchEvent(new Event("change"));
  }

  // A file cannot be reopened by a page, but its upload can go on once the person picks it again.
  function remindUnfinished() {
    const open = keys(UPLOADS).map(stored);
    const last = open.filter((entry) => entry && entry.where === location.pathname).sort((a, b) => b.at - a.at)[0];
    if (!last) return;
    part("reminder").textContent = `上次有一个文件没有传完：${last.name}（${size(last.size)}）。请再选一次这个文件，会从断开的地方接着传。`;
    part("reminder").hidden = false;
  }
}

function valueOf(form, name) {
  const field = form.querySelector(`[name="${name}"]`);
  return field && /^\d+$/.test(field.value) ? field.value : "";
}

function preview(place, url, filetype) {
  const kind = /^video\//.test(filetype) ? "video" : /^audio\//.test(filetype) ? "audio" : "a";
  const seen = document.createElement(kind);
  if (kind === "a") {
    seen.href = url;
    seen.textContent = "查看文件";
  } else {
    seen.controls = true;
    seen.preload = "metadata";
    seen.src = url;
  }
  place.replaceChildren(seen);
}

// ---- how far the preparation is -------------------------------------------------------------------------------

function watchPreparation(card) {
  const list = card.querySelector("[data-parts]");
  let timer = 0;
  let asked = 0;

  async function look(method = "GET", path = "") {
    clearTimeout(timer);
    const run = (asked += 1);
    const answer = await fetch(card.dataset.preparation + path, { method, credentials: "same-origin", cache: "no-store" }).catch(() => null);
    if (run !== asked) return;
    const found = answer?.ok ? await answer.json() : null;
    if (found) draw(found);
    // Nothing is asked while nobody looks, or when there is nothing left to wait for.
    if (!found || found.busy || found.needs_ffmpeg) timer = setTimeout(next, found?.busy ? 2000 : 15_000);
  }

  function next() {
    if (document.hidden) document.addEventListener("visibilitychange", () => look(), { once: true });
    else look();
  }

  function draw(found) {
    card.hidden = !found.parts.length;
    card.querySelector("[data-needs-ffmpeg]").hidden = !found.needs_ffmpeg;
    const kept = document.activeElement?.dataset?.retry;
    list.replaceChildren(...found.parts.map(row));
    if (kept) list.querySelector(`[data-retry="${kept}"]`)?.focus();
  }

  function row(part) {
    const mood = { done: "ok", running: "warn", waiting: "warn", failed: "bad" }[part.state] ?? "off";
    const line = made("li", "", made("span", "", part.label), made("span", `badge ${mood}`, part.state_label));
    line.dataset.part = part.kind;
    if (part.state === "running") {
      const bar = made("progress", "meter");
      Object.assign(bar, { max: 1000, value: part.progress_permille, ariaLabel: `${part.label}的进度` });
      line.append(made("p", "", bar));
    }
    const tried = part.attempts > 1 ? `（已试 ${part.attempts} 次）` : "";
    if (part.error && ["failed", "queued"].includes(part.state)) line.append(made("p", "soft", part.error + tried));
    else if (part.state === "done" && part.size_bytes !== null) line.append(made("p", "soft", onPlan(part.size_bytes)));
    if (part.state === "failed") {
      const again = made("button", "btn quiet small", "重试");
      again.type = "button";
      again.dataset.retry = part.kind;
      line.append(made("p", "", again));
    }
    return line;
  }

  list.addEventListener("click", (event) => {
    const button = event.target.closest("[data-retry]");
    if (!button) return;
    button.disabled = true;
    look("POST", `/${button.dataset.retry}/retry`);
  });
  card.addEventListener("change", () => look());
  if (card.dataset.preparation) look();
}

function made(name, className, ...inside) {
  const element = document.createElement(name);
  element.className = className;
  element.append(...inside);
  return element;
}

// As a data plan counts: 1 MB is 1,000,000 bytes.
function onPlan(bytes) {
  if (bytes < 100_000) return `${Math.ceil(bytes / 1000)} KB`;
  return bytes < 100_000_000 ? `${(Math.floor(bytes / 100_000) / 10).toFixed(1)} MB` : `${Math.floor(bytes / 1_000_000)} MB`;
}

// ---- tus 1.0.0: creation, checksum where offered, HEAD before every continuation --------------------------------

class Upload {
  constructor(file, endpoint, extra, shown) {
    Object.assign(this, { file, endpoint, extra, shown, offset: 0, run: 0, paused: false, failures: 0, samples: [] });
    this.piece = LARGEST_PIECE;
    this.key = `${UPLOADS}${file.name}:${file.size}:${file.lastModified}`;
    const known = stored(this.key);
    this.url = known ? known.url : null;
  }

  // Every pause or end raises `run`, so that whatever an older run still waits for comes to nothing.
  async start() {
    const run = (this.run += 1);
    while (run === this.run) {
      try {
        await this.send(run);
        return;
      } catch (problem) {
        if (run !== this.run || !(await this.survive(problem))) return;
      }
    }
  }

  pause() {
    this.paused = true;
    this.stop();
    this.shown("paused", { share: this.share(), text: "已暂停，已传的部分已保存在服务器上。" });
  }

  resume() {
    this.paused = false;
    this.failures = 0;
    this.samples = [];
    this.shown("sending", { share: this.share(), text: "正在接着上传…" });
    this.start();
  }

  hurry() {
    if (this.wake) this.wake();
  }

  abandon() {
    this.stop();
  }

  async cancel() {
    this.abandon();
    if (this.url) await fetch(this.url, { method: "DELETE", headers: { "Tus-Resumable": "1.0.0" } }).catch(() => {});
    store(this.key, null);
    this.shown("cancelled", { share: 0, text: "已取消，可以另选文件。" });
  }

  stop() {
    this.run += 1;
    if (this.request) this.request.abort();
    if (this.wake) this.wake();
  }

  share() {
    return this.file.size ? this.offset / this.file.size : 1;
  }

  async send(run) {
    if (this.url) await this.askOffset();
    if (!this.url) await this.create();
    this.shown("sending", { share: this.share(), text: this.offset ? "从上次断开的地方接着上传…" : "正在上传…" });
    while (this.offset < this.file.size) {
      await this.sendPiece(run);
      this.failures = 0;
      this.piece = Math.min(this.piece * 2, LARGEST_PIECE);
    }
    await this.settle(run);
  }

  async create() {
    const pairs = { filename: this.file.name, filetype: this.file.type || "application/octet-stream", ...this.extra };
    const metadata = Object.entries(pairs)
      .filter(([, value]) => value)
      .map(([name, value]) => `${name} ${base64(new TextEncoder().encode(value))}`);
    const answer = await reach(this.endpoint, {
      method: "POST",
      headers: { "Tus-Resumable": "1.0.0", "Upload-Length": String(this.file.size), "Upload-Metadata": metadata.join(",") },
    });
    if (answer.status !== 201) throw await refusal(answer);
    this.url = new URL(answer.headers.get("Location"), new URL(this.endpoint, location.href)).href;
    this.offset = 0;
    store(this.key, { url: this.url, name: this.file.name, size: this.file.size, at: Date.now(), where: location.pathname });
  }

  // The server's word is the truth: what it does not have is sent again, and an expired upload begins anew.
  async askOffset() {
    const answer = await reach(this.url, { method: "HEAD", headers: { "Tus-Resumable": "1.0.0" } });
    if ([403, 404, 410].includes(answer.status)) {
      this.url = null;
      store(this.key, null);
      return;
    }
    if (!answer.ok) throw await refusal(answer);
    this.offset = Number(answer.headers.get("Upload-Offset")) || 0;
  }

  async sendPiece(run) {
    const from = this.offset;
    const bytes = await readPiece(this.file, from, this.piece);
    const headers = {
      "Tus-Resumable": "1.0.0",
      "Upload-Offset": String(from),
      "Content-Type": "application/offset+octet-stream",
    };
    // Plain http outside this machine has no crypto.subtle; TCP and the final hash still guard the bytes there.
    if (globalThis.crypto && crypto.subtle) {
      headers["Upload-Checksum"] = `sha1 ${base64(new Uint8Array(await crypto.subtle.digest("SHA-1", bytes)))}`;
    }
    if (run !== this.run) throw new Problem("已停下");
    const answer = await this.patch(bytes, headers, from);
    if (answer.status !== 204 && answer.status !== 200) throw await refusal(answer);
    this.offset = Number(answer.headers.get("Upload-Offset"));
    if (!(this.offset > from)) throw new Problem("服务器没有收下这一段");
  }

  // XMLHttpRequest, because fetch cannot tell how much of a body has left.
  patch(bytes, headers, from) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      let stalled = setTimeout(() => request.abort(), STALL_MS);
      const alive = () => {
        clearTimeout(stalled);
        stalled = setTimeout(() => request.abort(), STALL_MS);
      };
      const end = (settle, value) => {
        clearTimeout(stalled);
        this.request = null;
        settle(value);
      };
      this.request = request;
      request.open("PATCH", this.url);
      for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
      request.upload.onprogress = (event) => {
        alive();
        this.progress(from + event.loaded);
      };
      request.onload = () =>
        end(
          resolve,
          new Response(request.status === 204 ? null : request.responseText, {
            status: request.status,
            headers: { "Upload-Offset": request.getResponseHeader("Upload-Offset") || "" },
          }),
        );
      request.onerror = () => end(reject, new Problem("网络断开"));
      request.onabort = () => end(reject, new Problem("网络没有回应"));
      request.send(bytes);
    });
  }

  progress(sent) {
    const now = performance.now();
    this.samples.push([now, sent]);
    while (this.samples.length > 2 && now - this.samples[0][0] > 10_000) this.samples.shift();
    const [since, before] = this.samples[0];
    const rate = now > since + 500 ? ((sent - before) * 1000) / (now - since) : 0;
    const left_s = rate > 0 ? (this.file.size - sent) / rate : 0;
    this.shown("sending", { share: Math.min(sent / this.file.size, 1), rate, left_s, text: "正在上传…" });
  }

  // Returns whether to try again, after a wait that doubles and is cut short when the link comes back.
  async survive(problem) {
    if (problem.fatal) {
      this.shown("failed", { share: this.share(), text: problem.message });
      return false;
    }
    this.failures += 1;
    this.piece = Math.max(this.piece / 4, SMALLEST_PIECE);
    this.samples = [];
    const wait = Math.min(1000 * 2 ** (this.failures - 1), LONGEST_WAIT_MS) * (0.75 + Math.random() / 2);
    const text = `${problem.message}，${Math.ceil(wait / 1000)} 秒后自动重试（第 ${this.failures} 次）。已传的部分不会丢。`;
    this.shown("waiting", { share: this.share(), text });
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, wait);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.wake = null;
    return true;
  }

  async settle(run) {
    const id = this.url.split("/").pop();
    for (let wait = 500; run === this.run; wait = Math.min(wait * 1.5, 5000)) {
      this.shown("processing", { share: 1, text: "文件已传完，服务器正在校验…" });
      const answer = await reach(`/api/v1/uploads/${encodeURIComponent(id)}`, {});
      if (!answer.ok) throw await refusal(answer);
      const upload = await answer.json();
      if (upload.state === "complete") {
        store(this.key, null);
        const text = "上传完成。请点“保存”，把文件存到这一课。";
        this.shown("complete", { share: 1, text, filetype: this.file.type, ...upload });
        return;
      }
      if (upload.state === "failed") {
        store(this.key, null);
        throw new Problem(upload.error || upload.message || "这个文件无法使用，请检查后重新选择。", true);
      }
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }
}

class Problem extends Error {
  constructor(message, fatal = false) {
    super(message);
    this.fatal = fatal;
  }
}

async function reach(url, options) {
  try {
    return await fetch(url, { credentials: "same-origin", cache: "no-store", ...options });
  } catch {
    throw new Problem("网络断开");
  }
}

// Which refusals pass by themselves: a busy server, a lock, an offset or checksum to be asked for again.
async function refusal(answer) {
  if (answer.status === 401) {
    return new Problem("登录已过期。请在新窗口登录，再回到这里重新选择这个文件，会接着传。", true);
  }
  const passing = answer.status >= 500 || [408, 409, 423, 429, 460].includes(answer.status);
  const body = await answer.json().catch(() => ({}));
  return new Problem(body.message || `服务器回答 ${answer.status}`, !passing);
}

async function readPiece(file, from, length) {
  try {
    return await file.slice(from, from + length).arrayBuffer();
  } catch {
    throw new Problem("读不到这个文件了（U 盘拔出或文件被改动）。请重新选择它，会接着传。", true);
  }
}

function base64(bytes) {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

function size(bytes) {
  if (bytes < 1024 * 1024) return `${Math.max(1, Math.round(bytes / 1024))} KB`;
  if (bytes < 1024 ** 3) return `${(bytes / 1024 ** 2).toFixed(1)} MB`;
  return `${(bytes / 1024 ** 3).toFixed(2)} GB`;
}

function span(seconds) {
  if (seconds < 60) return `${Math.ceil(seconds)} 秒`;
  if (seconds < 3600) return `${Math.ceil(seconds / 60)} 分钟`;
  return `${Math.floor(seconds / 3600)} 小时 ${Math.round((seconds % 3600) / 60)} 分钟`;
}
