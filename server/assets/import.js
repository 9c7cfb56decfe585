// The page of packages: what is whole on the server is checked at once.

import { uploadArea } from "./upload.js";

for (const area of document.querySelectorAll("[data-upload]")) {
  uploadArea(area, (done) => location.assign(`/studio/import?${new URLSearchParams({ package: done.sha256 })}`));
}
