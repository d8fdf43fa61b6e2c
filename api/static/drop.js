// The form works without this file; with it, a dropped licence is sent at once.
"use strict";
for (const zone of document.querySelectorAll(".drop")) {
  const form = zone.closest("form");
  const input = zone.querySelector('input[type="file"]');
  const button = form.querySelector("button");
  const send = () => {
    if (!input.files.length) return;
    button.disabled = true;
    button.textContent = button.dataset.busy;
    form.requestSubmit ? form.requestSubmit() : form.submit();
  };
  input.addEventListener("change", send);
  zone.addEventListener("dragover", (event) => {
    event.preventDefault();
    zone.classList.add("over");
  });
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    input.files = event.dataTransfer.files;
    send();
  });
}
// Coming back with the browser's "back" button must not leave the form locked.
window.addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("button[data-busy]")) {
    button.disabled = false;
    button.textContent = button.dataset.idle;
  }
});
