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
  // A setting is edited below its row; a click with a key held opens the form on a page of its own, as without a script.
  let opener = null;
  const close = () => {
    const row = result.querySelector("[data-override-row]");
    if (row) {
      row.remove();
      opener.setAttribute("aria-expanded", "false");
      opener.focus();
    }
  };
  const edit = async (link) => {
    const isOpen = link.getAttribute("aria-expanded") === "true";
    close();
    if (isOpen) {
      return;
    }
    const page = new URL(link.href);
    page.searchParams.set("piece", "1");
    try {
      const answer = await fetch(page, { credentials: "same-origin" });
      if (!answer.ok || answer.redirected) {
        throw new Error(`status ${answer.status}`);
      }
      const row = document.createElement("tr");
      row.dataset.overrideRow = "";
      const cell = row.insertCell();
      cell.colSpan = 4;
      cell.innerHTML = await answer.text();
      link.closest("tr").after(row);
      opener = link;
      link.setAttribute("aria-expanded", "true");
      row.dispatchEvent(new Event("bridge:added", { bubbles: true }));
      const first = row.querySelector("select, input:not([type=hidden]), textarea");
      if (first) {
        first.focus();
      }
    } catch {
      location.assign(link.href);
    }
  };
  result.addEventListener("click", (event) => {
    const link = event.target.closest("[data-override], [data-override-close]");
    // On a phone a form has no room inside of a table: the link leads to its own page.
    const isNarrow = matchMedia("(max-width: 640px)").matches;
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || isNarrow) {
      return;
    }
    event.preventDefault();
    if (link.hasAttribute("data-override")) {
      edit(link);
    } else {
      close();
    }
  });
  result.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && event.target.closest("[data-override-row]")) {
      close();
    }
  });

  form.elements.alert.addEventListener("change", show);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    show();
  });
  show();
});
