// Captions on a lesson's page: the line that is being said is marked, and captions go onto the picture when wanted.
// The lines themselves are links with `data-seek-ms`; following them is the player's work.

const KEPT = "yuanjiao.captions";

const stage = document.querySelector("[data-lesson]");
const media = stage?.querySelector("video, audio");
const list = stage?.querySelector("[data-transcript]");
const button = stage?.querySelector("[data-captions]");
if (media && list) follow(media, list);
if (media?.tagName === "VIDEO" && media.textTracks.length && button) offer(media.textTracks, button);

// Marks the line of the playhead and keeps it in sight within the list; the page itself never moves.
function follow(media, list) {
  const links = [...list.querySelectorAll("[data-seek-ms]")];
  const begins = links.map((link) => Number(link.dataset.seekMs) / 1000);
  let current = -1;
  let held = 0; // while somebody scrolls the list, it is theirs
  for (const event of ["wheel", "touchmove", "pointerdown", "keydown"]) {
    list.addEventListener(event, () => (held = performance.now() + 5000), { passive: true });
  }

  function mark() {
    const line = lineAt(begins, media.currentTime + 0.05);
    if (line === current) return;
    links[current]?.removeAttribute("aria-current");
    links[line]?.setAttribute("aria-current", "true");
    current = line;
    if (line >= 0 && performance.now() > held) {
      const { offsetTop, offsetHeight } = links[line].parentElement;
      list.scrollTop = offsetTop - list.offsetTop - (list.clientHeight - offsetHeight) / 2;
    }
  }
  media.addEventListener("timeupdate", mark);
  media.addEventListener("seeking", mark);
}

// The last line that has begun, or -1.
function lineAt(begins, time) {
  let [low, high] = [0, begins.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (begins[middle] <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

// The browser loads a track when it is first shown, so who does not want captions pays nothing for them.
function offer(tracks, button) {
  const shown = () => [...tracks].some((track) => track.mode === "showing");
  const tell = () => button.setAttribute("aria-pressed", String(shown()));
  const set = (on) => [...tracks].forEach((track, index) => (track.mode = on && index === 0 ? "showing" : "disabled"));
  button.hidden = false;
  if (kept() === "on") set(true);
  button.addEventListener("click", () => {
    const on = !shown();
    set(on);
    keep(on ? "on" : "off");
  });
  tracks.addEventListener("change", tell); // the player's own menu may do it, too
  tell();
}

function kept() {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    return null; // forbidden storage costs the memory, never the captions
  }
}

function keep(value) {
  try {
    localStorage.setItem(KEPT, value);
  } catch {
    // As above.
  }
}
