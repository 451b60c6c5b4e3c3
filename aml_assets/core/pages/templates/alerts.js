(() => {
  const table = document.getElementById("alerts");
  if (!table) return;
  const CHUNK = 100; // rows are made as they are needed
  const PRINTED = 1000; // a browser lays out more than that on paper for minutes
  const { texts, base, alerts } = JSON.parse(document.getElementById("data").textContent);
  const exact = (amount) => amount.replaceAll(",", "");
  const rows = alerts.map(([score, below, share, decision, key, when, offset, amount, currency,
    from, to, own, families, rest, margin], place) => {
    const row = { rank: place + 1, score, below, share: texts[share], decision: texts[decision],
      key, when, offset: texts[offset], amount, currency: texts[currency], from, to,
      own: own.map((each) => texts[each]), rest, margin };
    row.families = families.map(([name, by, told]) => {
      const reasons = [];
      for (let at = 0; at < told.length; at += 3) reasons.push([told[at + 2], texts[told[at]] + texts[told[at + 1]]]);
      return { name: texts[name], by, reasons };
    });
    return row;
  });
  const FACTS = {
    rank: (row) => row.rank, score: (row) => row.score, higher_than_share: (row) => row.below,
    decision: (row) => row.decision, time: (row) => row.when, utc_offset: (row) => row.offset && `UTC${row.offset}`,
    amount: (row) => exact(row.amount), currency: (row) => row.currency,
    name: (row) => row.from[0], customer: (row) => row.from[1], account: (row) => row.from[2],
    target_name: (row) => row.to[0], target_customer: (row) => row.to[1], target_account: (row) => row.to[2],
    reasons: (row) => row.families.map(({ name, by, reasons }) => `${name} [${by.toFixed(4)}]: `
      + reasons.map(([each, words]) => `${words} [${each.toFixed(4)}]`).join(", ")).join("; ").replaceAll("\u00a0", " "),
    model_id: () => table.dataset.model,
  };
  const fact = (row, name) => {
    const [list, place] = name.split(" ");
    return String(place === undefined ? FACTS[name](row) : row[list][place] ?? "");
  };

  // -- rows ---------------------------------------------------------------------------------
  const signed = (value) => {
    const text = value.toFixed(2).replace("-", "−");
    return /^−?0\.00$/.test(text) ? "0.00" : value > 0 ? `+${text}` : text;
  };
  const element = (tag, look, content = [], marks = {}) => {
    const made = document.createElement(tag);
    if (look) made.className = look;
    Object.assign(made.dataset, marks);
    made.append(...(Array.isArray(content) ? content : [content]));
    return made;
  };
  const cell = (look, content, marks) => {
    const made = element("td", look, content, marks);
    made.setAttribute("role", "cell");
    return made;
  };
  const known = (text, look, f, missing) => text === "" ? element("span", "none", missing) : element("span", look, text, { f });
  const party = ([name, customer, account], prefix, label) => cell("party", [
    ...(name ? [element("span", "name", name, { f: `${prefix}name` })] : []),
    ...(customer ? [element("span", "id", customer, { f: `${prefix}customer` })] : []),
    ...(account ? [element("span", "id account", account, { f: `${prefix}account` })] : []),
    ...(customer || account ? [] : [element("span", "none", "not known")]),
  ], { label });
  const reason = (by, words, look = "") => {
    const made = element("li", look, [element("b", by > 0 ? "up" : "down", signed(by)), element("span", "", words)]);
    made.dataset.c = by.toFixed(4);
    return made;
  };
  const strong = (name) => element("strong", "", `${name}:`);
  const SHOWN = Number(table.dataset.families);
  const why = (row) => {
    const shown = row.families.slice(0, SHOWN).map(({ name, by, reasons: [[, words]] }) => reason(by, [strong(name), ` ${words}`]));
    const alone = (by, reasons) => reasons.length === 1 && signed(reasons[0][0]) === signed(by);
    const all = () => row.families.flatMap(({ name, by, reasons }) => (alone(by, reasons)
      ? [reason(by, [strong(name), ` ${reasons[0][1]}`], "family")]
      : [reason(by, [strong(name)], "family"), ...reasons.map(([each, words]) => reason(each, words, "part"))]));
    const count = row.families.reduce((sum, { reasons }) => sum + reasons.length, 0);
    const details = element("details", "", element("summary", "", `all ${count} reasons, and the sum`));
    details.addEventListener("toggle", () => details.append(element("ol", "reasons", all()), element("p", "",
      `average training row ${signed(base)}, all else ${signed(row.rest)}; together ${signed(row.margin)} log-odds, a score of ${row.score.toFixed(3)}`,
    )), { once: true });
    const own = row.own.map((text, place) => element("span", "", [
      `${OWN[place]}: `, known(text, "", `own ${place}`, "none")]));
    row.grounds = element("p", "grounds");
    ask(row);
    return cell("why", [...(own.length ? [element("p", "own", own)] : []), element("ol", "reasons", shown), details, row.grounds]);
  };

  // -- dispositions: what the reader decides, for `aml decide` ---------------------------------
  const { columns, reasons: CODES, longest } = JSON.parse(table.dataset.dispositions);
  const SAYS = [["", "decide …"], ["suspicious", "suspicious"], ["not_suspicious", "not suspicious"], ["needs_more", "needs more"]];
  const send = document.getElementById("send");
  const said = new Set();
  let unsent = false;
  const open = ({ said: { says, reason } }) => says !== "needs_more" && !reason.trim();
  const tell = () => {
    const left = [...said].filter(open).length;
    send.hidden = !said.size;
    send.disabled = left > 0;
    send.textContent = left ? `${number(left)} of ${number(said.size)} decided need a reason` : `Export ${number(said.size)} decided`;
  };
  const input = (row, name, title, tag = "input") => {
    const made = element(tag, name);
    if (tag === "select") made.append(...["", ...CODES].map((code) => new Option(code, code)));
    made.setAttribute("aria-label", `${title} for alert ${row.rank}`);
    made.placeholder = title;
    made.maxLength = longest[name];
    made.value = row.said[name];
    made.addEventListener("input", () => { row.said[name] = made.value; unsent = true; tell(); });
    return element("label", "", [`${title} `, made]);
  };
  const ask = (row) => row.grounds.replaceChildren(...(row.said
    ? [input(row, "reason", "Reason", CODES.length ? "select" : "input"), input(row, "note", "Note")] : []));
  const decide = (row) => {
    const made = element("select", "decide");
    made.append(...SAYS.map(([value, title]) => new Option(title, value)));
    made.setAttribute("aria-label", `Decide on alert ${row.rank}`);
    made.value = row.said?.says ?? "";
    made.addEventListener("change", () => {
      row.said = made.value ? { reason: "", note: "", ...row.said, says: made.value } : undefined;
      said[row.said ? "add" : "delete"](row);
      unsent = said.size > 0;
      ask(row);
      tell();
    });
    return made;
  };
  addEventListener("beforeunload", (event) => { if (unsent) event.preventDefault(); });
  const FIELDS = JSON.parse(table.dataset.fields);
  const OWN = FIELDS.filter(([name]) => name.startsWith("own ")).map(([, title]) => title);
  const shown = (row, place) => {
    const made = document.createElement("tr");
    made.setAttribute("role", "row");
    made.setAttribute("aria-rowindex", place + 2);
    const share = element("small", "", `> ${row.share}`, { f: "higher_than_share", v: row.below });
    share.title = "Share of the day’s reports with a lower score";
    made.append(
      cell("rank", String(row.rank), { f: "rank" }),
      cell("score", [element("span", "", row.score.toFixed(3), { f: "score", v: row.score }), share]),
      cell(`decision ${row.decision}`, [element("span", "", row.decision, { f: "decision" }), decide(row)]),
      cell("trx", [...row.key.map((text, at) => element("span", at ? "id second" : "id", text, { f: `key ${at}` })),
        row.when ? element("time", "", [row.when.slice(0, 16), ...(row.offset ? [" ", element("span", "offset", row.offset, { f: "utc_offset" })] : [])], { f: "time", v: row.when })
          : element("span", "none", "no time")]),
      cell("amount", [known(row.amount, "figure", "", "not known"),
        ...(row.amount && row.currency ? [" ", element("span", "currency", row.currency, { f: "currency" })] : [])],
      { f: "amount", v: exact(row.amount) }),
      party(row.from, "", "from"), party(row.to, "target_", "to"), why(row));
    return made;
  };
  const body = table.tBodies[0], more = document.getElementById("more");
  let fitting = rows, count = 0;
  const extend = (upto = count + CHUNK) => {
    const next = fitting.slice(count, upto);
    body.append(...next.map((row, place) => shown(row, count + place)));
    count += next.length;
    const left = fitting.length - count;
    more.hidden = left <= 0;
    more.textContent = `Show ${number(Math.min(CHUNK, left))} more of ${number(left)}`;
  };
  const number = (value) => value.toLocaleString("en");
  more.addEventListener("click", () => {
    const first = count;
    extend();
    body.rows[first]?.querySelector("summary").focus({ preventScroll: true });
  });
  new IntersectionObserver((entries) => { if (entries.some((each) => each.isIntersecting)) extend(); }, { rootMargin: "1200px" }).observe(more);

  // -- filters and order --------------------------------------------------------------------
  const form = document.getElementById("filters");
  const field = (name) => document.getElementById(`filter-${name}`);
  const text = (row) => row.text ??= [
    row.rank, row.score.toFixed(3), row.decision, ...row.key, row.when, row.amount, exact(row.amount), row.currency,
    ...row.from, ...row.to, ...row.own, ...row.families.flatMap(({ name, reasons }) => [name, ...reasons.map(([, words]) => words)]),
  ].join(" ").toLowerCase().replace(/\s+/g, " ");
  const state = document.getElementById("shown");
  let order = ["rank", true, false, ""];
  const margins = new CSSStyleSheet();
  document.adoptedStyleSheets = [margins];
  const update = () => {
    const words = field("text").value.toLowerCase().split(/\s+/).filter(Boolean);
    const score = field("score").value, decision = field("decision").value;
    const from = field("amount-from").value, to = field("amount-to").value;
    // An amount that is not known is in no range.
    const within = (row) => (from === "" || (row.amount !== "" && Number(exact(row.amount)) >= Number(from)))
      && (to === "" || (row.amount !== "" && Number(exact(row.amount)) <= Number(to)));
    const left = rows.filter((row) => (score === "" || row.score >= Number(score))
      && (decision === "" || row.decision === decision) && within(row)
      && words.every((word) => text(row).includes(word)));
    const [by, numeric, down, title] = order;
    fitting = left.map((row) => [by === "rank" ? row.rank : fact(row, by), row]).sort(ordered(numeric, down)).map(([, row]) => row);
    count = 0;
    body.replaceChildren();
    extend();
    table.setAttribute("aria-rowcount", fitting.length + 1);
    document.getElementById("none-shown").hidden = fitting.length > 0;
    const filters = [
      ...(words.length ? [`“${words.join(" ")}”`] : []), ...(score ? [`score from ${score}`] : []), ...(decision ? [decision] : []),
      ...(from ? [`amount from ${from}`] : []), ...(to ? [`amount to ${to}`] : []),
    ];
    let said = `${fitting.length === rows.length ? `All ${number(rows.length)}` : `${number(fitting.length)} of ${number(rows.length)}`} alerts`
      + (filters.length ? `, filtered by ${filters.join(", ")}` : ", no filter")
      + (by === "rank" && !down ? "" : `; by ${title.toLowerCase()}, ${down ? "descending" : "ascending"}`);
    state.textContent = said;
    if (fitting.length > PRINTED) said += `; printed: the first ${number(PRINTED)}`;
    state.dataset.printed = said;
    const safe = [...said].map((letter) => /[a-z0-9]/i.test(letter) ? letter : `\\${letter.codePointAt(0).toString(16)} `).join("");
    margins.replaceSync(`@page { @top-left { content: "${safe}" } }`);
  };
  sortable(table, (...chosen) => { order = chosen; update(); });
  form.addEventListener("input", update);
  form.addEventListener("reset", () => setTimeout(update));
  form.addEventListener("submit", (event) => event.preventDefault());

  // Narrow windows, and ids too long for a column: the reasons become a second line.
  const narrow = matchMedia("screen and (max-width: 1099px)");
  const fold = () => table.classList.toggle("folded", narrow.matches || "long" in table.dataset);
  narrow.addEventListener("change", fold);
  fold();
  addEventListener("beforeprint", () => {
    table.classList.toggle("folded", "long" in table.dataset);
    if (count < PRINTED) extend(PRINTED);
    for (const row of [...body.rows].slice(PRINTED)) row.classList.add("unprinted");
    state.textContent = state.dataset.printed;
  });
  addEventListener("afterprint", () => { fold(); });

  // -- export -------------------------------------------------------------------------------
  // A cell that a spreadsheet would take for a formula is made a text, also behind what it may take
  // for a separator. So is an id that it would round or shorten: a figure of ours stays a number.
  const FIGURES = new Set(["rank", "score", "higher_than_share", "amount"]);
  const quoted = (value, name) => {
    const isNumber = /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(value);
    const kept = isNumber && (FIGURES.has(name) || /^-?(0|[1-9]\d{0,14})$/.test(value));
    const risky = isNumber || /^[\s\u0000-\u001f]*[=+\-@\t\r\uff0b\uff0d\uff1d\uff20]/.test(value);
    const safe = (!kept && risky ? `'${value}` : value)
      .replace(/([;\t\r\n]\s*)(?=[=+\-@\uff0b\uff0d\uff1d\uff20])/g, "$1'");
    return `"${safe.replace(/"/g, '""')}"`;
  };
  const download = (button, lines) => {
    const content = `\ufeff${lines.map((line) => line.join(",")).join("\r\n")}\r\n`;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([content], { type: "text/csv;charset=utf-8" }));
    link.download = button.dataset.file;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };
  document.getElementById("export").addEventListener("click", (event) => download(event.currentTarget, [
    FIELDS.map(([, title]) => quoted(title)),
    ...fitting.map((row) => FIELDS.map(([name]) => quoted(fact(row, name), name)))]));
  // A program reads this one, to which an apostrophe would be part of an id.
  const plainly = (value) => `"${value.replace(/"/g, '""')}"`;
  send.addEventListener("click", () => {
    download(send, [columns, ...[...said].sort((one, other) => one.rank - other.rank)
      .map((row) => [table.dataset.day, ...row.key, row.said.says, row.said.reason.trim(), row.said.note.trim()])]
      .map((line) => line.map(plainly)));
    unsent = false;
  });
  update();
  document.getElementById("plain").remove();
  document.getElementById("scripted").hidden = false;
})();
