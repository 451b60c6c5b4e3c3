
"use strict";
(() => {
  // Tables that sort: a header becomes a button; what is missing stays last either way.
  const valueOf = (row, field) => {
    const cell = row.querySelector(`[data-f="${field}"]`);
    return cell ? (cell.dataset.v ?? cell.textContent.trim()) : "";
  };
  const collator = new Intl.Collator("en", { numeric: true });
  for (const header of document.querySelectorAll("th[data-sort]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...header.childNodes);
    header.append(button);
    button.addEventListener("click", () => {
      const body = header.closest("table").tBodies[0];
      const numeric = header.dataset.type === "number";
      const now = header.getAttribute("aria-sort");
      const down = now ? now === "ascending" : numeric && header.dataset.sort !== "rank";
      for (const other of header.parentNode.children) other.removeAttribute("aria-sort");
      header.setAttribute("aria-sort", down ? "descending" : "ascending");
      const compare = numeric ? (a, b) => a - b : collator.compare;
      const keyed = [...body.rows].map((row) => [valueOf(row, header.dataset.sort), row]);
      keyed.sort(([a], [b]) => {
        if (a === "" || b === "") return (a === "") - (b === "");
        return down ? compare(b, a) : compare(a, b);
      });
      body.append(...keyed.map(([, row]) => row));
    });
  }

  const table = document.getElementById("alerts");
  if (!table) return;
  const form = document.getElementById("filters");
  const field = (name) => document.getElementById(`filter-${name}`);
  const rows = [...table.tBodies[0].rows].map((row) => ({
    row,
    text: row.textContent.toLowerCase().replace(/\s+/g, " "),
    score: Number(valueOf(row, "score")),
    decision: valueOf(row, "decision"),
    amount: valueOf(row, "amount"),
  }));

  const filter = () => {
    const words = field("text").value.toLowerCase().split(/\s+/).filter(Boolean);
    const score = field("score").value, decision = field("decision").value;
    const from = field("amount-from").value, to = field("amount-to").value;
    let shown = 0;
    for (const each of rows) {
      // An amount that is not known is in no range.
      const fits = words.every((word) => each.text.includes(word))
        && (score === "" || each.score >= Number(score))
        && (decision === "" || each.decision === decision)
        && (from === "" || (each.amount !== "" && Number(each.amount) >= Number(from)))
        && (to === "" || (each.amount !== "" && Number(each.amount) <= Number(to)));
      if (each.row.hidden === fits) each.row.hidden = !fits;
      shown += fits;
    }
    const count = (number) => number.toLocaleString("en");
    document.getElementById("shown").textContent =
      shown === rows.length ? `${count(shown)} shown` : `${count(shown)} of ${count(rows.length)} shown`;
    document.getElementById("none-shown").hidden = shown > 0;
  };

  // A cell that a spreadsheet would take for a formula is made a text, also behind what it may take
  // for a separator. So is an id that it would round or shorten: a figure of ours stays a number.
  const FIGURES = new Set(["rank", "score", "higher_than_share", "amount"]);
  const cell = (value, name) => {
    const number = /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(value);
    const kept = number && (FIGURES.has(name) || /^-?(0|[1-9]\d{0,14})$/.test(value));
    const risky = number || /^[\s\u0000-\u001f]*[=+\-@\t\r\uff0b\uff0d\uff1d\uff20]/.test(value);
    const safe = (!kept && risky ? `'${value}` : value)
      .replace(/([;\t\r\n]\s*)(?=[=+\-@\uff0b\uff0d\uff1d\uff20])/g, "$1'");
    return `"${safe.replace(/"/g, '""')}"`;
  };
  const reasonsOf = (row) => [...row.querySelectorAll(".reasons li")]
    .map((item) => `${item.lastElementChild.textContent} [${item.dataset.c}]`).join("; ").replaceAll("\u00a0", " ");
  const exported = () => {
    const fields = JSON.parse(table.dataset.fields);
    const lines = [fields.map(([, title]) => cell(title))];
    for (const row of table.tBodies[0].rows) {
      if (row.hidden) continue;
      lines.push(fields.map(([name]) => cell(
        name === "reasons" ? reasonsOf(row) : name === "model_id" ? table.dataset.model : valueOf(row, name),
        name)));
    }
    return `\ufeff${lines.map((line) => line.join(",")).join("\r\n")}\r\n`;
  };
  document.getElementById("export").addEventListener("click", (event) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([exported()], { type: "text/csv;charset=utf-8" }));
    link.download = event.currentTarget.dataset.file;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });

  form.addEventListener("input", filter);
  form.addEventListener("reset", () => setTimeout(filter));
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  filter();
})();
