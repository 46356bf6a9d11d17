// Without network: the code that was opened last, if this browser still has it and it still works. It is asked of the
// browser's own cache and of nothing else, where it lies under the sign-in of whoever opened it and leaves with them.
(() => {
  "use strict";
  const place = document.getElementById("last-code");
  const without = document.getElementById("no-code");

  const show = async () => {
    const kept = await fetch(place.dataset.from, { cache: "only-if-cached", mode: "same-origin", redirect: "error" });
    if (!kept.ok) return;
    const page = new DOMParser().parseFromString(await kept.text(), "text/html");
    const code = page.getElementById("qr");
    const left = code ? new Date(code.dataset.expires) - Date.now() : 0;
    if (!(left > 0)) return;
    code.removeAttribute("id");
    place.querySelector("[data-code]").replaceChildren(document.adoptNode(code));
    place.hidden = false;
    without.hidden = true;
    window.setTimeout(() => {
      place.querySelector("[data-code]").replaceChildren();
      place.hidden = true;
      without.hidden = false;
    }, left);
  };

  show().catch(() => {}); // it is not there: the page says so already
  window.addEventListener("online", () => window.location.reload());
})();
