/* One reagent in full: its replicates without and with each drug, what Bliss independence expects, and the interval. */
S.interaction = (() => {
  const INK = "#1b2228", MUTED = "#5c6770", ACCENT = "#0b6e75";
  let index = null;

  /* Rows of the table of sensitizers by reagent and kind, made when the first reagent is asked for. */
  const load = () => {
    if (index) return index;
    const table = S.data("data-sensitizers");
    const about = S.data("data-interaction");
    if (!table || !about) return null;
    const columns = Object.fromEntries(table.columns.map((column) => [column.id, column]));
    const value = (id, row) => {
      const column = columns[id];
      if (!column) return null;
      if (!column.levels) return column.values[row];
      return column.values[row] < 0 ? null : column.levels[column.values[row]];
    };
    const rows = new Map();
    for (let row = 0; row < table.rows; row += 1) {
      const key = `${value("reagent", row)}\u0001${value("kind", row)}`;
      if (!rows.has(key)) rows.set(key, []);
      rows.get(key).push(row);
    }
    const zero = new Map(about.offsets.map(([line, arm, kind, offset]) => [`${line}\u0001${arm}\u0001${kind}`, offset]));
    index = { about, rows, value, zero };
    return index;
  };

  /* Mean of the wells of each replicate, on the scale of the test. */
  const replicates = (found, kind) => {
    const { about, zero } = index;
    const groups = new Map();
    if (!about.replicates) return groups;
    for (const { plate, normalized } of found) {
      if (normalized === null) continue;
      const context = `${plate.cell_line}\u0001${plate.treatment}`;
      if (!groups.has(context)) groups.set(context, new Map());
      const own = groups.get(context);
      if (!own.has(plate.replicate)) own.set(plate.replicate, []);
      own.get(plate.replicate).push(normalized - (zero.get(`${context}\u0001${kind}`) || 0));
    }
    for (const own of groups.values()) for (const [number, values] of own) own.set(number, values.reduce((a, b) => a + b, 0) / values.length);
    return groups;
  };

  const contexts = (name, kind) => {
    const { about, rows, value } = index;
    const found = new Map();
    for (const row of rows.get(`${name}\u0001${kind}`) || []) {
      const line = value("cell_line", row);
      if (!found.has(line)) found.set(line, new Map());
      const get = (id) => value(id, row);
      found.get(line).set(get("treatment"), {
        expected: get("vehicle_effect"), low: get("ci_low"), high: get("ci_high"), delta: get("effect"), measured: get("effect_with_drug"),
        rate: get(about.rate.column), called: get("called") === "yes", word: get("class"), vehicle: [get("vehicle_ci_low"), get("vehicle_ci_high")],
      });
    }
    return [...found].sort(([a], [b]) => (a < b ? -1 : 1));
  };

  const rate = (value) => (value === null ? "" : `${index.about.rate.name} ${value >= 0 && value < 1e-4 && index.about.rate.column !== "statistic" ? "< 0.0001" : S.number(value, value >= 0 && value < 0.01 ? 4 : 2)}`);

  const lines = (name, kind, found) => {
    const { about } = index;
    const dots = replicates(found, kind);
    const out = [];
    for (const [line, arms] of contexts(name, kind)) {
      const first = [...arms.values()][0];
      out.push({ line, arm: about.vehicle, isVehicle: true, center: first.expected, ends: first.vehicle, dots: dots.get(`${line}\u0001${about.vehicle}`) });
      for (const arm of about.arms.filter((one) => arms.has(one))) out.push({ line, arm, ...arms.get(arm), dots: dots.get(`${line}\u0001${arm}`) });
    }
    return out;
  };

  const extent = (rows) => {
    const values = rows.flatMap((row) => {
      const from = row.isVehicle ? [row.center, ...row.ends] : [row.expected, ...[row.low, row.delta, row.high].map((one) => (one === null ? null : row.expected + one))];
      return [...from, ...(row.dots ? row.dots.values() : [])];
    }).filter((value) => typeof value === "number" && Number.isFinite(value));
    return [Math.min(-0.5, ...values), Math.max(0.25, ...values)];
  };

  const drawRow = (drawing, row, { x, y, left, right, isNarrow, focus }) => {
    const isFocus = focus && focus.cell_line === row.line && focus.treatment === row.arm;
    const most = isNarrow ? 21 : 31;
    const text = row.isVehicle ? `${row.line}, ${row.arm}` : row.arm;
    drawing.append(S.svg("text", { x: left - 10, y: y + 4, "text-anchor": "end", "font-size": 11, fill: INK, "font-weight": isFocus ? 700 : 400, text: text.length > most ? `${text.slice(0, most - 1)}…` : text }));
    drawing.append(S.svg("line", { x1: left, x2: right, y1: y, y2: y, stroke: "#eef1f3" }));
    const isKnown = (value) => value !== null && value !== undefined;
    const tall = (value, color, width) => drawing.append(S.svg("line", { x1: x(value), x2: x(value), y1: y - 8, y2: y + 8, stroke: color, "stroke-width": width }));
    const bar = (low, high, color) => drawing.append(S.svg("line", { x1: x(low), x2: x(high), y1: y, y2: y, stroke: color, "stroke-width": 3.5 }));
    if (row.isVehicle) {
      if (isKnown(row.ends[0]) && isKnown(row.ends[1])) bar(row.ends[0], row.ends[1], "#ccd3d8");
      if (isKnown(row.center)) tall(row.center, INK, 1.8);
    } else if (isKnown(row.expected)) {
      if (isKnown(row.low) && isKnown(row.high)) bar(row.expected + row.low, row.expected + row.high, ACCENT);
      tall(row.expected, INK, 1.8);
      if (isKnown(row.delta)) drawing.append(S.svg("circle", { cx: x(row.expected + row.delta), cy: y, r: 5, fill: row.called ? ACCENT : "#fff", stroke: ACCENT, "stroke-width": 1.6 }));
    }
    for (const [number, value] of row.dots || []) {
      drawing.append(S.svg("circle", { cx: x(value), cy: y, r: 3.2, fill: "#fff", stroke: INK, "stroke-width": 1.1 }, S.svg("title", { text: `replicate ${number}: ${S.number(value, 2)}` })));
    }
    if (row.isVehicle) return;
    const words = isKnown(row.delta) ? `δ ${S.number(Math.round(100 * row.delta) / 100, 2)}, ${rate(row.rate)}` : "not tested";
    const place = isNarrow ? { x: right, y: y + 17, "text-anchor": "end" } : { x: right + 8, y: y + 4 };
    drawing.append(S.svg("text", { ...place, "font-size": 10.5, fill: row.called ? INK : MUTED, "font-weight": row.called ? 700 : 400, text: words }, S.svg("title", { text: row.word || "" })));
  };

  const draw = (rows, focus, room) => {
    const isNarrow = room < 560;
    const [left, right, width, step] = isNarrow ? [130, 352, 360, 33] : [190, 480, 640, 23];
    const height = rows.length * step + 34;
    const [low, high] = extent(rows);
    const x = (value) => left + 8 + ((value - low) / (high - low)) * (right - left - 16);
    const drawing = S.svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": "Replicates, Bliss expectation and interval of the interaction, by cell line and arm" });
    drawing.append(S.svg("line", { x1: x(0), x2: x(0), y1: 0, y2: rows.length * step, stroke: "#ccd3d8" }));
    rows.forEach((row, place) => drawRow(drawing, row, { x, y: place * step + 11.5, left, right, isNarrow, focus }));
    const base = rows.length * step;
    const marks = [low, 0, high].filter((value, place) => place === 1 || Math.abs(x(value) - x(0)) > 30);
    for (const value of marks) drawing.append(S.svg("text", { x: x(value), y: base + 13, "text-anchor": "middle", "font-size": 10, fill: MUTED, text: S.number(value, 1) }));
    drawing.append(S.svg("text", { x: (left + right) / 2, y: base + 28, "text-anchor": "middle", "font-size": 10.5, fill: MUTED, text: "effect (log2)" }));
    return drawing;
  };

  /* The panel of a reagent; null when the test has nothing of it. */
  const panel = (name, kind, { found, focus, room }) => {
    if (!load() || !index.rows.has(`${name}\u0001${kind}`)) return null;
    const rows = lines(name, kind, found);
    const calls = rows.filter((row) => row.called);
    const words = calls.length ? `called in ${calls.length} of ${rows.filter((row) => !row.isVehicle).length} contexts` : "not called in any context";
    return S.el("div", { class: "interaction" },
      S.el("p", { class: "small" }, S.el("b", { text: `Interaction: ${words}.` }), " Small circles: replicates. Black bar: effect without drug, which is what Bliss independence expects with it. Colored: estimate of the test with its interval, filled when called."),
      draw(rows, focus, room || document.getElementById("wells").clientWidth));
  };

  return { panel };
})();
