// Makes the site one that can be put on a phone's first screen, with a page for when there is no network.
// Browsers that cannot, or may not here, go on as they are.
if ("serviceWorker" in navigator) navigator.serviceWorker.register("/worker.js").catch(() => {});
