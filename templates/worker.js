// Keeps what is no secret: the page for when there is no network, and what it is drawn with. Never a page about anybody:
// what it keeps, it fetches without cookies.
"use strict";
const NAME = {{ name }};
const OFFLINE = {{ offline }};
const KEPT = {{ kept }};

const keep = async () => {
  const shelf = await caches.open(NAME);
  await shelf.addAll(KEPT.map((path) => new Request(path, { credentials: "omit", cache: "reload" })));
  await self.skipWaiting();
};
const tidy = async () => {
  const others = (await caches.keys()).filter((name) => name !== NAME);
  await Promise.all(others.map((name) => caches.delete(name)));
  await self.clients.claim();
};
// The network first, always: nothing old is shown while there is one.
const orKept = (request, path) => fetch(request).catch(async () => (await caches.match(path)) || Response.error());

self.addEventListener("install", (event) => event.waitUntil(keep()));
self.addEventListener("activate", (event) => event.waitUntil(tidy()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const path = new URL(request.url).pathname;
  if (request.method !== "GET" || /^\/(admin|desk)\//.test(path)) return; // the desk has no card to fall back on
  if (request.mode === "navigate") event.respondWith(orKept(request, OFFLINE));
  else if (KEPT.includes(path)) event.respondWith(orKept(request, path));
});
