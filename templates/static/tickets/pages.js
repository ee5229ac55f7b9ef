// Exact times on hover, in the reader's own zone.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  for (const time of document.querySelectorAll("time[datetime]")) {
    const moment = new Date(time.getAttribute("datetime"));
    if (!Number.isNaN(moment.getTime())) {
      time.title = `${moment.toLocaleString()} (${time.title})`;
    }
  }
});
