// Ticket defaults and rules: what is shown beside the form follows it.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const panel = document.querySelector(".bridge-preview[data-url]");
  if (!panel) {
    return;
  }
  const form = panel.closest("form");
  const result = panel.querySelector("[data-result]");
  let timer = 0;
  let running = null;
  const refresh = async () => {
    if (running) {
      running.abort();
    }
    running = new AbortController();
    panel.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(panel.dataset.url, {
        method: "POST",
        body: new FormData(form),
        credentials: "same-origin",
        signal: running.signal,
      });
      if (!answer.ok || answer.redirected) {
        throw new Error(`status ${answer.status}`);
      }
      result.innerHTML = await answer.text();
    } catch (error) {
      if (error.name === "AbortError") {
        return;
      }
      result.textContent = "This could not be loaded. Reload the page; you may have been signed out.";
    }
    panel.setAttribute("aria-busy", "false");
  };
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(refresh, 350);
  };
  form.addEventListener("input", later);
  form.addEventListener("change", later);
  // Choices by searching tell only jQuery of a change.
  if (window.django && window.django.jQuery) {
    window.django.jQuery(form).on("change", later);
  }
  refresh();
});
