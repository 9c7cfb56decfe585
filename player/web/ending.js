// A class that is still on, offered on a page outside it: after a power cut, or before another one is begun. It is ended as
// its own page would end it: what this browser kept of it, at the door and of the playhead, goes out first.

import { Beats } from "./beats.js";
import { Door } from "./door.js";

const AGAIN_MS = 5000;

export function ending(section) {
  const { openClass: id, then } = section.dataset;
  let kept = null;

  async function end() {
    const { door, beats } = kept;
    await door.flush();
    if ((await beats.close()) || !beats.id) return location.replace(then);
    section.querySelector("[data-wait]").hidden = false;
    setTimeout(end, AGAIN_MS);
  }

  section.querySelector("[data-end]").addEventListener("click", () => {
    if (kept) return; // one press is enough
    const beats = new Beats({ now: () => ({ position_ms: 0, playing: false, rate: 1 }), show: () => {} });
    beats.adopt(id, 0);
    kept = { door: new Door(id), beats };
    end();
  });
}
