
"use strict";
{
  // A message in the page's language; a message that has no translation is its own text.
  const said = JSON.parse(document.getElementById("said")?.textContent ?? "{}");
  window.say = (text, values = {}) =>
    (said[text] ?? text).replace(/\{(\w+)\}/g, (_, name) => values[name]);

  // The page holds no time, so that the same inputs give the same bytes: it shows the file's.
  const time = (moment) => {
    const two = (number) => String(number).padStart(2, "0");
    const minutes = -moment.getTimezoneOffset();
    return `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())} `
      + `${two(moment.getHours())}:${two(moment.getMinutes())} `
      + `${minutes < 0 ? "-" : "+"}${two(Math.trunc(Math.abs(minutes) / 60))}:${two(Math.abs(minutes) % 60)}`;
  };
  const written = time(new Date(document.lastModified));
  const dated = document.getElementById("dated");
  dated.textContent = say(" · file of {written}", { written });
  addEventListener("beforeprint", () => {
    dated.textContent =
      say(" · file of {written}, printed {printed}", { written, printed: time(new Date()) });
  });

  // Tables that sort: a header becomes a button; what is missing stays last either way.
  const collator = new Intl.Collator(document.documentElement.lang, { numeric: true });
  window.ordered = (numeric, down) => {
    const compare = numeric ? (a, b) => a - b : collator.compare;
    return ([a], [b]) => {
      if (a === "" || b === "") return (a === "") - (b === "");
      return down ? compare(b, a) : compare(a, b);
    };
  };
  window.sortable = (table, sort) => {
    for (const header of table.querySelectorAll("th[data-sort]")) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...header.childNodes);
      header.append(button);
      button.addEventListener("click", () => {
        const numeric = header.dataset.type === "number";
        const now = header.getAttribute("aria-sort");
        const down = now ? now === "ascending" : numeric && header.dataset.sort !== "case";
        for (const other of header.parentNode.children) other.removeAttribute("aria-sort");
        header.setAttribute("aria-sort", down ? "descending" : "ascending");
        sort(header.dataset.sort, numeric, down, button.textContent.trim());
      });
    }
  };
  for (const table of document.querySelectorAll("table.sortable")) {
    const body = table.tBodies[0];
    sortable(table, (field, numeric, down) => {
      const keyed = [...body.rows].map((row) => {
        const cell = row.querySelector(`[data-f="${field}"]`);
        return [cell.dataset.v ?? cell.textContent.trim(), row];
      });
      body.append(...keyed.sort(ordered(numeric, down)).map(([, row]) => row));
    });
  }
}
