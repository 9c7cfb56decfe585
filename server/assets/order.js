// A list to be put in order: by dragging, by Alt and an arrow, by its buttons. Without this file the buttons still work,
// one step a press.

for (const form of document.querySelectorAll("[data-order]")) {
  const list = form.querySelector("ol");
  const said = form.querySelector("[data-said]");
  let dragged = null;
  let changed = false;

  for (const item of list.children) item.draggable = true;
  list.addEventListener("dragstart", (event) => {
    dragged = event.target.closest("[data-item]");
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", "");
    dragged.classList.add("dragged");
  });
  list.addEventListener("dragover", (event) => {
    const over = event.target.closest("[data-item]");
    if (!dragged || !over) return;
    event.preventDefault();
    const box = over.getBoundingClientRect();
    if (over !== dragged) over[event.clientY < box.top + box.height / 2 ? "before" : "after"](dragged);
  });
  list.addEventListener("dragend", () => {
    dragged?.classList.remove("dragged");
    if (dragged) tell(dragged);
    dragged = null;
  });
  list.addEventListener("drop", (event) => event.preventDefault());
  list.addEventListener("keydown", (event) => {
    if (!event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
    event.preventDefault();
    step(event.target.closest("[data-item]"), event.key === "ArrowUp", event.target);
  });
  list.addEventListener("click", (event) => {
    const button = event.target.closest("[name=move]");
    if (!button) return;
    event.preventDefault();
    step(button.closest("[data-item]"), button.value.endsWith(":up"), button);
  });
  form.addEventListener("submit", () => (changed = false));
  addEventListener("beforeunload", (event) => changed && event.preventDefault());

  function step(item, up, focus) {
    const other = up ? item.previousElementSibling : item.nextElementSibling;
    if (!other) return;
    other[up ? "before" : "after"](item);
    focus.focus(); // moving an element takes its focus away
    tell(item);
  }

  function tell(item) {
    changed = true;
    const place = [...list.children].indexOf(item) + 1;
    said.textContent = `《${item.querySelector("a").textContent}》排在第 ${place}，还没有保存`;
  }
}
