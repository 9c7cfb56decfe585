// A television that asks to be paired: shows six digits, waits until somebody approves them, and goes to its room.
//
// The secret that collects the sign-in stays in this tab. The code is renewed by itself when it has died; no clock of
// this machine is asked, the server says how long it lives.

import { post } from "./beats.js";
import { ask, go, guard } from "./line.js";
import { listen } from "./remote.js";

const KEPT = "yuanjiao:pairing";
const ROOM = "/classroom";

const code = document.querySelector("[data-code]");
const status = document.querySelector("[data-status]");
let asked = kept();
let wake = () => {};

guard();
listen();
document.querySelector("[data-again]").addEventListener("click", () => {
  keep(null);
  say("正在换配对码…");
  draw();
  wake();
});
draw();
run();

async function run() {
  for (;;) {
    const waits = asked ? await collect() : await begin();
    if (waits === null) return go(ROOM);
    await pause(waits);
  }
}

// Ask for a code. Answers the seconds to wait.
async function begin() {
  const answer = await post("/api/v1/pairings", {});
  if (answer.ok) {
    keep(answer.body);
    draw();
    say("10 分钟内有效，过时自动换新的");
    return answer.body.poll_every_s;
  }
  say(answer.status ? (answer.body?.message ?? "暂时取不到配对码，会自动再试") : "网络断开，正在重新连接，接通后自动显示配对码");
  return Math.max(answer.retryAfter, 5);
}

// Ask whether somebody approved it. Answers the seconds to wait, `null` when this terminal is signed in.
async function collect() {
  const secret = asked.secret;
  const answer = await post("/api/v1/pairings/collect", { secret });
  if (answer.status === 200) {
    keep(null);
    say("配对好了，正在打开教室…");
    return null;
  }
  if (asked?.secret !== secret) return 0;
  if (answer.status === 410 || answer.status === 400) {
    keep(null);
    return (await isPaired()) ? null : 0;
  }
  if (answer.status === 202) say(`还有 ${Math.max(1, Math.ceil(answer.body.expires_in / 60))} 分钟有效，过时自动换新的`);
  else say("网络断开，正在重新连接；配对码还可以用");
  return asked.poll_every_s;
}

// The answer that signed this terminal in may have been cut short behind its cookies.
async function isPaired() {
  const { status, body } = await ask("/api/v1/me");
  return status === 200 && body.roles.some(({ role }) => role === "device");
}

function draw() {
  const digits = asked?.code ?? "";
  code.textContent = digits ? `${digits.slice(0, 3)} ${digits.slice(3)}` : "— — —　— — —";
}

function say(text) {
  status.textContent = text;
}

function pause(seconds) {
  return new Promise((done) => {
    wake = done;
    setTimeout(done, seconds * 1000);
  });
}

// ---- a tab that is loaded again shows the same code ----

function kept() {
  try {
    const found = JSON.parse(sessionStorage.getItem(KEPT));
    return found?.secret && found.code ? found : null;
  } catch {
    return null;
  }
}

function keep(answer) {
  asked = answer;
  try {
    if (answer) sessionStorage.setItem(KEPT, JSON.stringify(answer));
    else sessionStorage.removeItem(KEPT);
  } catch {
    // Without a memory a tab that is loaded again asks anew.
  }
}
