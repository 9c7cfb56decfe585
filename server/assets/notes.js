// Remarks beside the recording: a press leads to its second, another takes the second that is being shown.

for (const card of document.querySelectorAll("[data-notes]")) {
  const film = () => [...document.querySelectorAll(".preview video, .preview audio")].find((seen) => seen.offsetParent);
  const take = card.querySelector("[data-take-time]");
  if (take) {
    take.hidden = false;
    take.addEventListener("click", () => {
      const at = Math.floor(film()?.currentTime ?? 0);
      card.querySelector("#note_at").value = `${Math.floor(at / 60)}:${String(at % 60).padStart(2, "0")}`;
      film()?.pause();
      card.querySelector("#note_text").focus();
    });
  }
  card.addEventListener("click", (event) => {
    const place = event.target.closest("[data-seek]");
    const seen = film();
    if (!place || !seen) return;
    seen.currentTime = Number(place.dataset.seek);
    seen.scrollIntoView({ block: "center" });
    seen.focus();
  });
}
