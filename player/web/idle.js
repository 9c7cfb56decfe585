// The idle check of a phone: after a while without a touch one quiet line asks whether anybody is there.
//
// The picture plays on while it asks. Nobody answering within a minute stops it: from then on nothing would count.

const GRACE_MS = 60_000;
const LOOK_EVERY_MS = 2_000;
const SIGNS = ["pointerdown", "keydown", "wheel", "touchstart"];

// `sheet` holds the question and its button. `playing()` says whether it matters now, `touched()` hears of every sign of
// a person, `asks()` is called when the sheet must be seen, `stop()` when no sign came, and `go()` when somebody says on
// the sheet that they are back. `every(seconds)` says after how long to ask; null never asks. `sign()` tells of a sign
// that does not reach the page.
export function watchIdle(sheet, { playing, touched, asks, stop, go }) {
  let after = null;
  let stopped = false;
  let last = performance.now();

  function sign() {
    last = performance.now();
    touched();
    if (sheet) sheet.hidden = true;
  }

  function look() {
    const silent = performance.now() - last;
    if (!sheet || after === null || !playing()) return;
    if (silent > after + GRACE_MS) {
      stopped = true;
      stop();
      asks();
      sheet.hidden = false;
      sheet.querySelector("[data-idle-text]").textContent = "一直没有人应答，先停在这里。接着看请按“在看”。";
    } else if (silent > after && sheet.hidden) {
      stopped = false;
      asks();
      sheet.querySelector("[data-idle-text]").textContent = "还在看吗？碰一下屏幕，学时接着记。";
      sheet.hidden = false;
    }
  }

  sheet?.querySelector("button").addEventListener("click", () => stopped && go());
  for (const each of SIGNS) addEventListener(each, sign, { passive: true, capture: true });
  setInterval(look, LOOK_EVERY_MS);
  return {
    sign,
    every(seconds) {
      after = seconds === null || seconds === undefined ? null : seconds * 1000;
      sign();
    },
  };
}
