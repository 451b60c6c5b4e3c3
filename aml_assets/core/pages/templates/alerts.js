(() => {
  const table = document.getElementById("cases");
  if (!table) return;
  const CHUNK = 50; // rows are made as they are needed
  const PRINTED = 1000; // a browser lays out more than that on paper for minutes
  const { texts, base, alerts: packedAlerts, cases: packedCases } = JSON.parse(document.getElementById("data").textContent);
  const DAYS = JSON.parse(table.dataset.window), FIELDS = JSON.parse(table.dataset.fields);
  const OWN = FIELDS.filter(([name]) => name.startsWith("own ")).map(([, title]) => title);
  const KEY = FIELDS.filter(([name]) => name.startsWith("key ")).map(([, title]) => title);
  const SHOWN = Number(table.dataset.families);
  const exact = (amount) => amount.replaceAll(",", "");
  const number = (value) => value.toLocaleString(document.documentElement.lang);
  const DECISIONS = { suspicious: say("suspicious"), undecided: say("undecided"), cleared: say("cleared") };

  // -- data ---------------------------------------------------------------------------------
  const chunks = (list, size) => Array.from({ length: list.length / size }, (_, at) => list.slice(at * size, (at + 1) * size));
  const familiesOf = (packed) => packed.map(([name, by, told]) => ({
    name: texts[name], by, reasons: chunks(told, 3).map(([words, usual, each]) => [each, texts[words] + texts[usual]]) }));
  const partyOf = ([name, customer, account]) => [texts[name], customer, account];
  const alerts = packedAlerts.map(([rank, score, below, share, decision, key, when, offset, amount, currency, from, to, own, families, rest, margin]) => ({
    rank, score, below, share: texts[share], decision: texts[decision], key, when, offset: texts[offset], amount, currency: texts[currency],
    from: partyOf(from), to: partyOf(to), own: own.map((each) => texts[each]), packed: families, base, rest, margin, cases: [] }));
  for (const alert of alerts) Object.defineProperty(alert, "families", { get() { return (this.told ??= familiesOf(this.packed)); } });
  const rows = packedCases.map(([customer, name, accounts, score, below, share, line, why, reports, queued, sample, lately, confirmed, moved,
    reportDays, queueDays, counterparties, others, marks, decisions], place) => {
    const row = { place: place + 1, customer, name: texts[name], accounts, score, below, share: texts[share], line: texts[line],
      reports: reports.map((each) => alerts[each]), queued: Boolean(queued), sample: Boolean(sample), lately, confirmed,
      reportDays: chunks(reportDays, 2), queueDays, others, marks: marks.map((each) => texts[each]) };
    row.why = why ? { base: why[0], families: familiesOf(why[1]), rest: why[2], margin: why[3], score } : row.line ? undefined : row.reports[0];
    row.moved = moved.map(([currency, days]) => ({ currency: texts[currency],
      days: chunks(days, 5).map(([day, came, went, inward, outward]) => ({ day, came, went, inward, outward })) }));
    row.counterparties = counterparties.map(([named, id, account, currency, came, went, inward, outward]) => ({ name: texts[named], customer: id, account,
      title: texts[named] || id || account, currency: texts[currency], came, went, inward, outward }));
    row.decisions = decisions.map(([day, key, says, reason, note, by]) => ({ day: texts[day], key, says: texts[says], reason: texts[reason], note, by: texts[by] }));
    for (const alert of row.reports) alert.cases.push(row);
    return row;
  });
  const decisionOf = (row) => {
    const all = new Set(row.reports.map(({ decision }) => decision));
    return Object.keys(DECISIONS).filter((each) => all.has(each));
  };

  // -- facts: what is sorted by, and exported -------------------------------------------------
  const told = (families) => families.map(({ name, by, reasons }) => `${name} [${by.toFixed(4)}]: `
    + reasons.map(([each, words]) => `${words} [${each.toFixed(4)}]`).join(", ")).join("; ").replaceAll("\u00a0", " ");
  const CASE = {
    case: (row) => row.place, in_queue: (row) => row.queued ? "yes" : "no", case_customer: (row) => row.customer, case_name: (row) => row.name,
    evidence: (row) => row.score, line: (row) => row.line, reports_today: (row) => row.reports.length, reports_lately: (row) => row.lately ?? "",
    confirmed_lately: (row) => row.confirmed ?? "", marks: (row) => row.marks.join(" "),
  };
  const ALERT = {
    rank: (alert) => alert.rank, score: (alert) => alert.score, higher_than_share: (alert) => alert.below,
    decision: (alert) => alert.decision, time: (alert) => alert.when, utc_offset: (alert) => alert.offset && `UTC${alert.offset}`,
    amount: (alert) => exact(alert.amount), currency: (alert) => alert.currency,
    name: (alert) => alert.from[0], customer: (alert) => alert.from[1], account: (alert) => alert.from[2],
    target_name: (alert) => alert.to[0], target_customer: (alert) => alert.to[1], target_account: (alert) => alert.to[2],
    reasons: (alert) => told(alert.families), model_id: () => table.dataset.model,
  };
  const fact = (row, alert, name) => {
    if (name in CASE) return String(CASE[name](row));
    if (!alert) return name === "reasons" && row.why ? told(row.why.families) : "";
    const [list, place] = name.split(" ");
    return String(place === undefined ? ALERT[name](alert) : alert[list][place] ?? "");
  };
  const largest = (row) => Math.max(...row.reports.filter(({ amount }) => amount).map(({ amount }) => Number(exact(amount))));
  const sorted = (row, by) => by === "amount" ? (Number.isFinite(largest(row)) ? String(largest(row)) : "") : fact(row, undefined, by);

  // -- elements -----------------------------------------------------------------------------
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
  const party = ([name, customer, account], prefix) => cell("party", [
    ...(name ? [element("span", "name", name, { f: `${prefix}name` })] : []),
    ...(customer ? [element("span", "id", customer, { f: `${prefix}customer` })] : []),
    ...(account ? [element("span", "id account", account, { f: `${prefix}account` })] : []),
    ...(customer || account ? [] : [element("span", "none", say("not known"))]),
  ]);
  const reason = (by, words, look = "") => {
    const made = element("li", look, [element("b", by > 0 ? "up" : "down", signed(by)), element("span", "", words)]);
    made.dataset.c = by.toFixed(4);
    return made;
  };
  const family = (name, words) => [element("strong", "", say("{name}:", { name })), ...(words === undefined ? [] : [say(" {words}", { words })])];
  const leading = ({ families }) => element("ol", "reasons brief",
    families.slice(0, SHOWN).map(({ name, by, reasons: [[, words]] }) => reason(by, family(name, words))));
  // All reasons by family, made when they are looked at, and the sum.
  const whole = (of) => {
    const alone = (by, reasons) => reasons.length === 1 && signed(reasons[0][0]) === signed(by);
    const all = () => of.families.flatMap(({ name, by, reasons }) => (alone(by, reasons)
      ? [reason(by, family(name, reasons[0][1]), "family")]
      : [reason(by, family(name), "family"), ...reasons.map(([each, words]) => reason(each, words, "part"))]));
    const count = of.families.reduce((sum, { reasons }) => sum + reasons.length, 0);
    const details = element("details", "", element("summary", "", say("all {count} reasons, and the sum", { count })));
    details.addEventListener("toggle", () => details.append(element("ol", "reasons", all()), element("p", "",
      say("average training row {base}, all else {rest}; together {margin} log-odds, a score of {score}",
        { base: signed(of.base), rest: signed(of.rest), margin: signed(of.margin), score: of.score.toFixed(3) }),
    )), { once: true });
    return details;
  };
  const listing = (look, caption, headings, lines) => {
    const made = element("table", `inner ${look}`, [element("caption", "unseen", caption),
      element("thead", "", element("tr", "", headings.map(([name, kind = ""]) => { const th = element("th", kind, name); th.scope = "col"; return th; }))),
      element("tbody", "", lines)]);
    return element("div", "scroll", made);
  };
  const section = (title, content) => element("section", "", [element("h3", "", title), ...content]);

  // -- dispositions: what the reader decides, for `aml decide` ---------------------------------
  const { columns, reasons: CODES, longest, customer: takesCustomers } = JSON.parse(table.dataset.dispositions);
  const SAYS = [["", say("decide …")], ["suspicious", say("suspicious")], ["not_suspicious", say("not suspicious")], ["needs_more", say("needs more")]];
  const NOTHING = "nothing"; // a report that the decision on its case leaves out
  const send = document.getElementById("send");
  const decided = new Set(); // cases and reports, in the order of the decisions
  let unsent = false;
  // A report's own decision goes before that on a case; of several cases with it, the last one's.
  const saidOf = (alert) => alert.said ?? [...decided].filter((each) => alert.cases.includes(each)).at(-1)?.said;
  const lines = () => [
    ...alerts.filter((alert) => alert.said || alert.cases.some(({ said }) => said)).map((alert) => [alert, saidOf(alert)]).filter(([, said]) => said.says !== NOTHING),
    ...rows.filter((row) => row.said && !row.reports.length).map((row) => [row, row.said]),
  ];
  const isOpen = ({ says, reason }) => says !== "needs_more" && !reason.trim();
  const tell = () => {
    const all = lines(), left = all.filter(([, said]) => isOpen(said)).length;
    send.hidden = !all.length;
    send.disabled = left > 0;
    send.textContent = left ? say("{number} of {all} decided need a reason", { number: number(left), all: number(all.length) })
      : say("Export {number} decided", { number: number(all.length) });
  };
  const input = (of, name, title, what, tag = "input") => {
    const made = element(tag, name);
    if (tag === "select") made.append(...["", ...CODES].map((code) => new Option(code, code)));
    made.setAttribute("aria-label", say("{title} for {what}", { title, what }));
    made.placeholder = title;
    made.maxLength = longest[name];
    made.value = of.said[name];
    made.addEventListener("input", () => { of.said[name] = made.value; unsent = true; tell(); });
    return element("label", "", [`${title} `, made]);
  };
  const asked = (of, grounds, what) => grounds.replaceChildren(...(of.said && of.said.says !== NOTHING
    ? [input(of, "reason", say("Reason"), what, CODES.length ? "select" : "input"), input(of, "note", say("Note"), what)] : []));
  const decide = (of, grounds, what, options = SAYS, changed = () => {}) => {
    const made = element("select", "decide");
    made.append(...options.map(([value, title]) => new Option(title, value)));
    made.setAttribute("aria-label", say("Decide on {what}", { what }));
    made.value = of.said?.says ?? "";
    made.addEventListener("change", () => {
      of.said = made.value ? { reason: "", note: "", ...of.said, says: made.value } : undefined;
      decided.delete(of);
      if (of.said) decided.add(of);
      unsent = decided.size > 0;
      asked(of, grounds, what);
      tell();
      changed();
    });
    asked(of, grounds, what);
    return made;
  };
  addEventListener("beforeunload", (event) => { if (unsent) event.preventDefault(); });

  // -- a case unfolded ------------------------------------------------------------------------
  const reportLine = (row, alert) => {
    const grounds = element("p", "grounds"), what = say("report {rank} of case {place}", { rank: alert.rank, place: row.place });
    const own = alert.own.map((text, place) => element("span", "", [say("{name}: ", { name: OWN[place] }), known(text, "", `own ${place}`, say("none"))]));
    const share = element("small", "", `> ${alert.share}`, { f: "higher_than_share", v: alert.below });
    share.title = say("Share of the day’s reports with a lower score");
    const options = row.reports.length > 1 ? [["", say("as the case")], ...SAYS.slice(1), [NOTHING, say("leave out")]] : SAYS;
    return element("tr", "report", [
      cell("rank", String(alert.rank), { f: "rank" }),
      cell("score", [element("span", "", alert.score.toFixed(3), { f: "score", v: alert.score }), share]),
      cell(`decision ${alert.decision}`, [element("span", "", DECISIONS[alert.decision], { f: "decision" }), ...(row.reports.length > 1 ? [decide(alert, grounds, what, options)] : [])]),
      cell("trx", [...alert.key.map((text, at) => element("span", at ? "id second" : "id", text, { f: `key ${at}` })),
        alert.when ? element("time", "", [alert.when.slice(0, 16), ...(alert.offset ? [" ", element("span", "offset", alert.offset, { f: "utc_offset" })] : [])], { f: "time", v: alert.when })
          : element("span", "none", say("no time"))]),
      cell("amount", [known(alert.amount, "figure", "", say("not known")), ...(alert.amount && alert.currency ? [element("span", "currency", alert.currency, { f: "currency" })] : [])],
        { f: "amount", v: exact(alert.amount) }),
      party(alert.from, ""), party(alert.to, "target_"),
      cell("why", [...(own.length ? [element("p", "own", own)] : []), leading(alert), whole(alert), grounds]),
    ]);
  };
  const counted = (count) => count ? number(count) : "";
  const amounts = (value, count) => count ? [value === null ? say("not known") : pictures.money(value)] : [""];
  const details = (row) => {
    const content = [];
    if (row.accounts.length) content.push(element("p", "", say("Own accounts: {accounts}", { accounts: row.accounts.join(say(", ")) })));
    if (row.line) content.push(section(say("Why the line “{line}” gives {score}", { line: row.line, score: row.score.toFixed(3) }), row.why ? [leading(row.why), whole(row.why)] : [element("p", "none", say("The reasons are not known."))]));
    if (row.reports.length) content.push(section(say("Reports of {day}: {number}", { day: table.dataset.day, number: number(row.reports.length) }), [listing("reports", say("Reports of case {place}", { place: row.place }),
      [[say("Rank"), "rank"], [say("Score"), "score"], [say("Decision"), "decision"], [say("Transaction"), "trx"], [say("Amount"), "amount"], [say("From"), "party"], [say("To"), "party"], [say("Why")]],
      row.reports.map((alert) => reportLine(row, alert)))]));
    if (row.decisions.length) content.push(section(say("Decided before"), [listing("before", say("Earlier decisions of case {place}", { place: row.place }),
      [[say("Day")], [KEY.join(say(", "))], [say("Decision")], [say("Reason")], [say("By")], [say("Note")]],
      row.decisions.map(({ day, key, says, reason: code, note, by }) => {
        const unfolding = note ? element("details", "", [element("summary", "", say("note")), element("p", "", note)]) : "";
        return element("tr", "", [cell("nowrap", day), cell("id", key.length ? key.join(" ") : say("the customer")), cell("", says), cell("", code), cell("", by), cell("note", [unfolding])]);
      }))]));
    if (row.moved.length || row.reportDays.length || row.queueDays.length) {
      const currencies = row.moved.map((of) => {
        const { came, went, inward, outward } = pictures.totals(of);
        return element("tr", "", [cell("", of.currency || say("not known")), cell("amount", counted(inward)), cell("amount", amounts(came, inward)), cell("amount", counted(outward)), cell("amount", amounts(went, outward))]);
      });
      const others = row.counterparties.map(({ name, customer, account, currency, came, went, inward, outward }) => element("tr", "", [
        cell("", [...(name ? [element("span", "name", name)] : []), element("span", "id", customer || account)]), cell("", currency || say("not known")),
        cell("amount", counted(inward)), cell("amount", amounts(came, inward)), cell("amount", counted(outward)), cell("amount", amounts(went, outward))]));
      const heads = [[say("Payments in"), "amount"], [say("Amount in"), "amount"], [say("Payments out"), "amount"], [say("Amount out"), "amount"]];
      const count = new Set(row.counterparties.map(({ customer, account }) => `${customer} ${account}`)).size;
      content.push(element("div", "panes", [
        section(say("{first} … {last}", { first: DAYS[0], last: DAYS.at(-1) }), [
          ...(row.marks.length ? [element("ul", "marks", row.marks.map((each) => element("li", "", each))),
            element("p", "note", say("New: no such payment on the days before that are stored, from {day} on.", { day: DAYS[0] }))] : []),
          pictures.timeline(row, DAYS),
          ...(currencies.length ? [listing("sums", say("Sums of case {place}", { place: row.place }), [[say("Currency")], ...heads], currencies)] : [])]),
        section(count < row.others ? say("Counterparties: {count} of {all}", { count, all: number(row.others) }) : say("Counterparties"), others.length
          ? [pictures.ring(row), listing("others", say("Counterparties of case {place}", { place: row.place }), [[say("Who")], [say("Currency")], ...heads], others)]
          : [element("p", "none", say("None is known."))]),
      ]));
    }
    return content;
  };

  // -- rows -----------------------------------------------------------------------------------
  const unfolded = new Set(rows.length === 1 ? rows : []);
  const toggle = (row, button, line) => {
    const now = !unfolded.has(row);
    unfolded[now ? "add" : "delete"](row);
    button.setAttribute("aria-expanded", now);
    if (now) line.after(detail(row));
    else line.nextElementSibling.remove();
  };
  const detail = (row) => {
    const made = element("tr", "detail", cell("", details(row)));
    made.setAttribute("role", "row");
    made.id = `detail-${row.place}`;
    made.firstChild.colSpan = 8;
    return made;
  };
  const amountsOf = (row) => {
    const most = 3, left = row.reports.length - most;
    return [...row.reports.slice(0, most).map((alert) => alert.amount
      ? element("span", "figure", [alert.amount, ...(alert.currency ? [` ${alert.currency}`] : [])]) : element("span", "none", say("not known"))),
    ...(left > 0 ? [element("span", "none", say("{number} more", { number: left }))] : [])];
  };
  const shown = (row, place) => {
    const made = element("tr", "case");
    made.setAttribute("role", "row");
    made.setAttribute("aria-rowindex", place + 2);
    const button = element("button", "unfold", String(row.place));
    button.type = "button";
    button.setAttribute("aria-label", say("Case {place}", { place: row.place }));
    button.setAttribute("aria-expanded", unfolded.has(row));
    button.setAttribute("aria-controls", `detail-${row.place}`);
    button.addEventListener("click", () => toggle(row, button, made));
    const share = element("small", "", `> ${row.share}`, { v: row.below });
    share.title = row.line ? say("Share of the customers of the line {line} with a lower score", { line: row.line }) : say("Share of the day’s reports with a lower score");
    const grounds = element("p", "grounds"), what = say("case {place}", { place: row.place });
    const canDecide = row.reports.length > 0 || takesCustomers;
    made.append(
      cell("rank", [button], { f: "case", v: row.place }),
      cell("who", [
        ...(row.sample && ticked("sample") ? [element("span", "drawn", say("random sample"))] : row.queued ? [element("span", "queued", say("in the queue"))] : []),
        ...(row.name ? [element("span", "name", row.name)] : []),
        row.customer ? element("span", "id", row.customer, { f: "case_customer" }) : element("span", "none", say("customer not known"))]),
      cell("score", [element("span", "", row.score.toFixed(3), { f: "evidence", v: row.score }), share, ...(row.line ? [element("small", "", say("line {line}", { line: row.line }))] : [])]),
      cell("decision", [...decisionOf(row).map((each) => element("span", each, DECISIONS[each])), ...(canDecide ? [decide(row, grounds, what)] : [])]),
      cell("today", [element("span", "", say("{number} today", { number: number(row.reports.length) }), { f: "reports_today", v: row.reports.length }),
        ...(row.lately === null ? [] : [element("span", "", say("{number} in {days} days", { number: number(row.lately), days: DAYS.length }), { f: "reports_lately", v: row.lately }), element("span", "", say("{number} confirmed", { number: number(row.confirmed) }))])]),
      cell("amount", amountsOf(row), { f: "amount", v: sorted(row, "amount") }),
      cell("why", [...(row.why ? [leading(row.why)] : []), ...row.marks.slice(0, 1).map((each) => element("p", "mark", each)), grounds]),
      cell("lately", row.moved.length || row.reportDays.length ? [pictures.small(row, DAYS)] : [element("span", "none", say("nothing stored"))]));
    return unfolded.has(row) ? [made, detail(row)] : [made];
  };
  const body = table.tBodies[0], more = document.getElementById("more");
  let fitting = rows, count = 0;
  const extend = (upto = count + CHUNK) => {
    const next = fitting.slice(count, upto);
    body.append(...next.flatMap((row, place) => shown(row, count + place)));
    count += next.length;
    const left = fitting.length - count;
    more.hidden = left <= 0;
    more.textContent = say("Show {number} more of {left}", { number: number(Math.min(CHUNK, left)), left: number(left) });
  };
  more.addEventListener("click", () => {
    const first = count;
    extend();
    body.querySelectorAll("tr.case")[first]?.querySelector("button").focus({ preventScroll: true });
  });
  new IntersectionObserver((entries) => { if (entries.some((each) => each.isIntersecting)) extend(); }, { rootMargin: "1200px" }).observe(more);

  // -- filters and order --------------------------------------------------------------------
  const form = document.getElementById("filters");
  const field = (name) => document.getElementById(`filter-${name}`);
  const ticked = (name) => field(name)?.checked ?? false;
  const textOf = (alert) => alert.text ??= [
    alert.rank, alert.score.toFixed(3), DECISIONS[alert.decision], ...alert.key, alert.when, alert.amount, exact(alert.amount), alert.currency,
    ...alert.from, ...alert.to, ...alert.own, ...alert.families.flatMap(({ name, reasons }) => [name, ...reasons.map(([, words]) => words)]),
  ].join(" ");
  const text = (row) => row.text ??= [
    row.customer, row.name, ...row.accounts, row.line && say("line {line}", { line: row.line }), row.queued && say("in the queue"), ...row.marks, ...row.reports.map(textOf),
    ...(row.line && row.why ? row.why.families.flatMap(({ name, reasons }) => [name, ...reasons.map(([, words]) => words)]) : []),
    ...row.counterparties.flatMap(({ name, customer, account }) => [name, customer, account]),
  ].join(" ").toLowerCase().replace(/\s+/g, " ");
  const state = document.getElementById("shown");
  let order = ["case", true, false, ""];
  const margins = new CSSStyleSheet();
  document.adoptedStyleSheets = [margins];
  const update = () => {
    const words = field("text").value.toLowerCase().split(/\s+/).filter(Boolean);
    const score = field("score").value, decision = field("decision").value;
    const from = field("amount-from").value, to = field("amount-to").value;
    // An amount that is not known is in no range.
    const within = (row) => (from === "" && to === "") || row.reports.some(({ amount }) => amount !== ""
      && (from === "" || Number(exact(amount)) >= Number(from)) && (to === "" || Number(exact(amount)) <= Number(to)));
    const left = rows.filter((row) => (score === "" || row.score >= Number(score))
      && (decision === "" || decisionOf(row).some((each) => DECISIONS[each] === decision)) && within(row)
      && (!ticked("queue") || row.queued) && words.every((word) => text(row).includes(word)));
    const [by, numeric, down, title] = order;
    fitting = left.map((row) => [sorted(row, by), row]).sort(ordered(numeric, down)).map(([, row]) => row);
    count = 0;
    body.replaceChildren();
    extend();
    table.setAttribute("aria-rowcount", fitting.length + 1);
    document.getElementById("none-shown").hidden = fitting.length > 0;
    const filters = [
      ...(words.length ? [say("“{words}”", { words: words.join(" ") })] : []), ...(score ? [say("score from {score}", { score })] : []), ...(decision ? [decision] : []),
      ...(from ? [say("amount from {amount}", { amount: from })] : []), ...(to ? [say("amount to {amount}", { amount: to })] : []), ...(ticked("queue") ? [say("in the queue only")] : []),
    ];
    const all = number(rows.length), some = number(fitting.length);
    const cases = fitting.length === rows.length ? say("All {all} cases", { all }) : say("{some} of {all} cases", { some, all });
    let said = filters.length ? say("{cases}, filtered by {filters}", { cases, filters: filters.join(say(", ")) }) : say("{cases}, no filter", { cases });
    const ordering = { cases: said, title: title.toLowerCase() };
    if (down) said = say("{cases}; by {title}, descending", ordering);
    else if (by !== "case") said = say("{cases}; by {title}, ascending", ordering);
    state.textContent = said;
    if (fitting.length > PRINTED) said = say("{cases}; printed: the first {number}", { cases: said, number: number(PRINTED) });
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
    for (const row of [...body.querySelectorAll("tr.case")].slice(PRINTED)) row.classList.add("unprinted");
    state.textContent = state.dataset.printed;
  });
  addEventListener("afterprint", () => { fold(); });

  // -- export -------------------------------------------------------------------------------
  document.getElementById("export").addEventListener("click", (event) => files.download(event.currentTarget, [
    FIELDS.map(([, title]) => files.quoted(title)),
    ...fitting.flatMap((row) => (row.reports.length ? row.reports : [undefined]).map((alert) => FIELDS.map(([name]) => files.quoted(fact(row, alert, name), name))))]));
  const beside = (customer) => takesCustomers ? [customer] : [];
  send.addEventListener("click", () => {
    files.download(send, [columns, ...lines().map(([of, { says, reason: code, note }]) => [
      table.dataset.day, ...(of.key ?? KEY.map(() => "")), ...beside(of.key ? "" : of.customer), says, code.trim(), note.trim()])]
      .map((line) => line.map(files.plainly)));
    unsent = false;
  });
  update();
  document.getElementById("plain").remove();
  document.getElementById("scripted").hidden = false;
})();
