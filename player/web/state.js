// Asks the server how a room stands (who is in it, its code, drawn names), again whenever the code changes.

import { ask } from "./door.js";
import { draw } from "./code.js";

const EVERY_MS = 10_000;

// `heard(state)` is told each answer, `gone()` when there is no such open room any more.
export function follow(room, heard, gone = () => {}) {
  let timer = 0;
  let over = false;

  async function look() {
    clearTimeout(timer);
    if (over) return;
    const { ok, status, body } = await ask("GET", `/api/v1/playback/${room}/room`);
    if (over) return;
    if (ok && !body.code) return gone();
    if (status === 404) return gone();
    draw(ok ? body.code : null);
    if (ok) heard(body);
    const soon = ok ? Math.min(EVERY_MS, body.code.next_in_ms + 200) : EVERY_MS;
    timer = setTimeout(look, soon);
  }

  look();
  return {
    look,
    stop() {
      over = true;
      clearTimeout(timer);
    },
  };
}
