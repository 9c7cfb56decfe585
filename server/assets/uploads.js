// The page of several files: nothing to attach them to, each leads to a lesson of its own.

import { uploadArea } from "./upload.js";

for (const area of document.querySelectorAll("[data-upload]")) uploadArea(area, () => {});
