// The form of a device type rule: shows what saving would change while one types, and fills in what Autotask has of
// the right name. Without this file the button opens the same preview as a page.
(() => {
  "use strict";
  const NAMES = ["datto_category", "datto_type", "device_class"];

  document.addEventListener("DOMContentLoaded", () => {
    const card = document.getElementById("type-preview");
    const form = document.getElementById("devicetyperule_form");
    if (!card || !form) return;
    const result = card.querySelector("[data-result]");
    let timer = 0;
    let latest = 0;

    async function preview() {
      const mine = ++latest;
      card.setAttribute("aria-busy", "true");
      const values = new FormData(form);
      values.set("rule", card.dataset.rule);
      try {
        const answer = await fetch(card.dataset.url, { method: "POST", body: values, headers: { "X-Preview": "piece" }, credentials: "same-origin" });
        if (!answer.ok) throw new Error(String(answer.status));
        const html = await answer.text();
        if (mine === latest) result.innerHTML = html;
      } catch {
        if (mine === latest) result.textContent = "The preview could not be made. Save works all the same.";
      }
      if (mine === latest) card.setAttribute("aria-busy", "false");
    }

    const later = () => { clearTimeout(timer); timer = setTimeout(preview, 350); };
    form.addEventListener("input", later);
    form.addEventListener("change", later);
    // select2 announces its changes through the theme's jQuery only.
    const $ = window.django?.jQuery;
    if ($) $(form).on("change", "select", later);
    card.querySelector("[data-preview-button]").addEventListener("click", (event) => { event.preventDefault(); preview(); });

    const button = card.querySelector("[data-suggest-button]");
    button.hidden = false;
    button.addEventListener("click", async () => {
      const query = new URLSearchParams(NAMES.map((name) => [name, form.elements[name]?.value ?? ""]));
      const answer = await fetch(`${card.dataset.suggest}?${query}`, { credentials: "same-origin" });
      if (!answer.ok) return;
      for (const [name, choice] of Object.entries(await answer.json())) {
        const select = form.elements[name];
        if (!choice || !select) continue;
        if (![...select.options].some((option) => option.value === String(choice.id))) select.add(new Option(choice.text, choice.id));
        select.value = String(choice.id);
        if ($) $(select).trigger("change.select2");
      }
      preview();
    });
    preview();
  });
})();
