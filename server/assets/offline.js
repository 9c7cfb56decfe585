// The page that stands for one that could not be fetched: the kept text of that lesson, and the list of the others.

import { LESSONS, whose } from "./owner.js";

const find = (name) => document.querySelector(`[data-${name}]`);

find("again").addEventListener("click", () => location.reload());
addEventListener("online", () => (find("state").textContent = "网络好像恢复了，可以再试一次。"));
if (whose() && "caches" in window) draw();

async function draw() {
  const lessons = await caches.open(LESSONS + whose());
  const all = await Promise.all((await lessons.keys()).map(async (key) => ({ path: new URL(key.url).pathname, kept: await (await lessons.match(key)).json() })));
  const here = all.find(({ path }) => path === location.pathname);
  if (here) read(here.kept);
  const others = all.filter((each) => each !== here).reverse();
  find("list").append(...others.map(row));
  find("others").hidden = !others.length;
}

// The text was escaped by the server when it was drawn, and nothing in it may run.
function read({ title, at, text }) {
  const day = new Date(at).toLocaleString("zh-CN", { month: "long", day: "numeric", hour: "2-digit", minute: "2-digit" });
  document.title = document.title.replace(/^.*(?= · )/, title);
  find("title").textContent = title;
  find("state").textContent = `现在没有网络，这是 ${day} 存在本机的文字，看它不记学时。`;
  find("kept").innerHTML = text;
}

function row({ path, kept }) {
  const link = Object.assign(document.createElement("a"), { href: path, textContent: kept.title });
  const item = document.createElement("li");
  item.append(link);
  return item;
}
