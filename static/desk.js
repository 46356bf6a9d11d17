// At the desk a digit opens a task, unless somebody is writing. Without this the same links have access keys.
document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.isComposing) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  if (!/^[0-6]$/.test(event.key)) return;
  const link = document.querySelector(`[data-key="${event.key}"]`);
  if (link) {
    event.preventDefault();
    link.click();
  }
});
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  if (button.autofocus) button.focus();
  button.addEventListener("click", () => window.print());
}
