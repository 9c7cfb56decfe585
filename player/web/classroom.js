// The village classroom: every page by four arrows and OK, each page its own module.

import { ending } from "./ending.js";
import { hands } from "./hands.js";
import { play } from "./play.js";
import { listen } from "./remote.js";
import { roll } from "./roll.js";

const stillOn = document.querySelector("[data-open-class]");
if (stillOn) ending(stillOn);

const page = document.querySelector("[data-room]");
const begin = { roll, play, hands }[page?.dataset.room] ?? (() => listen());
begin(page);
