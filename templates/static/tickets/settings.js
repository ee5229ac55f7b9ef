// Settings: sub-issue types follow the issue type, roles follow the resource, and UDFs get more rows.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  attach(document);
  document.addEventListener("bridge:added", (event) => attach(event.target));
});

function attach(root) {
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

  const resource = document.getElementById("id_resource");
  const role = document.getElementById("id_role");
  const followResource = () => {
    const option = resource.selectedOptions[0];
    const known = ((option && option.dataset.roles) || "").split(" ").filter(Boolean);
    for (const one of role.options) {
      // Nothing is known of a resource's roles before they have been read: then all are offered.
      const fits = !one.value || known.length === 0 || known.includes(one.value) || one.selected;
      one.hidden = !fits;
      one.disabled = !fits;
    }
    return known;
  };
  if (resource && role) {
    followResource();
    resource.addEventListener("change", () => {
      const option = resource.selectedOptions[0];
      const known = ((option && option.dataset.roles) || "").split(" ").filter(Boolean);
      if (!resource.value || (known.length > 0 && !known.includes(role.value))) {
        // With one role there is nothing to choose.
        role.value = resource.value && known.length === 1 ? known[0] : "";
      }
      followResource();
    });
    role.addEventListener("change", followResource);
  }

  for (const box of root.querySelectorAll("[data-udf-rows]")) {
    const follow = (row) => {
      const select = row.querySelector("select");
      const input = row.querySelector("input");
      const option = select.selectedOptions[0];
      if (option && option.dataset.list) {
        input.setAttribute("list", option.dataset.list);
      } else {
        input.removeAttribute("list");
      }
    };
    const isEmpty = (row) => !row.querySelector("select").value && !row.querySelector("input").value;
    const keepSpare = () => {
      const rows = [...box.querySelectorAll("[data-udf-row]")];
      if (rows.length === 0 || rows.some(isEmpty)) {
        return;
      }
      const last = rows[rows.length - 1];
      const more = last.cloneNode(true);
      more.querySelector("select").removeAttribute("id");
      more.querySelector("select").value = "";
      more.querySelector("input").value = "";
      last.after(more);
      follow(more);
    };
    for (const row of box.querySelectorAll("[data-udf-row]")) {
      follow(row);
    }
    for (const kind of ["input", "change"]) {
      box.addEventListener(kind, (event) => {
        follow(event.target.closest("[data-udf-row]"));
        keepSpare();
      });
    }
  }
}
