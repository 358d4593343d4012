/* Small things that every page with a form needs. */
"use strict";
// A form is sent once, however often the button is pressed. (The server counts it once anyway.)
for (const form of document.querySelectorAll("form[data-once]")) {
  form.addEventListener("submit", () => {
    for (const button of form.querySelectorAll("button")) button.setAttribute("aria-busy", "true");
    setTimeout(() => {
      for (const button of form.querySelectorAll("button")) button.disabled = true;
    });
  });
}
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload(); // an old page out of the browser's memory
});
// A search that the server found fault with still shows what the fault was.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.status === 400) {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  }
});
