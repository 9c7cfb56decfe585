// Signing in by PIN at the terminal: choose a name, then six digits by arrows and OK.

import { ask } from "./door.js";
import { focusFirst } from "./remote.js";

const LENGTH = 6;

// `layer` holds the names (`[data-pin-person]`) and the pad (`[data-pad]`); `signed(person)` is told who got in.
export class PinPad {
  constructor(layer, room, signed) {
    Object.assign(this, { layer, room, signed, person: 0, typed: "", busy: false });
    this.names = layer.querySelector("[data-pin-names]");
    this.pad = layer.querySelector("[data-pad]");
    for (const button of layer.querySelectorAll("[data-pin-person]")) {
      button.addEventListener("click", () => this.choose(button));
    }
    for (const button of layer.querySelectorAll("[data-pin-digit]")) {
      button.addEventListener("click", () => this.type(button.dataset.pinDigit));
    }
    layer.querySelector("[data-pin-erase]").addEventListener("click", () => this.erase());
    layer.querySelector("[data-pin-names-again]").addEventListener("click", () => this.open());
  }

  open() {
    this.layer.hidden = false;
    this.pad.hidden = true;
    this.names.hidden = false;
    focusFirst(this.names);
  }

  // A key the pad takes for itself: digits of a remote that has them, and Back one step.
  takes(key) {
    if (this.layer.hidden || this.pad.hidden) return false;
    if (/^[0-9]$/.test(key)) this.type(key);
    else if (key === "Escape") this.typed ? this.erase() : this.open();
    else return false;
    return true;
  }

  choose(button) {
    this.person = Number(button.dataset.pinPerson);
    this.layer.querySelector("[data-pin-name]").textContent = button.dataset.name;
    this.say("");
    this.typed = "";
    this.show();
    this.names.hidden = true;
    this.pad.hidden = false;
    focusFirst(this.pad);
  }

  async type(digit) {
    if (this.busy || this.typed.length === LENGTH) return;
    this.typed += digit;
    this.show();
    if (this.typed.length < LENGTH) return this.say("");
    this.busy = true;
    const answer = await ask("POST", `/api/v1/playback/${this.room}/pin`, { person_id: this.person, pin: this.typed });
    this.busy = false;
    this.typed = "";
    this.show();
    if (!answer.ok) return this.say(answer.body?.message ?? "网络不通，请稍后再试");
    this.signed(this.person);
    this.open();
  }

  erase() {
    this.typed = this.typed.slice(0, -1);
    this.show();
  }

  // What is typed is not shown: the whole room sees the screen.
  show() {
    const dots = "●".repeat(this.typed.length) + "○".repeat(LENGTH - this.typed.length);
    this.layer.querySelector("[data-pin-typed]").textContent = dots.split("").join(" ");
  }

  say(text) {
    this.layer.querySelector("[data-pin-problem]").textContent = text;
  }
}
