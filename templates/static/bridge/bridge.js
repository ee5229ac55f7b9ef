/* RMM Bridge: small helpers for every page of the admin. No request leaves for another host. */
"use strict";
(() => {
  // Relative times: <time datetime="2026-11-24T10:00:00Z" data-relative> shows "5 min ago", the exact time on hover.
  const UNITS = [["year", 31536000], ["month", 2592000], ["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
  const words = new Intl.RelativeTimeFormat(document.documentElement.lang || "en", { numeric: "auto", style: "short" });
  const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

  function relative(seconds) {
    const size = Math.abs(seconds);
    if (size < 1) return "now";
    const [unit, length] = UNITS.find(([, unitLength]) => size >= unitLength) || ["second", 1];
    return words.format(Math.round(seconds / length), unit);
  }

  function showTimes(root) {
    for (const element of root.querySelectorAll("time[datetime]")) {
      const at = new Date(element.getAttribute("datetime"));
      if (Number.isNaN(at.getTime())) continue;
      element.title = exact.format(at);
      if (element.dataset.absolute === undefined) {
        element.textContent = relative((at.getTime() - Date.now()) / 1000);
      } else {
        element.textContent = exact.format(at);
      }
    }
  }

  // Live parts: <div data-live="/address"> asks {"html", "live"} every second until the work has ended.
  function watch(element) {
    const again = async () => {
      if (document.hidden) { setTimeout(again, 1000); return; }
      let wait = 1000;
      try {
        const answer = await fetch(element.dataset.live, { headers: { Accept: "application/json" }, credentials: "same-origin" });
        if (answer.redirected || answer.status === 403) { location.reload(); return; }
        if (!answer.ok) throw new Error(String(answer.status));
        const { html, live } = await answer.json();
        if (!element.contains(document.activeElement) || document.activeElement === document.body) {
          if (html !== element.dataset.shown) {
            element.innerHTML = html;
            element.dataset.shown = html;
            showTimes(element);
          }
        }
        element.removeAttribute("data-stale");
        if (!live) { element.removeAttribute("aria-busy"); return; }
      } catch {
        element.setAttribute("data-stale", "");
        wait = 5000; // the server restarts, or the network is away: go on quietly
      }
      setTimeout(again, wait);
    };
    element.setAttribute("aria-busy", "true");
    setTimeout(again, 600);
  }

  // Copy buttons: <button data-copy="id of the element to copy">.
  async function copy(button) {
    const source = document.getElementById(button.dataset.copy);
    if (!source) return;
    const text = source.value ?? source.textContent;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Plain http: the clipboard is closed to scripts; select the text so that Ctrl-C takes it.
      const range = document.createRange();
      range.selectNodeContents(source);
      const selection = getSelection();
      selection.removeAllRanges();
      selection.addRange(range);
      if (!document.execCommand("copy")) { button.lastChild.textContent = " Press Ctrl-C"; return; }
    }
    const before = button.innerHTML;
    button.textContent = "Copied";
    setTimeout(() => { button.innerHTML = before; }, 1500);
  }

  // Keys on lists: j and k move, x ticks, Enter opens, / searches, ? explains.
  const KEYS = [["j", "next row"], ["k", "previous row"], ["x", "tick the row"], ["Enter", "open the row"], ["/", "search"], ["?", "this list"]];
  let at = -1;

  function rows() { return [...document.querySelectorAll("#result_list tbody tr")].filter((row) => row.querySelector("td, th")); }

  function move(step) {
    const all = rows();
    if (!all.length) return;
    all[at]?.classList.remove("rb-at");
    at = Math.min(all.length - 1, Math.max(0, at + step));
    all[at].classList.add("rb-at");
    all[at].scrollIntoView({ block: "nearest" });
  }

  function explainKeys() {
    let box = document.getElementById("rb-keys");
    if (!box) {
      box = document.createElement("div");
      box.id = "rb-keys";
      box.className = "rb-keys";
      box.setAttribute("role", "dialog");
      box.setAttribute("aria-label", "Keyboard");
      const lines = KEYS.map(([name, text]) => `<dt><kbd>${name}</kbd></dt><dd>${text}</dd>`).join("");
      box.innerHTML = `<div class="rb-card"><h2>Keyboard</h2><dl class="rb-dl">${lines}</dl><span class="rb-subtle">Esc closes</span></div>`;
      box.hidden = true;
      box.addEventListener("click", () => { box.hidden = true; });
      document.body.append(box);
    }
    box.hidden = !box.hidden;
  }

  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target;
    if (event.key === "Escape") { const box = document.getElementById("rb-keys"); if (box) box.hidden = true; return; }
    if (target.isContentEditable || target.closest("textarea, select, [contenteditable]")) return;
    if (target.tagName === "INPUT" && target.type !== "checkbox") return;
    if (!document.getElementById("changelist")) return;
    const row = rows()[at];
    if (event.key === "j") move(1);
    else if (event.key === "k") move(-1);
    else if (event.key === "x" && row) row.querySelector("input.action-select")?.click();
    else if (event.key === "Enter" && row && !target.closest("a, button")) row.querySelector("th a, td a")?.click();
    else if (event.key === "/") document.getElementById("searchbar")?.focus();
    else if (event.key === "?") explainKeys();
    else return;
    event.preventDefault();
  }

  document.addEventListener("DOMContentLoaded", () => {
    showTimes(document);
    setInterval(() => showTimes(document), 10000);
    for (const element of document.querySelectorAll("[data-live]")) watch(element);
    document.addEventListener("keydown", onKey);
    document.addEventListener("click", (event) => {
      const button = event.target.closest("[data-copy]");
      if (button) copy(button);
    });
    document.addEventListener("submit", (event) => {
      const question = event.target.dataset?.confirm;
      if (question && !confirm(question)) event.preventDefault();
    });
  });
})();
