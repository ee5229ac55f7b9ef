// Ticket defaults: sub-issue types follow the issue type, and the preview follows the form.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const issue = document.getElementById("id_issue_type");
  const subIssue = document.getElementById("id_sub_issue_type");
  const chosenIssue = () => {
    const option = issue.selectedOptions[0];
    return (option && option.dataset.value) || issue.dataset.inherited || "";
  };
  const followIssue = () => {
    const wanted = chosenIssue();
    for (const option of subIssue.options) {
      // The chosen one stays visible even when it does not fit, so that the trouble can be seen.
      const fits = !option.value || option.dataset.parent === wanted || option.selected;
      option.hidden = !fits;
      option.disabled = !fits;
    }
  };
  if (issue && subIssue) {
    followIssue();
    issue.addEventListener("change", () => {
      const option = subIssue.selectedOptions[0];
      if (option && option.value && option.dataset.parent !== chosenIssue()) {
        subIssue.value = "";
      }
      followIssue();
    });
    subIssue.addEventListener("change", followIssue);
  }

  const panel = document.getElementById("defaults-preview");
  if (!panel) {
    return;
  }
  const form = panel.closest("form");
  const result = panel.querySelector("[data-result]");
  let timer = 0;
  let running = null;
  const refresh = async () => {
    if (running) {
      running.abort();
    }
    running = new AbortController();
    panel.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(panel.dataset.url, {
        method: "POST",
        body: new FormData(form),
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
      result.textContent = "The preview could not be loaded. Reload the page; you may have been signed out.";
    }
    panel.setAttribute("aria-busy", "false");
  };
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(refresh, 350);
  };
  form.addEventListener("input", later);
  form.addEventListener("change", later);
  refresh();
});
