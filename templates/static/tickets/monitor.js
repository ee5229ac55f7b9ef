// A monitor's page: the settings that apply follow the chosen alert, without leaving the page.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const form = document.querySelector("[data-monitor-settings]");
  const result = document.querySelector("[data-settings-result]");
  if (!form || !result) {
    return;
  }
  for (const one of form.querySelectorAll("[data-without-script]")) {
    one.hidden = true;
  }
  let running = null;
  const show = async () => {
    if (running) {
      running.abort();
    }
    running = new AbortController();
    result.setAttribute("aria-busy", "true");
    try {
      const wanted = encodeURIComponent(form.elements.alert.value);
      const answer = await fetch(`${form.dataset.monitorSettings}?alert=${wanted}`, {
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
      result.textContent = "The settings could not be loaded. Reload the page; you may have been signed out.";
    }
    result.setAttribute("aria-busy", "false");
  };
  form.elements.alert.addEventListener("change", show);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    show();
  });
  show();
});
