// Who is in the room while a lesson plays: comings and goings, guests, drawn names, the code and the PIN pad. All of it
// stands in the panel that ▲ opens, and none of it stops the lesson.

import { Door } from "./door.js";
import { PinPad } from "./pin.js";
import { follow } from "./state.js";

const HIDDEN = "yuanjiao:code-hidden";

export class Attend {
  constructor(page) {
    this.page = page;
    this.room = page.dataset.playback;
    this.panel = page.querySelector("[data-panel]");
    this.people = [...page.querySelectorAll("[data-person]")];
    this.unsettled = new Map(); // person: presses of theirs that are under way
    this.checks = [];
    this.unnamed = 0;
    this.named = 0;
    this.pin = new PinPad(page.querySelector("[data-pin]"), this.room, (who) => this.mark(who, true));
    this.door = new Door(this.room, {
      told: (press, answer) => this.told(press, answer),
      refused: (press, message) => this.refused(press, message),
      waiting: (count) => this.waiting(count),
    });
    for (const press of this.door.queue) this.count(press, 1);
    this.listen();
    this.state = follow(this.room, (state) => this.heard(state));
  }

  // ---- what is pressed ----

  listen() {
    for (const button of this.people) button.addEventListener("click", () => this.turn(button));
    this.panel.querySelector("[data-more]").addEventListener("click", () => this.guests(this.unnamed + 1));
    this.panel.querySelector("[data-fewer]").addEventListener("click", () => this.guests(this.unnamed - 1));
    this.panel.querySelector("[data-by-pin]").addEventListener("click", () => this.pin.open());
    this.panel.querySelector("[data-code-turn]").addEventListener("click", () => this.showCode(this.corner.hidden));
    this.corner = this.page.querySelector("[data-corner]");
    this.showCode(!kept(HIDDEN));
  }

  turn(button) {
    const arrives = button.getAttribute("aria-pressed") !== "true";
    const who = Number(button.dataset.person);
    this.mark(who, arrives);
    const press = { person_id: who, action: arrives ? "arrive" : "leave" };
    this.count({ body: press }, 1);
    this.say("");
    this.door.press("POST", "/attendance", press);
  }

  guests(count) {
    if (count < 0) return;
    this.unnamed = count;
    this.drawGuests();
    this.door.press("PUT", "/guests/count", { count }, { what: "guests", last: true });
  }

  answer(check, present) {
    this.door.press("POST", `/checks/${check.id}`, { present }, { what: `check-${check.id}`, last: true });
    this.checks = this.checks.filter((other) => other.id !== check.id);
    this.drawChecks();
    this.panel.querySelector("[data-check] button, [data-shut]").focus();
  }

  showCode(shown) {
    this.corner.hidden = !shown;
    this.panel.querySelector("[data-code-turn]").textContent = shown ? "收起签到码" : "显示签到码";
    keep(HIDDEN, shown ? null : "1");
  }

  // ---- what is heard ----

  // The server's word on everybody whose own press is not still under way.
  heard(state) {
    const present = new Set(state.present);
    for (const button of this.people) {
      const who = Number(button.dataset.person);
      if (!this.unsettled.get(who)) this.mark(who, present.has(who));
    }
    if (!this.door.queue.some((press) => press.what === "guests")) this.unnamed = state.unnamed;
    this.named = state.guests - state.unnamed;
    this.drawGuests();
    const answered = (check) => this.door.queue.some((press) => press.what === `check-${check.id}`);
    this.checks = state.checks.filter((check) => !answered(check));
    this.drawChecks();
  }

  told(press) {
    this.count(press, -1);
  }

  refused(press, message) {
    this.count(press, -1);
    if (press.body.person_id) this.mark(press.body.person_id, press.body.action !== "arrive");
    this.say(message);
    this.state?.look();
  }

  waiting(count) {
    this.panel.querySelector("[data-waiting]").hidden = !count;
  }

  count(press, by) {
    const who = press.body?.person_id;
    if (who) this.unsettled.set(who, Math.max(0, (this.unsettled.get(who) ?? 0) + by));
  }

  // ---- what is shown ----

  mark(who, present) {
    const button = this.people.find((each) => Number(each.dataset.person) === who);
    button?.setAttribute("aria-pressed", String(present));
    const here = this.people.filter((each) => each.getAttribute("aria-pressed") === "true");
    this.page.querySelector("[data-count]").textContent = String(here.length);
  }

  drawGuests() {
    this.panel.querySelector("[data-guests]").textContent = String(this.unnamed + this.named);
  }

  // A quiet strip names those who were drawn; the answers stand in the panel, first of all.
  drawChecks() {
    const strip = this.page.querySelector("[data-ask]");
    strip.hidden = !this.checks.length;
    strip.querySelector("[data-names]").textContent = this.checks.map((check) => check.name).join("、");
    const list = this.panel.querySelector("[data-checks]");
    const ids = this.checks.map((check) => check.id).join();
    if (list.dataset.ids === ids) return;
    list.dataset.ids = ids;
    list.replaceChildren(...this.checks.map((check) => this.question(check)));
    list.querySelector("button")?.setAttribute("data-first", ""); // ▲ and OK answer the first
    list.hidden = !this.checks.length;
  }

  question(check) {
    const line = document.createElement("p");
    line.dataset.check = check.id;
    const name = document.createElement("b");
    name.textContent = `${check.name}在场吗？`;
    line.append(name, this.button("在场", "btn", () => this.answer(check, true)), this.button("不在", "btn quiet", () => this.answer(check, false)));
    return line;
  }

  button(text, style, press) {
    const button = document.createElement("button");
    button.textContent = text;
    button.className = style;
    button.addEventListener("click", press);
    return button;
  }

  say(text) {
    this.panel.querySelector("[data-problem]").textContent = text;
  }
}

function kept(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function keep(key, value) {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    // Then it is shown again on the next page.
  }
}
