// The rotating code of a room, as a picture and six digits, in every `[data-code-of]` on the page.
//
// The digits come with the state of the room. When the link is away no new ones come, and old ones lead nowhere, so
// then nothing is shown.

const SVG = "http://www.w3.org/2000/svg";

// Draws a code, or hides it when there is none.
export function draw(code) {
  for (const place of document.querySelectorAll("[data-code-of]")) {
    place.toggleAttribute("data-away", !code);
    if (!code || place.dataset.codeOf === code.digits) continue;
    place.dataset.codeOf = code.digits;
    place.querySelector("[data-digits]").textContent = `${code.digits.slice(0, 3)} ${code.digits.slice(3)}`;
    if (code.qr) place.querySelector("[data-qr]").replaceChildren(picture(code.qr));
  }
}

function picture({ size, path }) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${size} ${size}`);
  svg.setAttribute("shape-rendering", "crispEdges");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", "手机扫码签到");
  const dark = document.createElementNS(SVG, "path");
  dark.setAttribute("d", path);
  svg.append(dark);
  return svg;
}
