// The review queue by keys: a accepts the current row's proposal, n asks why there is no contract, s puts it off; the
// person goes on where they were. j, k, x, Enter and ? are bridge.js's. Without this file the buttons work, and "No
// contract" is answered on the device's page.
(() => {
  "use strict";
  const KEPT = "review-row";
  const BUTTONS = { a: "_accept", n: "_no_contract", s: "_later" };
  const rows = () => [...document.querySelectorAll("#result_list tbody tr")].filter((row) => row.querySelector("button[name]"));
  const current = () => document.querySelector("#result_list tr.rb-at");

  function keep(row) {
    const place = rows().indexOf(row);
    if (place >= 0) sessionStorage.setItem(KEPT, String(place));
  }

  function ask(button) {
    const dialog = document.getElementById("review-reason");
    const row = button.closest("tr");
    dialog.querySelector("input[name=_no_contract]").value = button.value;
    dialog.querySelector("[data-device]").textContent = row.querySelector("th a, td a")?.textContent ?? "this device";
    dialog.showModal();
    dialog.querySelector("input[name=reason]").focus();
  }

  function onKey(event) {
    const name = BUTTONS[event.key];
    if (!name || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("textarea, select, input:not([type=checkbox]), dialog, [contenteditable]")) return;
    const button = current()?.querySelector(`button[name=${name}]`);
    if (!button) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    button.click();
  }

  document.addEventListener("DOMContentLoaded", () => {
    const dialog = document.getElementById("review-reason");
    document.addEventListener("keydown", onKey, true);
    document.addEventListener("click", (event) => {
      const button = event.target.closest("#result_list button[name]");
      if (!button) return;
      keep(button.closest("tr"));
      if (button.name !== "_no_contract" || !dialog) return;
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
