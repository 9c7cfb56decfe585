// Asking the room a question: raised hands are counted by arrows, then the right answer is shown.
//
// ▲ ▼ move over the choices, ◀ ▶ take one hand off or add one; OK adds one, too. A count may be changed until the next
// question is counted.

import { ask } from "./door.js";
import { focusFirst, listen } from "./remote.js";

const MOST = 500;

export function hands(page) {
  const base = `/api/v1/playback/${page.dataset.playback}/questions`;
  const [list, title, problem] = ["[data-choices]", "[data-question]", "[data-problem]"].map((css) => page.querySelector(css));
  const [reveal, next] = ["[data-reveal]", "[data-next]"].map((css) => page.querySelector(css));
  const [why, wayBack] = ["[data-why]", "[data-way-back]"].map((css) => page.querySelector(css));
  let questions = [];
  let at = 0;

  async function load() {
    const answer = await ask("GET", base);
    if (!answer.ok) return complain(answer.body?.message ?? "网络不通，请按返回键后再试");
    questions = answer.body;
    const open = questions.findIndex((question) => !question.hands.length);
    at = open < 0 ? Math.max(questions.length - 1, 0) : open;
    draw();
  }

  function draw() {
    const question = questions[at];
    wayBack.hidden = false; // not before, or what comes above would push it down
    page.querySelector("[data-none]").hidden = Boolean(question);
    page.querySelector("[data-asking]").hidden = !question;
    if (!question) return focusFirst(page);
    page.querySelector("[data-place]").textContent = `第 ${at + 1} / ${questions.length} 题　${{ single: "单选", multiple: "多选", true_false: "判断" }[question.kind]}`;
    title.textContent = question.text;
    list.replaceChildren(...question.choices.map((text, place) => choice(question, text, place)));
    next.hidden = at + 1 >= questions.length;
    solve(question);
    focusFirst(list);
  }

  function choice(question, text, place) {
    const row = document.createElement("button");
    const [letter, words, count] = ["b", "span", "i"].map((tag) => document.createElement(tag));
    row.className = "choice";
    row.dataset.place = place;
    letter.textContent = "ABCDEFGHIJ"[place] ?? String(place + 1);
    words.textContent = text;
    count.textContent = String(question.hands[place] ?? 0);
    row.append(letter, words, count);
    row.addEventListener("click", () => add(row, 1));
    return row;
  }

  function add(row, by) {
    const count = row.querySelector("i");
    count.textContent = String(Math.min(MOST, Math.max(0, Number(count.textContent) + by)));
  }

  function solve(question) {
    for (const row of list.children) row.classList.toggle("right", Boolean(question.right?.includes(Number(row.dataset.place))));
    why.textContent = question.explanation ?? "";
    why.hidden = !question.explanation;
    reveal.textContent = question.right ? "改好了，重新保存" : "公布答案";
  }

  function complain(text) {
    problem.textContent = text;
    problem.hidden = !text;
    wayBack.hidden = false;
  }

  reveal.addEventListener("click", async () => {
    const counted = [...list.children].map((row) => Number(row.querySelector("i").textContent));
    const answer = await ask("PUT", `${base}/${questions[at].id}/hands`, { hands: counted });
    if (!answer.ok) return complain(answer.body?.message ?? "网络不通，请再按一次");
    complain("");
    questions[at] = answer.body;
    solve(answer.body);
    if (!next.hidden) next.focus();
  });
  next.addEventListener("click", () => {
    at += 1;
    complain("");
    draw();
  });
  listen((key) => {
    const row = document.activeElement?.closest?.(".choice");
    if (!row || (key !== "ArrowLeft" && key !== "ArrowRight")) return false;
    add(row, key === "ArrowRight" ? 1 : -1);
    return true;
  });
  load();
}
