// How far the preparation of a recording is, asked while somebody looks.

export function watchPreparation(card) {
  const list = card.querySelector("[data-parts]");
  let timer = 0;
  let asked = 0;

  async function look(method = "GET", path = "") {
    clearTimeout(timer);
    const run = (asked += 1);
    const answer = await fetch(card.dataset.preparation + path, { method, credentials: "same-origin", cache: "no-store" }).catch(() => null);
    if (run !== asked) return;
    const found = answer?.ok ? await answer.json() : null;
    if (found) draw(found);
    // Nothing is asked while nobody looks, or when there is nothing left to wait for.
    if (!found || found.busy || found.needs_ffmpeg) timer = setTimeout(next, found?.busy ? 2000 : 15_000);
  }

  function next() {
    if (document.hidden) document.addEventListener("visibilitychange", () => look(), { once: true });
    else look();
  }

  function draw(found) {
    card.hidden = !found.parts.length;
    card.querySelector("[data-needs-ffmpeg]").hidden = !found.needs_ffmpeg;
    const kept = document.activeElement?.dataset?.retry;
    list.replaceChildren(...found.parts.map(row));
    if (kept) list.querySelector(`[data-retry="${kept}"]`)?.focus();
  }

  function row(part) {
    const mood = { done: "ok", running: "warn", waiting: "warn", failed: "bad" }[part.state] ?? "off";
    const line = made("li", "", made("span", "", part.label), made("span", `badge ${mood}`, part.state_label));
    line.dataset.part = part.kind;
    if (part.state === "running") {
      const bar = made("progress", "meter");
      Object.assign(bar, { max: 1000, value: part.progress_permille, ariaLabel: `${part.label}的进度` });
      line.append(made("p", "", bar));
    }
    const tried = part.attempts > 1 ? `（已试 ${part.attempts} 次）` : "";
    if (part.error && ["failed", "queued"].includes(part.state)) line.append(made("p", "soft", part.error + tried));
    else if (part.state === "done" && part.size_bytes !== null) line.append(made("p", "soft", onPlan(part.size_bytes)));
    if (part.state === "failed") {
      const again = made("button", "btn quiet small", "重试");
      again.type = "button";
      again.dataset.retry = part.kind;
      line.append(made("p", "", again));
    }
    return line;
  }

  list.addEventListener("click", (event) => {
    const button = event.target.closest("[data-retry]");
    if (!button) return;
    button.disabled = true;
    look("POST", `/${button.dataset.retry}/retry`);
  });
  card.addEventListener("change", () => look());
  if (card.dataset.preparation) look();
}

function made(name, className, ...inside) {
  const element = document.createElement(name);
  element.className = className;
  element.append(...inside);
  return element;
}

// As a data plan counts: 1 MB is 1,000,000 bytes.
function onPlan(bytes) {
  if (bytes < 100_000) return `${Math.ceil(bytes / 1000)} KB`;
  return bytes < 100_000_000 ? `${(Math.floor(bytes / 100_000) / 10).toFixed(1)} MB` : `${Math.floor(bytes / 1_000_000)} MB`;
}
