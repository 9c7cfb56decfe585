// The worker of a phone: when a page can't be fetched it answers with the one that says so, which shows what the owner of
// the phone kept (offline.js). Everything else goes its own way: media, uploads, the API, the classroom, the desks.

const SHELL = "yuanjiao:shell:";
const NAME = `${SHELL}{release}`;
const FILES = ["/offline", "./app.css", "./favicon.svg", "./owner.js", "./kept.js", "./offline.js"];
const PHONE = /^\/(|home|search|join|record(\/.*)?|lessons\/[^/]+|courses\/[^/]+)$/;
const away = new Set(); // the pages answered so: they take their files from here as well, those of one release

addEventListener("install", (event) => event.waitUntil(install()));
addEventListener("activate", (event) => event.waitUntil(activate()));
addEventListener("fetch", (event) => {
  const { request, clientId } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (request.mode === "navigate" && PHONE.test(pathname)) event.respondWith(page(event));
  else if (away.has(clientId)) event.respondWith(file(request));
});

async function install() {
  await (await caches.open(NAME)).addAll(FILES);
  await skipWaiting();
}

async function activate() {
  const old = (await caches.keys()).filter((name) => name.startsWith(SHELL) && name !== NAME);
  await Promise.all(old.map((name) => caches.delete(name)));
  await clients.claim();
}

async function page(event) {
  try {
    return await fetch(event.request);
  } catch (cause) {
    const offline = await caches.match("/offline", { cacheName: NAME });
    if (!offline) throw cause;
    away.add(event.resultingClientId);
    return offline;
  }
}

async function file(request) {
  return (await caches.match(request, { cacheName: NAME })) ?? fetch(request);
}
