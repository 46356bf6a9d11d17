// Looks again for whoever has scripts on, without losing the reader's place; others get a plain refresh.
(() => {
  "use strict";
  const said = document.createElement("p"); // read out when the state changes, and only then
  said.className = "unseen";
  said.setAttribute("role", "status");
  document.body.append(said);

  const look = async () => {
    const part = document.getElementById("progress");
    if (!part || !part.dataset.refresh) return;
    try {
      const answer = await fetch(window.location.href, {
        headers: { Accept: "text/html", "X-Linmen-Looks-Again": "1" }, // nobody need be here: portal/office.py
      });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById("progress");
      if (answer.ok && fresh) {
        if (fresh.innerHTML !== part.innerHTML) part.innerHTML = fresh.innerHTML;
        if (!fresh.dataset.refresh) delete part.dataset.refresh;
        if (document.title !== page.title) {
          document.title = page.title;
          said.textContent = fresh.querySelector("h1").textContent;
        }
      }
    } catch {
      // no network for a moment: look again later
    }
    wait();
  };
  const wait = () => {
    const part = document.getElementById("progress");
    if (part && part.dataset.refresh) window.setTimeout(look, Number(part.dataset.refresh) * 1000);
  };
  wait();
})();
