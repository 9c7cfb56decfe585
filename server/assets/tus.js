// Resumable upload (tus 1.0.0): creation, checksum where offered, HEAD before every continuation. A file the server has
// already is not sent.

import { store, stored } from "./storage.js";

// A piece that is cut short is sent again whole, so a bad line gets smaller ones.
const LARGEST_PIECE = 4 * 1024 * 1024;
const SMALLEST_PIECE = 256 * 1024;
const STALL_MS = 60_000;
const LONGEST_WAIT_MS = 30_000;
const UPLOADS = "yuanjiao:upload:";
const API = "/api/v1";
const UNREADABLE = "读不到这个文件了（U 盘拔出或文件被改动）。请重新选择它，会接着传。";

export class Upload {
  // `done` is what is said at the end, `shown(state, detail)` is told of every step.
  constructor(file, endpoint, extra, done, shown) {
    Object.assign(this, { file, endpoint, extra, done, shown, offset: 0, run: 0, paused: false, failures: 0, samples: [] });
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
    if (!this.url) await this.begin(run);
    this.shown("sending", { share: this.share(), text: this.offset ? "从上次断开的地方接着上传…" : "正在上传…" });
    while (this.offset < this.file.size) {
      await this.sendPiece(run);
      this.failures = 0;
      this.piece = Math.min(this.piece * 2, LARGEST_PIECE);
    }
    await this.settle(run);
  }

  // With the hash of the whole file the server knows it again: what is there already needs no sending, what was begun
  // on another day or computer goes on, and what arrives is held against it.
  async begin(run) {
    this.sha256 ??= await hashOf(this.file, (share) => {
      if (run === this.run) this.shown("checking", { share: 0, text: `正在核对文件 ${Math.floor(share * 100)} %，库里已有的不用再传…` });
    });
    if (run !== this.run) throw new Problem("已停下");
    const open = await reach(`${API}/uploads`, {});
    if (!open.ok) throw await refusal(open);
    const mine = (await open.json()).uploads.find((entry) => entry.sha256 === this.sha256 && entry.length === this.file.size);
    if (!mine || !this.sha256) return this.create();
    this.url = new URL(mine.url, location.href).href;
    this.remember();
    await this.askOffset();
    if (!this.url) await this.create();
  }

  async create() {
    const pairs = {
      filename: this.file.name,
      filetype: this.file.type || "application/octet-stream",
      sha256: this.sha256,
      ...this.extra,
    };
    const metadata = Object.entries(pairs)
      .filter(([, value]) => value)
      .map(([name, value]) => `${name} ${base64(new TextEncoder().encode(value))}`);
    const answer = await reach(this.endpoint, {
      method: "POST",
      headers: { "Tus-Resumable": "1.0.0", "Upload-Length": String(this.file.size), "Upload-Metadata": metadata.join(",") },
    });
    if (answer.status !== 201) throw await refusal(answer);
    this.url = new URL(answer.headers.get("Location"), new URL(this.endpoint, location.href)).href;
    this.offset = Number(answer.headers.get("Upload-Offset")) || 0;
    this.remember();
  }

  remember() {
    store(this.key, { url: this.url });
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
      const answer = await reach(`${API}/uploads/${encodeURIComponent(id)}`, {});
      if (!answer.ok) throw await refusal(answer);
      const upload = await answer.json();
      if (upload.state === "complete") {
        store(this.key, null);
        this.shown("complete", { share: 1, text: this.done, filetype: this.file.type, ...upload });
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

// The SHA-256 of a file in hex, made beside the page; `undefined` where that cannot be.
function hashOf(file, shown) {
  return new Promise((resolve, reject) => {
    const worker = new Worker("./hash.js");
    const end = (settle, value) => {
      worker.terminate();
      settle(value);
    };
    worker.onmessage = ({ data }) => {
      if (data.sha256) end(resolve, data.sha256);
      else if (data.unreadable) end(reject, new Problem(UNREADABLE, true));
      else shown(data.share);
    };
    worker.onerror = () => end(resolve, undefined);
    worker.postMessage(file);
  });
}

class Problem extends Error {
  constructor(message, fatal = false) {
    super(message);
    this.fatal = fatal;
  }
}

export async function reach(url, options) {
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
  const body = await answer.json().catch(() => ({}));
  // A full county or disk does not pass by waiting.
  const passing = (answer.status >= 500 && answer.status !== 507) || [408, 409, 423, 429, 460].includes(answer.status);
  return new Problem(body.message || `服务器回答 ${answer.status}`, !passing);
}

async function readPiece(file, from, length) {
  try {
    return await file.slice(from, from + length).arrayBuffer();
  } catch {
    throw new Problem(UNREADABLE, true);
  }
}

function base64(bytes) {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

export function size(bytes) {
  if (bytes < 1024 * 1024) return `${Math.max(1, Math.round(bytes / 1024))} KB`;
  if (bytes < 1024 ** 3) return `${(bytes / 1024 ** 2).toFixed(1)} MB`;
  return `${(bytes / 1024 ** 3).toFixed(2)} GB`;
}
