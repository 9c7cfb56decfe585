// Calling the roll before a lesson: ticks by arrows and OK, and, once the room is opened for telephones, ticks that
// come by themselves.

import { post } from "./beats.js";
import { Door } from "./door.js";
import { focusFirst, listen } from "./remote.js";
import { follow } from "./state.js";

export function roll(page) {
  const people = [...page.querySelectorAll("[data-person]")];
  const count = page.querySelector("[data-count]");
  const start = page.querySelector("[data-start]");
  const problem = page.querySelector("[data-problem]");
  const codes = page.querySelector("[data-codes]");
  const here = (button) => button.getAttribute("aria-pressed") === "true";
  let room = 0; // opened for telephones before the lesson begins
  let inRoom = new Set();
  let following = null;

  if (!start) return listen();

  function recount() {
    count.textContent = String(people.filter(here).length);
  }

  function mark(button, present) {
    button.setAttribute("aria-pressed", String(present));
  }

  for (const button of people) {
    button.addEventListener("click", () => {
      mark(button, !here(button));
      recount();
    });
  }
  page.querySelector("[data-all]").addEventListener("click", () => {
    people.forEach((button) => mark(button, true));
    recount();
    start.focus();
  });
  page.querySelector("[data-none]").addEventListener("click", () => {
    people.forEach((button) => mark(button, false));
    recount();
  });

  function roster() {
    return people.filter(here).map((button) => Number(button.dataset.person));
  }

  async function begin() {
    return post("/api/v1/playback", { lesson_id: Number(page.dataset.lesson), mode: "group", roster: roster() });
  }

  // Opens the room, so that its code can be shown. Who is ticked is in it from now on.
  async function open() {
    const answer = await begin();
    if (!answer.ok) return complain(answer.body?.message ?? "网络不通，请检查后再按一次");
    room = answer.body.session_id;
    inRoom = new Set(roster());
    problem.hidden = true;
    following = follow(room, came, shut);
    codes.hidden = false;
    focusFirst(codes);
  }

  // Telephones that joined are ticked; a tick taken away by hand meanwhile stays away.
  function came(state) {
    for (const id of state.present) {
      if (inRoom.has(id)) continue;
      inRoom.add(id);
      const button = people.find((each) => Number(each.dataset.person) === id);
      if (button) mark(button, true);
    }
    codes.querySelector("[data-joined]").textContent = String(state.present.length);
    recount();
  }

  function shut() {
    room = 0;
    codes.hidden = true;
    following?.stop();
  }

  // The room as it was ticked: who was ticked since comes, who was unticked goes.
  async function settle() {
    const door = new Door(room);
    for (const button of people) {
      const id = Number(button.dataset.person);
      if (here(button) === inRoom.has(id)) continue;
      door.press("POST", "/attendance", { person_id: id, action: here(button) ? "arrive" : "leave" });
    }
    await door.flush(); // what could not be sent is kept, and goes out from the next page
    return room;
  }

  start.addEventListener("click", async () => {
    if (!roster().length) return complain("还没有人到场，请先点名");
    start.disabled = true;
    if (room) return location.assign(`/classroom/play/${await settle()}`);
    const answer = await begin();
    if (answer.ok) return location.assign(`/classroom/play/${answer.body.session_id}`);
    start.disabled = false;
    start.focus();
    complain(answer.body?.message ?? "网络不通，请检查后再按一次");
  });
  page.querySelector("[data-by-phone]").addEventListener("click", () => {
    if (!room) return open();
    codes.hidden = false;
    focusFirst(codes);
  });
  codes.querySelector("[data-shut]").addEventListener("click", () => {
    codes.hidden = true;
    start.focus();
  });
  // A room that was opened and then left is not a lesson: it ends at once.
  page.querySelector("[data-back]").addEventListener("click", () => room && post(`/api/v1/playback/${room}/close`, {}, true));

  function complain(text) {
    problem.textContent = text;
    problem.hidden = false;
  }

  recount();
  listen((key) => {
    if (key !== "Escape" || codes.hidden) return false;
    codes.hidden = true;
    start.focus();
    return true;
  });
}
