// Pictures of a case, drawn from its data: money by day, and the ring of counterparties.
const pictures = (() => {
  // The namespace looks like an address; the page names none.
  const SVG = new DOMParser().parseFromString("<svg></svg>", "text/html").querySelector("svg").namespaceURI;
  const make = (tag, look, attributes = {}, ...content) => {
    const made = document.createElementNS(SVG, tag);
    if (look) made.setAttribute("class", look);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...content);
    return made;
  };
  const image = (label, width, height) => make("svg", "picture",
    { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label });
  const hint = (element, words) => { element.append(make("title", "", {}, words)); return element; };
  const round = (value) => Math.round(value * 10) / 10;
  const money = (cents) => (cents / 100).toLocaleString(document.documentElement.lang, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const short = (cents) => (cents / 100).toLocaleString(document.documentElement.lang, { notation: "compact", maximumFractionDigits: 1 });
  const cut = (text, most) => text.length > most ? `${text.slice(0, most - 1)}…` : text;
  const amountOf = (value, currency) => value === null ? say("amount not known") : `${money(value)} ${currency}`;
  const sum = (values) => values.some((each) => each !== null) ? values.reduce((all, each) => all + (each ?? 0), 0) : null;

  // The bars of one currency: what came above the line, what left below it.
  const bars = (svg, of, days, { left, right, top, bottom, least }) => {
    const most = Math.max(1, ...of.days.flatMap(({ came, went }) => [Math.abs(came ?? 0), Math.abs(went ?? 0)]));
    const step = (right - left) / days.length, middle = (top + bottom) / 2, reach = (bottom - top) / 2;
    svg.append(make("line", "axis", { x1: left, x2: right, y1: middle, y2: middle }));
    for (const { day, came, went, inward, outward } of of.days) {
      const x = round(left + day * step + step * 0.12), width = round(step * 0.76);
      const bar = (value, look, up, count) => {
        if (!count) return;
        const height = value === null ? 1.5 : Math.max(least, round(Math.abs(value) / most * reach));
        const told = { day: days[day], amount: amountOf(value, of.currency), count };
        const words = up ? say("{day}: {amount} in, payments: {count}", told) : say("{day}: {amount} out, payments: {count}", told);
        svg.append(hint(make("rect", value === null ? "unknown" : look, { x, y: round(up ? middle - height : middle), width, height }), words));
      };
      bar(came, "in", true, inward);
      bar(went, "out", false, outward);
    }
    return { most, step, middle };
  };
  const totals = (of) => ({
    came: sum(of.days.map(({ came }) => came)), went: sum(of.days.map(({ went }) => went)),
    inward: of.days.reduce((all, { inward }) => all + inward, 0), outward: of.days.reduce((all, { outward }) => all + outward, 0),
  });
  const marks = (svg, row, days, place, { queue, report, size }) => {
    for (const day of row.queueDays) svg.append(hint(make("rect", "queued", { x: round(place(day) - size), y: queue - size, width: 2 * size, height: 2 * size }), say("{day}: in the queue", { day: days[day] })));
    for (const [day, count] of row.reportDays) {
      svg.append(hint(make("circle", "report", { cx: round(place(day)), cy: report, r: round(size * Math.min(1.7, 0.8 + count * 0.25)) }), say("{day}: reports: {count}", { day: days[day], count })));
    }
  };
  const named = (row, days) => {
    const of = row.moved[0], all = of && totals(of);
    const sumOf = (value) => value === null ? say("not known") : `${money(value)} ${of.currency}`;
    const moved = all ? say("in {came}, out {went}", { came: sumOf(all.came), went: sumOf(all.went) }) : say("no payment");
    return say("Money by day, {first} to {last}: {moved}; days with reports: {reports}, days in the queue before: {queued}",
      { first: days[0], last: days.at(-1), moved, reports: row.reportDays.length, queued: row.queueDays.length });
  };

  // A line of a table high: no words, only the shape.
  const small = (row, days) => {
    const svg = image(named(row, days), 170, 58), room = { left: 1, right: 169, top: 1, bottom: 47, least: 1.2 };
    const step = (room.right - room.left) / days.length;
    bars(svg, row.moved[0] ?? { days: [], currency: "" }, days, room);
    marks(svg, row, days, (day) => room.left + (day + 0.5) * step, { queue: 54, report: 54, size: 2.2 });
    return svg;
  };
  const timeline = (row, days) => {
    const svg = image(named(row, days), 620, 214), room = { left: 64, right: 612, top: 26, bottom: 146, least: 1.5 };
    const of = row.moved[0] ?? { days: [], currency: "" };
    const text = (x, y, words, look = "") => svg.append(make("text", look, { x, y }, words));
    text(0, 12, of.currency ? say("Money by day, in {currency}", { currency: of.currency }) : say("Money by day"), "ink");
    const { most, step, middle } = bars(svg, of, days, room);
    const place = (day) => room.left + (day + 0.5) * step;
    if (of.days.length) {
      text(room.left - 8, room.top + 6, short(most), "end");
      text(room.left - 8, room.bottom, short(most), "end");
    }
    text(room.left - 8, (room.top + middle) / 2 + 6, say("in"), "end in");
    text(room.left - 8, (room.bottom + middle) / 2 + 4, say("out"), "end out");
    text(room.left - 8, 168, say("reports"), "end");
    text(room.left - 8, 187, say("queue"), "end");
    for (const at of [164, 183]) svg.append(make("line", "grid line", { x1: room.left, x2: room.right, y1: at, y2: at }));
    marks(svg, row, days, place, { queue: 183, report: 164, size: 4 });
    for (let day = days.length - 1; day >= 0; day -= 7) text(round(place(day)), 208, days[day].slice(5), day === days.length - 1 ? "end" : "middle");
    return svg;
  };

  // One ring: the customer in the middle, lines as wide as the amounts, arrows along the money.
  const ring = (row) => {
    const shown = [...new Map(row.counterparties.map((each) => [each.customer || `account ${each.account}`, each])).values()];
    const width = 620, height = 330, middle = [width / 2, height / 2];
    const svg = image(say("Counterparties of the case: {count} of {all}; the table has the amounts", { count: shown.length, all: row.others }), width, height);
    const most = Math.max(1, ...shown.flatMap(({ came, went }) => [came ?? 0, went ?? 0]));
    const arrow = ([x1, y1], [x2, y2], look, value, currency, words) => {
      const length = Math.hypot(x2 - x1, y2 - y1), [dx, dy] = [(x2 - x1) / length, (y2 - y1) / length];
      const wide = value === null || currency !== row.moved[0]?.currency ? 1.5 : 1.5 + 6.5 * Math.sqrt(Math.max(0, value) / most);
      const head = 5 + wide, [ex, ey] = [x2 - dx * head, y2 - dy * head];
      const edge = make("g", `edge ${look}${value === null ? " unknown" : ""}`);
      edge.append(make("line", "", { x1: round(x1), y1: round(y1), x2: round(ex), y2: round(ey), "stroke-width": round(wide) }),
        make("polygon", "", { points: [[x2, y2], [ex - dy * head * 0.6, ey + dx * head * 0.6], [ex + dy * head * 0.6, ey - dx * head * 0.6]].map((at) => at.map(round).join(",")).join(" ") }));
      svg.append(hint(edge, words));
    };
    const labels = [];
    shown.forEach((each, place) => {
      const turn = (place + 0.5) / shown.length * 2 * Math.PI - Math.PI / 2;
      const at = [middle[0] + 168 * Math.cos(turn), middle[1] + 122 * Math.sin(turn)];
      const [dx, dy] = [at[0] - middle[0], at[1] - middle[1]], length = Math.hypot(dx, dy);
      const [ux, uy] = [dx / length, dy / length], both = each.inward && each.outward ? 6 : 0;
      const inner = (side) => [middle[0] + ux * 40 - uy * both * side, middle[1] + uy * 32 + ux * both * side];
      const outer = (side) => [at[0] - ux * 9 - uy * both * side, at[1] - uy * 9 + ux * both * side];
      const paid = (value, count) => ({ who: each.title, amount: amountOf(value, each.currency), count });
      if (each.inward) arrow(outer(1), inner(1), "in", each.came, each.currency, say("{who} paid: {amount}, payments: {count}", paid(each.came, each.inward)));
      if (each.outward) arrow(inner(-1), outer(-1), "out", each.went, each.currency, say("{who} was paid: {amount}, payments: {count}", paid(each.went, each.outward)));
      const side = Math.abs(ux) < 0.25 ? "middle" : ux > 0 ? "" : "end", shift = side === "middle" ? 0 : ux > 0 ? 9 : -9;
      const high = side === "middle" ? (uy > 0 ? 20 : -22) : -1;
      const amounts = [each.inward && each.came !== null ? say("in {amount}", { amount: short(each.came) }) : "", each.outward && each.went !== null ? say("out {amount}", { amount: short(each.went) }) : ""].filter(Boolean).join(say(", "));
      labels.push(make("circle", "node", { cx: round(at[0]), cy: round(at[1]), r: 5 }),
        make("text", `ink ${side}`, { x: round(at[0] + shift), y: round(at[1] + high) }, cut(each.title, 24)),
        make("text", side, { x: round(at[0] + shift), y: round(at[1] + high + 13) }, `${amounts} ${amounts ? each.currency : ""}`));
    });
    svg.append(...labels, make("circle", "node own", { cx: middle[0], cy: middle[1], r: 24 }),
      make("text", "ink middle", { x: middle[0], y: middle[1] + 4 }, cut(row.customer || say("case"), 9)));
    return svg;
  };
  return { small, timeline, ring, totals, money };
})();
