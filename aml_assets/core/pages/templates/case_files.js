// Files of cases: cells of a CSV, and handing it to the reader. Its columns are English: programs read them.
const files = (() => {
  // A cell that a spreadsheet would take for a formula is made a text, also behind what it may take
  // for a separator. So is an id that it would round or shorten: a figure of ours stays a number.
  const FIGURES = new Set(["case", "evidence", "reports_today", "reports_lately", "confirmed_lately", "rank", "score", "higher_than_share", "amount"]);
  const quoted = (value, name) => {
    const isNumber = /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(value);
    const kept = isNumber && (FIGURES.has(name) || /^-?(0|[1-9]\d{0,14})$/.test(value));
    const risky = isNumber || /^[\s\u0000-\u001f]*[=+\-@\t\r\uff0b\uff0d\uff1d\uff20]/.test(value);
    const safe = (!kept && risky ? `'${value}` : value)
      .replace(/([;\t\r\n]\s*)(?=[=+\-@\uff0b\uff0d\uff1d\uff20])/g, "$1'");
    return `"${safe.replace(/"/g, '""')}"`;
  };
  const download = (button, written) => {
    const content = `\ufeff${written.map((line) => line.join(",")).join("\r\n")}\r\n`;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([content], { type: "text/csv;charset=utf-8" }));
    link.download = button.dataset.file;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };
  // A cell of a file that a program reads, to which an apostrophe would be part of an id.
  const plainly = (value) => `"${value.replace(/"/g, '""')}"`;
  return { quoted, plainly, download };
})();
