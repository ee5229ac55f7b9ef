// Keys for the list of mappings: j / k move, Enter accepts, x ticks. Everything works without this file too.
(() => {
  "use strict";
  document.addEventListener("DOMContentLoaded", () => {
    const rows = Array.from(document.querySelectorAll("#result_list tr.data-row"));
    if (!rows.length) return;
    let current = -1;

    const go = (to) => {
      if (current >= 0) rows[current].classList.remove("mapping-current");
      current = Math.max(0, Math.min(rows.length - 1, to));
      rows[current].classList.add("mapping-current");
      rows[current].scrollIntoView({ block: "nearest" });
    };

    const isTyping = (target) =>
      target.closest("input:not([type=checkbox]), textarea, select, .select2-container, [contenteditable=true]");

    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (event.key === "j") go(current + 1);
      else if (event.key === "k") go(current < 0 ? 0 : current - 1);
      else if (current < 0) return;
      else if (event.key === "x") {
        const box = rows[current].querySelector("input.action-select");
        if (box) box.click();
      } else if (event.key === "Enter" && !event.target.closest("a, button")) {
        const accept = rows[current].querySelector("button[name=_accept]");
        if (!accept) return;
        sessionStorage.setItem("mapping-row", String(current));
        accept.click();
      } else return;
      event.preventDefault();
    });

    // After accepting, go on where the person was.
    const last = sessionStorage.getItem("mapping-row");
    sessionStorage.removeItem("mapping-row");
    if (last !== null) go(Number(last));
  });
})();
