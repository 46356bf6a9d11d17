// Asks the phone or computer for a passkey and hands what it says to the form. What the phone looks at to be sure of its
// owner (a face, a finger, a PIN of its own) stays there: a page has no way to receive it.
(() => {
  "use strict";
  const form = document.querySelector("form[data-passkey]");
  if (!form || !window.PublicKeyCredential || !navigator.credentials) return;
  const unable = form.querySelector("[data-passkey-unable]");
  const failed = form.querySelector("[data-passkey-failed]");
  unable.hidden = true;

  const bytes = (text) => {
    const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, (each) => each.charCodeAt(0));
  };
  const text = (buffer) => {
    if (!buffer) return null;
    const plain = String.fromCharCode(...new Uint8Array(buffer));
    return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  };
  const known = (list) => (list || []).map((each) => ({ ...each, id: bytes(each.id) }));

  const ask = (wanted) => {
    const publicKey = { ...wanted, challenge: bytes(wanted.challenge) };
    if (form.dataset.passkey === "get") return navigator.credentials.get({ publicKey });
    publicKey.user = { ...wanted.user, id: bytes(wanted.user.id) };
    publicKey.excludeCredentials = known(wanted.excludeCredentials);
    return navigator.credentials.create({ publicKey });
  };
  const spelled = ({ id, rawId, type, response }) => {
    const said = { clientDataJSON: text(response.clientDataJSON) };
    if (response.attestationObject) {
      said.attestationObject = text(response.attestationObject);
    } else {
      said.authenticatorData = text(response.authenticatorData);
      said.signature = text(response.signature);
      if (response.userHandle) said.userHandle = text(response.userHandle);
    }
    return JSON.stringify({ id, rawId: text(rawId), type, response: said, clientExtensionResults: {} });
  };

  let busy = false;
  // Back from the next page, by the browser's own button: the button works again.
  window.addEventListener("pageshow", () => {
    busy = false;
  });
  form.addEventListener("submit", async (event) => {
    const answer = form.elements.namedItem("answer");
    const name = form.elements.namedItem("name");
    // Without a name the form goes as it is, and its answer says what is missing: no passkey is made for nothing.
    if (name && !name.value.trim()) return;
    event.preventDefault();
    if (busy) return;
    busy = true;
    failed.hidden = true;
    try {
      answer.value = spelled(await ask(JSON.parse(form.dataset.options)));
      form.submit();
    } catch {
      failed.hidden = false;
      busy = false;
    }
  });
})();
