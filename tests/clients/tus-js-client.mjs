// Uploads a file with tus-js-client as its users do, over a line that breaks:
// node tus-js-client.mjs LIBRARY URL TOKEN FILE CHUNK PARALLEL
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [library, url, token, path, chunk, parallel] = process.argv.slice(2);
const tus = createRequire(`${library}/`)("tus-js-client");
const upload = new tus.Upload(readFileSync(path), {
  endpoint: `${url}/uploads`,
  headers: { Authorization: `Bearer ${token}` },
  metadata: { filename: "育秧.bin" },
  chunkSize: Number(chunk),
  parallelUploads: Number(parallel),
  retryDelays: Array(400).fill(50),
  onError(problem) {
    console.error(problem.message);
    process.exit(1);
  },
  onSuccess() {
    console.log(upload.url.split("/").pop());
  },
});
upload.start();
