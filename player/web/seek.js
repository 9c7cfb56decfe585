// The seek bar with small pictures of where it leads. Pictures come on one sheet, which is loaded when first wanted.

// A picture of one moment, above `at` (0 to 1) of the bar's width.
export class Peek {
  constructor(box) {
    this.box = box;
    this.label = box.querySelector("b");
    this.picture = box.querySelector("i");
    const number = (name) => Number(box.dataset[name]);
    Object.assign(this, { columns: number("columns"), rows: number("rows"), every: number("everyMs") / 1000 });
    Object.assign(this, { width: number("tileWidth"), height: number("tileHeight") });
  }

  show(seconds, at) {
    const { box, picture } = this;
    const index = Math.min(Math.max(Math.floor(seconds / this.every), 0), this.columns * this.rows - 1);
    const [column, row] = [index % this.columns, Math.floor(index / this.columns)];
    const scale = picture.clientHeight / this.height || 1;
    if (!picture.style.backgroundImage) picture.style.backgroundImage = `url("${box.dataset.sheet}")`;
    picture.style.width = `${this.width * scale}px`;
    picture.style.backgroundSize = `${this.columns * this.width * scale}px ${this.rows * this.height * scale}px`;
    picture.style.backgroundPosition = `${-column * this.width * scale}px ${-row * this.height * scale}px`;
    this.label.textContent = clock(seconds);
    box.hidden = false;
    const room = box.parentElement.clientWidth;
    box.style.left = `${Math.min(Math.max(at * room - box.offsetWidth / 2, 0), room - box.offsetWidth)}px`;
  }

  hide() {
    this.box.hidden = true;
  }
}

// A bar under the picture, for a mouse that hovers and a finger that drags. `to(seconds)` is where it leads.
export function seekBar(root, media, length, to) {
  const bar = root.querySelector("input");
  const peek = new Peek(root.querySelector("[data-peek]"));
  let dragging = false;
  root.hidden = false;
  bar.max = String(length);

  function follow() {
    if (dragging) return;
    bar.value = String(media.currentTime);
    bar.setAttribute("aria-valuetext", clock(media.currentTime));
  }
  media.addEventListener("timeupdate", follow);
  media.addEventListener("seeked", follow);
  bar.addEventListener("pointermove", (event) => {
    if (dragging || event.pointerType === "touch") return;
    const { left, width } = bar.getBoundingClientRect();
    const at = Math.min(Math.max((event.clientX - left) / width, 0), 1);
    peek.show(at * length, at);
  });
  bar.addEventListener("pointerleave", () => !dragging && peek.hide());
  bar.addEventListener("input", () => {
    dragging = true;
    peek.show(Number(bar.value), Number(bar.value) / length);
  });
  bar.addEventListener("change", () => {
    dragging = false;
    peek.hide();
    to(Number(bar.value));
  });
}

export function clock(seconds) {
  const whole = Math.floor(seconds || 0);
  const two = (number) => String(number).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}
