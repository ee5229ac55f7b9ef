// What a form's change would have done: asked some time after the last change, followed while a worker counts.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const attach = (root) => {
    for (const panel of root.querySelectorAll("[data-effect]")) {
      const form = panel.closest("form");
      if (form) {
        follow(panel, form);
      }
    }
  };
  attach(document);
  document.addEventListener("bridge:added", (event) => attach(event.target));

  function follow(panel, form) {
    const result = panel.querySelector("[data-effect-result]");
    let timer = 0;
    let asking = null;

    const show = async (answer, signal) => {
      if (!answer.ok || answer.redirected) {
        throw new Error(`status ${answer.status}`);
      }
      const told = await answer.json();
      result.innerHTML = told.html;
      if (told.live && told.url) {
        timer = setTimeout(() => ask(told.url, { signal }), 1000);
      } else {
        panel.setAttribute("aria-busy", "false");
      }
    };
    const ask = async (url, options) => {
      try {
        await show(await fetch(url, { credentials: "same-origin", ...options }), options.signal);
      } catch (error) {
        if (error.name === "AbortError") {
          return;
        }
        panel.setAttribute("aria-busy", "false");
        result.textContent = "The effect could not be worked out. The change can be saved all the same.";
      }
    };
    const start = () => {
      clearTimeout(timer);
      if (asking) {
        asking.abort();
      }
      asking = new AbortController();
      panel.setAttribute("aria-busy", "true");
      ask(panel.dataset.effect, { method: "POST", body: new FormData(form), signal: asking.signal });
    };
    const later = (event) => {
      // What is only chosen for a preview beside it changes nothing.
      if (event.target.name && event.target.name.startsWith("preview_")) {
        return;
      }
      clearTimeout(timer);
      timer = setTimeout(start, 900);
    };
    form.addEventListener("input", later);
    form.addEventListener("change", later);
    if (panel.hasAttribute("data-effect-now")) {
      // What the page is about is the change already.
      start();
    }
  }
});
