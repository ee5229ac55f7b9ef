"use strict";
(() => {
  const POLL_MS = 2000;
  const byId = (id) => document.getElementById(id);

  function ago(ms) {
    const seconds = Math.max(0, Math.round((Date.now() - ms) / 1000));
    if (seconds < 60) return `${seconds} s ago`;
    if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
    if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
    const days = Math.floor(seconds / 86400);
    return days === 1 ? "1 day ago" : `${days} days ago`;
  }

  function tellTimes(root) {
    for (const time of root.querySelectorAll("time")) {
      const ms = time.dataset.ms ? Number(time.dataset.ms) : Date.parse(time.dataset.iso || "");
      if (!Number.isNaN(ms)) {
        const text = ago(ms);
        if (time.textContent !== text) time.textContent = text;
        time.title = new Date(ms).toLocaleString();
      }
    }
  }

  // Only rows that differ are touched, so nothing flickers and the focus stays where it is.
  function reconcile(target, html) {
    const fresh = document.createElement("template");
    fresh.innerHTML = html;
    const old = new Map([...target.children].map((row) => [row.dataset.key, row]));
    let place = target.firstElementChild;
    for (const row of [...fresh.content.children]) {
      const known = old.get(row.dataset.key);
      old.delete(row.dataset.key);
      let kept = known;
      if (!known) {
        row.classList.add("new");
        kept = row;
      } else if (known.dataset.html !== row.outerHTML) {
        row.dataset.html = row.outerHTML;
        const focused = known.contains(document.activeElement) && document.activeElement.tagName === "BUTTON";
        known.replaceWith(row);
        if (place === known) place = row;
        kept = row;
        if (focused) row.querySelector("button")?.focus();
      }
      if (!known) row.dataset.html = html && row.outerHTML.replace(/ class="([^"]*) new"/, ' class="$1"');
      if (kept === place) place = place.nextElementSibling;
      else target.insertBefore(kept, place);
    }
    for (const row of old.values()) row.remove();
    tellTimes(target);
  }

  function remember(root) {
    for (const part of root.querySelectorAll("[data-part], #banner")) {
      for (const row of part.children) row.dataset.html = row.outerHTML;
    }
  }

  let asked = 0;
  async function poll() {
    const list = byId("alert-list");
    if (!list) return;
    const turn = ++asked;
    const query = new URLSearchParams();
    for (const box of document.querySelectorAll("[data-feed]")) query.set(box.dataset.feed, box.value);
    try {
      const answer = await fetch(`/feed?${query}`, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      const feed = await answer.json();
      if (turn !== asked) return;
      reconcile(byId("banner"), feed.html.banner);
      for (const part of document.querySelectorAll("[data-part]")) reconcile(part, feed.html[part.dataset.part]);
      byId("alert-count").textContent = feed.counts.alerts;
      byId("ticket-count").textContent = feed.counts.tickets;
      byId("live-trouble").hidden = true;
    } catch {
      if (turn === asked) byId("live-trouble").hidden = false;
    }
  }

  function say(form, text, kind) {
    const place = byId(form.dataset.result);
    if (!place) return;
    place.textContent = text;
    place.className = `form-result ${kind}`;
  }

  async function send(event) {
    const form = event.target.closest("form[data-live]");
    if (!form) return;
    event.preventDefault();
    if (form.dataset.confirm && !window.confirm(form.dataset.confirm)) return;
    const button = event.submitter;
    const data = new FormData(form);
    if ("as" in form.dataset && byId("act-as")) data.set("resourceId", byId("act-as").value);
    const target = button?.getAttribute("formaction") || form.getAttribute("action");
    for (const input of form.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
    if (button) button.disabled = true;
    try {
      const answer = await fetch(target, { method: "POST", body: new URLSearchParams(data), headers: { Accept: "application/json" } });
      const outcome = await answer.json();
      if (outcome.error) {
        say(form, outcome.error, "bad");
        const input = outcome.field && form.elements.namedItem(outcome.field);
        if (input instanceof HTMLElement) {
          input.setAttribute("aria-invalid", "true");
          input.focus();
        }
      } else {
        say(form, outcome.message, "good");
        if (form.dataset.leave) window.location.assign(form.dataset.leave);
        else if ("reload" in form.dataset) window.location.reload();
      }
    } catch {
      say(form, "The sandbox did not answer. Nothing is known about the outcome; look at the lists.", "bad");
    } finally {
      if (button) button.disabled = false;
      if (button && !document.activeElement?.closest("form")) button.focus();
      poll();
    }
  }

  let typing = 0;
  function later(job) {
    window.clearTimeout(typing);
    typing = window.setTimeout(job, 150);
  }

  async function suggest(input) {
    const site = byId(input.dataset.site)?.value ?? "";
    const answer = await fetch(`/suggest/devices?${new URLSearchParams({ q: input.value, site })}`);
    if (!answer.ok) return;
    const { devices } = await answer.json();
    input.list.replaceChildren(...devices.map((name) => Object.assign(document.createElement("option"), { value: name })));
  }

  document.addEventListener("submit", send);
  document.addEventListener("DOMContentLoaded", () => {
    remember(document);
    tellTimes(document);
    const chosen = byId("act-as");
    if (chosen) {
      const kept = window.sessionStorage.getItem("act-as");
      if (kept && [...chosen.options].some((option) => option.value === kept)) chosen.value = kept;
      chosen.addEventListener("change", () => window.sessionStorage.setItem("act-as", chosen.value));
    }
    for (const box of document.querySelectorAll("[data-feed]")) box.addEventListener("input", () => later(poll));
    for (const input of document.querySelectorAll("[data-suggest]")) {
      input.addEventListener("input", () => later(() => suggest(input)));
      input.addEventListener("focus", () => suggest(input), { once: true });
      byId(input.dataset.site)?.addEventListener("change", () => { input.value = ""; suggest(input); });
    }
    if (byId("alert-list")) window.setInterval(() => { if (!document.hidden) poll(); }, POLL_MS);
  });
})();
