// The form of a field mapping: steps as rows that can be added, moved and removed with the keyboard (the JSON text
// below them stays what is sent), and the trial on one device. Without this file the JSON is edited as text, and
// the button opens the trial as a page.
(() => {
  "use strict";

  const make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name in element && name !== "list") element[name] = value; else element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
  };

  // How arguments are shown and read back; a table is "old = new" a line, a list of texts a comma list.
  const SHOW = {
    table: (value) => Object.entries(value ?? {}).map(([key, text]) => `${key} = ${text}`).join("\n"),
    texts: (value) => (value ?? []).join(", "),
    count: (value) => (value ?? "").toString(),
    text: (value) => value ?? "",
    choice: (value) => value ?? "",
  };
  const READ = {
    table: (text) => Object.fromEntries(text.split("\n").filter((line) => line.includes("=")).map((line) => {
      const at = line.indexOf("=");
      return [line.slice(0, at).trim(), line.slice(at + 1).trim()];
    })),
    texts: (text) => text.split(",").map((one) => one.trim()).filter(Boolean),
    count: (text) => (/^-?\d+$/.test(text.trim()) ? Number(text) : text.trim()),
    text: (text) => text,
    choice: (text) => text,
  };

  function editor(area) {
    const known = JSON.parse(area.dataset.specification);
    const byName = Object.fromEntries(known.map((one) => [one.name, one]));
    let steps;
    try { steps = JSON.parse(area.value || "[]") ?? []; } catch { return; }
    if (!Array.isArray(steps) || steps.some((one) => !byName[one?.name])) return;
    const list = make("ol", { className: "step-rows", id: "step-rows" });
    const status = make("span", { className: "rb-subtle", role: "status" });
    const add = make("select", { id: "step-add" }, make("option", { value: "", textContent: "Add a step" }));
    add.setAttribute("aria-label", "Add a step");
    for (const one of known) add.append(make("option", { value: one.name, textContent: one.label }));
    const raw = make("button", { type: "button", className: "rb-button", textContent: "Edit as text" });
    const tools = make("div", { className: "rb-row", style: "margin-top:.5rem" }, add, raw, status);

    const store = () => {
      area.value = JSON.stringify(steps);
      area.dispatchEvent(new Event("change", { bubbles: true }));
    };

    function input(step, argument) {
      const value = step[argument.name] ?? argument.default;
      let control;
      if (argument.kind === "choice") {
        control = make("select");
        for (const one of argument.choices) control.append(make("option", { value: one, textContent: one, selected: one === value }));
      } else if (argument.kind === "table") {
        control = make("textarea", { rows: 3, cols: 28, placeholder: "old = new, one a line", value: SHOW.table(value) });
      } else {
        control = make("input", { type: argument.kind === "count" ? "number" : "text", value: SHOW[argument.kind](value), required: argument.required });
        if (argument.kind === "count") { control.min = argument.least; control.max = argument.most; control.style.width = "6rem"; }
        if (argument.kind === "texts") control.placeholder = "separated by commas";
      }
      control.addEventListener("input", () => {
        const read = READ[argument.kind](control.value);
        const isEmpty = read === "" || (typeof read === "object" && !Object.keys(read).length);
        if (isEmpty) delete step[argument.name]; else step[argument.name] = read;
        store();
      });
      return make("label", {}, make("span", { textContent: argument.label }), control);
    }

    function move(from, to, focus) {
      const [one] = steps.splice(from, 1);
      steps.splice(to, 0, one);
      draw(to, focus);
      status.textContent = `Step moved to place ${to + 1}.`;
      store();
    }

    function draw(focusRow = -1, focusName = "") {
      list.replaceChildren(...steps.map((step, place) => {
        const what = byName[step.name];
        const button = (name, icon, label, act, disabled) => {
          const one = make("button", { type: "button", className: "rb-button", title: label, disabled, textContent: icon });
          one.setAttribute("aria-label", `${label}: step ${place + 1}, ${what.label}`);
          one.dataset.act = name;
          one.addEventListener("click", act);
          return one;
        };
        const row = make("li", { className: "step-row" },
          make("span", { className: "step-number", textContent: `${place + 1}.` }),
          make("strong", { className: "rb-strong", textContent: what.label }),
          make("span", { className: "step-arguments" }, ...what.arguments.map((argument) => input(step, argument))),
          make("span", { className: "step-tools" },
            button("up", "↑", "Move up", () => move(place, place - 1, "up"), place === 0),
            button("down", "↓", "Move down", () => move(place, place + 1, "down"), place === steps.length - 1),
            button("remove", "×", "Remove", () => {
              steps.splice(place, 1);
              draw(Math.min(place, steps.length - 1), "remove");
              if (!steps.length) add.focus();
              status.textContent = `${what.label} removed.`;
              store();
            }, false)));
        return row;
      }));
      if (!steps.length) list.replaceChildren(make("li", { className: "rb-subtle", textContent: "No steps: the value is taken as it is." }));
      if (focusRow >= 0) {
        const row = list.children[focusRow];
        const wanted = row?.querySelector(focusName ? `[data-act="${focusName}"]:not([disabled])` : "input, select, textarea, button:not([disabled])");
        (wanted ?? row?.querySelector("button:not([disabled])"))?.focus();
      }
    }

    add.addEventListener("change", () => {
      const what = byName[add.value];
      add.value = "";
      if (!what) return;
      const step = { name: what.name };
      for (const argument of what.arguments) {
        if (argument.default !== null && argument.default !== "" && !(Array.isArray(argument.default) && !argument.default.length)) step[argument.name] = argument.default;
      }
      steps.push(step);
      draw(steps.length - 1);
      status.textContent = `${what.label} added.`;
      store();
    });
    raw.addEventListener("click", () => {
      area.hidden = !area.hidden;
      area.style.display = area.hidden ? "none" : "";
      raw.textContent = area.hidden ? "Edit as text" : "Edit as rows";
      list.hidden = !area.hidden;
      if (area.hidden) {
        try {
          const typed = JSON.parse(area.value || "[]");
          if (!Array.isArray(typed) || typed.some((one) => !byName[one?.name])) throw new Error();
          steps = typed;
          status.textContent = "";
        } catch {
          status.textContent = "The text is no list of known steps; the rows show what was there before.";
        }
        draw();
      } else { area.value = JSON.stringify(steps, null, 1); area.focus(); }
    });
    draw();
    area.value = JSON.stringify(steps);
    area.hidden = true;
    area.style.display = "none";
    area.before(list, tools);
  }

  function trial(card, form) {
    const result = card.querySelector("[data-result]");
    const device = form.elements.trial_device;
    const $ = window.django?.jQuery;
    let timer = 0;
    let latest = 0;

    async function ask() {
      if (!device?.value) return;
      const mine = ++latest;
      card.setAttribute("aria-busy", "true");
      const values = new FormData(form);
      values.set("map", card.dataset.map);
      try {
        const answer = await fetch(card.dataset.url, { method: "POST", body: values, headers: { "X-Preview": "piece" }, credentials: "same-origin" });
        if (!answer.ok) throw new Error(String(answer.status));
        const html = await answer.text();
        if (mine === latest) result.innerHTML = html;
      } catch {
        if (mine === latest) result.textContent = "The trial could not be made. Save works all the same.";
      }
      if (mine === latest) card.setAttribute("aria-busy", "false");
    }

    const later = () => { clearTimeout(timer); timer = setTimeout(ask, 400); };
    form.addEventListener("input", later);
    form.addEventListener("change", later);
    if ($) $(form).on("change", "select", later);
    card.querySelector("[data-trial-button]").addEventListener("click", (event) => {
      event.preventDefault();
      if (device?.value) ask(); else result.textContent = "Choose a device above first.";
    });
  }

  document.addEventListener("DOMContentLoaded", () => {
    const area = document.querySelector("textarea[data-steps]");
    if (area) editor(area);
    const card = document.getElementById("map-trial");
    const form = document.getElementById("fieldmap_form");
    if (card && form) trial(card, form);
  });
})();
