// A fresh code takes the place of the old one while the page is open and there is a network. Without one, and whatever
// goes wrong, the old one stays: it may be all that somebody has in their hand at the gate.
(() => {
  "use strict";
  const PATIENCE = 8000;
  const PAUSE = 30000;
  let busy = false;
  let last = Date.now();

  const renew = async () => {
    const part = document.getElementById("qr");
    if (!part || busy || document.hidden || !navigator.onLine) return;
    busy = true;
    const giveUp = new AbortController();
    const timer = window.setTimeout(() => giveUp.abort(), PATIENCE);
    try {
      // "reload" also puts the answer in the browser's cache, for when there is no network.
      const answer = await fetch(window.location.pathname, {
        cache: "reload", redirect: "error", signal: giveUp.signal,
        headers: { Accept: "text/html", "X-Linmen-Looks-Again": "1" }, // nobody need be here: portal/office.py
      });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById("qr");
      if (answer.ok && fresh) part.replaceWith(document.adoptNode(fresh));
      if (answer.ok) last = Date.now();
    } catch {
      // the old one stays
    } finally {
      window.clearTimeout(timer);
      busy = false;
    }
  };

  const soon = () => { if (Date.now() - last > PAUSE) renew(); };
  const part = document.getElementById("qr");
  if (!part) return;
  const arrived = performance.getEntriesByType("navigation")[0];
  if (arrived && arrived.transferSize === 0) renew(); // it came from the cache
  window.addEventListener("pageshow", (event) => { if (event.persisted) renew(); });
  window.addEventListener("online", soon);
  document.addEventListener("visibilitychange", soon);
  window.setInterval(renew, Number(part.dataset.halfLife) * 1000);
})();
