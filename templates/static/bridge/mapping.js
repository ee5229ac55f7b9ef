// On the list of mappings Enter accepts the current row's proposal instead of opening the row, and the person
// goes on where they were. The other keys (j, k, x, ?) are bridge.js's. Everything works without this file too.
(() => {
  "use strict";
  const KEPT = "mapping-row";
  const current = () => document.querySelector("#result_list tr.rb-at");

  function onEnter(event) {
    if (event.key !== "Enter" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("a, button, textarea, select, input:not([type=checkbox]), .select2-container")) return;
    const accept = current()?.querySelector("button[name=_accept]");
    if (!accept) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    sessionStorage.setItem(KEPT, String([...document.querySelectorAll("#result_list tr.data-row")].indexOf(current())));
    accept.click();
  }

  document.addEventListener("DOMContentLoaded", () => {
    document.addEventListener("keydown", onEnter, true);
    const kept = sessionStorage.getItem(KEPT);
    sessionStorage.removeItem(KEPT);
    for (let step = 0; kept !== null && step <= Number(kept); step += 1) {
      document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "j", bubbles: true }));
    }
  });
})();
