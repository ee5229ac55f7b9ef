// Drift by keys: a does what the current row's main button says, l asks why it is left as it is; the person goes on
// where they were. j, k, x, Enter and ? are bridge.js's. Without this file the buttons work, and "Leave" is answered
// on the drift's page.
(() => {
  "use strict";
  const KEPT = "drift-row";
  const TARGETS = { a: ".drift-main", l: "button[name=_leave]" };
  const rows = () => [...document.querySelectorAll("#result_list tbody tr")].filter((row) => row.querySelector("td, th"));
  const current = () => document.querySelector("#result_list tr.rb-at");

  function keep(row) {
    const place = rows().indexOf(row);
    if (place >= 0) sessionStorage.setItem(KEPT, String(place));
  }

  function ask(button) {
    const dialog = document.getElementById("drift-reason");
    dialog.querySelector("input[name=_leave]").value = button.value;
    dialog.querySelector("[data-drift]").textContent = button.closest("tr").querySelector(".drift-line")?.textContent ?? "this";
    dialog.showModal();
    dialog.querySelector("input[name=reason]").focus();
  }

  function onKey(event) {
    const target = TARGETS[event.key];
    if (!target || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("textarea, select, input:not([type=checkbox]), dialog, [contenteditable]")) return;
    const button = current()?.querySelector(target);
    if (!button) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    button.click();
  }

  document.addEventListener("DOMContentLoaded", () => {
    const dialog = document.getElementById("drift-reason");
    document.addEventListener("keydown", onKey, true);
    document.addEventListener("click", (event) => {
      const button = event.target.closest("#result_list button[name], #result_list a.drift-main");
      if (!button) return;
      keep(button.closest("tr"));
      if (button.name !== "_leave" || !dialog) return;
      event.preventDefault();
      ask(button);
    });
    dialog?.querySelector("[data-close]").addEventListener("click", () => dialog.close());
    const kept = sessionStorage.getItem(KEPT);
    sessionStorage.removeItem(KEPT);
    for (let step = 0; kept !== null && step <= Number(kept); step += 1) {
      document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "j", bubbles: true }));
    }
  });
})();
