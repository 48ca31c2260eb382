/* A card for each candidate: what every source says of it, its wells, its validation, its proteins. Drawn when asked for. */
S.cards = (() => {
  const INK = "#1b2228", MUTED = "#5c6770", FAINT = "#ccd3d8", ACCENT = "#0b6e75", RED = "#b3261e";
  /* Ends and middle of the scale of the heat map, as in the figure. */
  const SCALE = [[-4, [154, 52, 18]], [-2.4, [232, 130, 74]], [-0.8, [251, 227, 210]], [0, [246, 246, 244]], [0.8, [213, 230, 243]], [2.4, [90, 159, 207]], [4, [11, 74, 124]]];
  let store = null;

  const key = (row) => `${row.reagent}\u0001${row.kind}`;
  const group = (rows, by) => {
    const groups = new Map();
    for (const row of rows) {
      const name = by(row);
      if (!groups.has(name)) groups.set(name, []);
      groups.get(name).push(row);
    }
    return groups;
  };

  const load = () => {
    if (store) return store;
    const raw = S.data("data-cards");
    if (!raw) return null;
    const items = S.rows(raw.items);
    store = {
      raw, items,
      place: new Map(items.map((item, place) => [key(item), place])),
      contexts: group(S.rows(raw.contexts), key),
      support: group(S.rows(raw.support), key),
      bars: raw.validation ? group(S.rows(raw.validation.bars), key) : new Map(),
      points: raw.validation ? S.rows(raw.validation.points) : [],
      proteins: raw.proteins ? group(S.rows(raw.proteins), key) : new Map(),
    };
    return store;
  };

  const inOrder = (arms) => [...arms].sort((a, b) => store.raw.arms.indexOf(a) - store.raw.arms.indexOf(b));
  const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
  const grade = (word) => S.el("span", { class: `grade ${word.replace(" ", "-")}`, text: word });

  /* Lines and arms × experiments; the name of a row chooses what is told in words beside. */
  const matrix = (rows, chosen, choose) => {
    const judged = store.raw.experiments.filter((one) => one.judged);
    const order = [...rows].sort((a, b) => (a.cell_line < b.cell_line ? -1 : a.cell_line > b.cell_line ? 1 : store.raw.arms.indexOf(a.treatment) - store.raw.arms.indexOf(b.treatment)));
    const head = S.el("tr", {}, S.el("th", { scope: "col", text: "line and arm" }), S.el("th", { scope: "col", text: "verdict" }), ...judged.map((one) => S.el("th", { scope: "col", class: "sign", text: capital(one.name) })));
    const body = order.map((row) => {
      const is = chosen && row.cell_line === chosen.cell_line && row.treatment === chosen.treatment;
      const button = S.el("button", { type: "button", class: "name", "aria-pressed": is ? "true" : "false", text: `${row.cell_line}, ${row.treatment}`, onclick: () => choose(row) });
      return S.el("tr", { class: is ? "chosen" : null }, S.el("th", { scope: "row" }, button), S.el("td", {}, grade(row.verdict)), ...judged.map((one) => S.el("td", { class: "sign" }, S.mark(row[`says_${one.name}`] || "missing"))));
    });
    return S.el("div", { class: "scroll" }, S.el("table", {}, S.el("caption", { text: "Where it stands, by line and arm" }), S.el("thead", {}, head), S.el("tbody", {}, ...body)));
  };

  /* What every source says in one line and arm; what was not measured is said as well. */
  const words = (rows, chosen) => {
    const own = new Map(rows.filter((row) => row.cell_line === chosen.cell_line && row.treatment === chosen.treatment).map((row) => [row.source, row]));
    const body = store.raw.sources.map((source) => {
      const row = own.get(source.name);
      return S.el("tr", { class: row ? null : "missing" }, S.el("th", { scope: "row", text: source.title }), S.el("td", {}, S.verdict(row ? row.says : "missing")), S.el("td", { class: "long", text: row ? capital(row.words) : "Not measured" }));
    });
    return S.el("div", { class: "scroll" }, S.el("table", {}, S.el("caption", { text: `In words: ${chosen.cell_line}, ${chosen.treatment}` }), S.el("tbody", {}, ...body)));
  };

  const panelOf = (title, note, drawing) => S.el("figure", {}, S.el("h4", { text: title }), drawing, note ? S.el("figcaption", { text: note }) : null);

  const label = (drawing, text, x, y) => {
    const [first, ...rest] = text.split("+");
    drawing.append(S.svg("text", { x, y, "text-anchor": "middle", "font-size": 10, fill: INK, text: first }));
    rest.forEach((part, place) => drawing.append(S.svg("text", { x, y: y + 12 * (place + 1), "text-anchor": "middle", "font-size": 10, fill: INK, text: `+ ${part}` })));
  };

  /* The panel of Fig. 2: bars of control and reagent under every arm, with biological replicates. */
  const validation = (item) => {
    const own = store.bars.get(key(item));
    if (!own) return [];
    return [...group(own, (row) => row.cell_line)].map(([line, rows]) => {
      const arms = inOrder(rows.map((row) => row.treatment));
      const dots = store.points.filter((row) => row.cell_line === line && (row.role === "negative" ? row.comparator === rows[0].comparator : key(row) === key(item)));
      const top = 20 * Math.ceil(Math.max(100, ...rows.flatMap((row) => [row.viability, row.control]), ...dots.map((row) => row.viability)) * 1.15 / 20);
      const left = 42, step = 78, base = 176, width = left + arms.length * step + 8;
      const y = (value) => base - (Math.max(0, Math.min(value, top)) / top) * (base - 14);
      const drawing = S.svg("svg", { viewBox: `0 0 ${width} ${base + 36}`, role: "img", "aria-label": `Viability of ${line} under every arm: ${rows.map((row) => `${row.treatment} ${S.number(row.viability, 0)} %, control ${S.number(row.control, 0)} %`).join("; ")}` });
      for (let tick = 0; tick <= top; tick += top > 120 ? 40 : 20) {
        drawing.append(S.svg("line", { x1: left, x2: width - 8, y1: y(tick), y2: y(tick), stroke: tick ? "#e9ecef" : MUTED }));
        drawing.append(S.svg("text", { x: left - 6, y: y(tick) + 3.5, "text-anchor": "end", "font-size": 10, fill: MUTED, text: String(tick) }));
      }
      drawing.append(S.svg("text", { x: 11, y: base / 2, "text-anchor": "middle", "font-size": 10.5, fill: INK, transform: `rotate(-90 11 ${base / 2})`, text: "viability (% of control)" }));
      const alone = rows.find((row) => row.treatment === store.raw.vehicle);
      arms.forEach((arm, place) => {
        const row = rows.find((one) => one.treatment === arm);
        const at = left + place * step + 12;
        const bar = (x, mean, low, high, fill, role) => {
          if (mean === null) return;
          drawing.append(S.svg("rect", { x, y: y(mean), width: 25, height: base - y(mean), fill }));
          if (low !== null && high !== null) drawing.append(S.svg("line", { x1: x + 12.5, x2: x + 12.5, y1: y(low), y2: y(high), stroke: INK, "stroke-width": 1.2 }));
          const mine = dots.filter((dot) => dot.treatment === arm && (dot.role === "negative") === (role === "negative"));
          mine.forEach((dot) => drawing.append(S.svg("circle", { cx: x + 12.5, cy: y(dot.viability), r: 2.6, fill: "#fff", stroke: INK }, S.svg("title", { text: `${S.number(dot.viability, 1)} %` }))));
        };
        bar(at, row.control, row.control_low, row.control_high, FAINT, "negative");
        bar(at + 28, row.viability, row.low, row.high, ACCENT, "sample");
        if (arm !== store.raw.vehicle && alone && alone.control) {
          const expected = (alone.viability / alone.control) * row.control;
          drawing.append(S.svg("line", { x1: at + 25, x2: at + 56, y1: y(expected), y2: y(expected), stroke: RED, "stroke-width": 1.8 }));
        }
        const highest = Math.max(row.high === null ? 0 : row.high, row.viability, ...dots.filter((dot) => dot.treatment === arm && dot.role !== "negative").map((dot) => dot.viability));
        if (row.stars) drawing.append(S.svg("text", { x: at + 40.5, y: Math.max(10, y(highest) - 4), "text-anchor": "middle", "font-size": 12, "font-weight": 600, fill: INK, text: row.stars }));
        label(drawing, arm, at + 27, base + 15);
      });
      return panelOf(`Validation, ${line}`, `Gray: control, colored: reagent; point: biological replicate; red: what Bliss expects. ${store.raw.validation.words}`, drawing);
    });
  };

  const shade = (value) => {
    const z = Math.max(-4, Math.min(4, value));
    const at = Math.max(1, SCALE.findIndex(([end]) => z <= end));
    const [[low, from], [high, to]] = [SCALE[at - 1], SCALE[at]];
    const share = (z - low) / (high - low);
    return `rgb(${from.map((one, i) => Math.round(one + share * (to[i] - one))).join(",")})`;
  };

  /* Proteins × arms, as in the heat map. */
  const proteins = (item) => {
    const own = store.proteins.get(key(item));
    if (!own) return [];
    return [...group(own, (row) => row.cell_line)].map(([line, rows]) => {
      const arms = inOrder(new Set(rows.map((row) => row.treatment)));
      const names = [...new Set(rows.map((row) => row.protein))].sort((a, b) => a.includes("/") - b.includes("/") || (a.toLowerCase() < b.toLowerCase() ? -1 : 1));
      const left = 112, cell = 62, step = 19, width = left + arms.length * cell + 10;
      const called = rows.filter((row) => row.direction).map((row) => `${row.protein} ${row.direction} with ${row.treatment}`);
      const drawing = S.svg("svg", { viewBox: `0 0 ${width} ${names.length * step + 34}`, role: "img", "aria-label": `Proteins in ${line}. ${called.length ? `Called: ${called.join("; ")}` : "None is called."}` });
      names.forEach((name, place) => {
        drawing.append(S.svg("text", { x: left - 6, y: place * step + 13, "text-anchor": "end", "font-size": 10.5, fill: INK, text: name }));
        arms.forEach((arm, column) => {
          const row = rows.find((one) => one.protein === name && one.treatment === arm);
          if (!row || row.z === null) return;
          const x = left + column * cell;
          drawing.append(S.svg("rect", { x, y: place * step, width: cell - 2, height: step - 2, fill: shade(row.z) }, S.svg("title", { text: `${name}, ${arm}: z ${S.number(row.z, 1)}` })));
          const sign = row.direction === "up" ? "▲ " : row.direction === "down" ? "▼ " : "";
          drawing.append(S.svg("text", { x: x + cell / 2 - 1, y: place * step + 12.5, "text-anchor": "middle", "font-size": 10, fill: Math.abs(row.z) > 2.6 ? "#fff" : INK, "font-weight": sign ? 700 : 400, text: `${sign}${S.number(Math.round(10 * row.z) / 10, 1)}` }));
        });
      });
      arms.forEach((arm, column) => label(drawing, arm, left + column * cell + cell / 2 - 1, names.length * step + 13));
      return panelOf(`Proteins, ${line}`, "z over the reagents of the arm; ▲ ▼ = called up, down.", drawing);
    });
  };

  /* Replicates of the screen with the interaction, as below the figure of the screen. */
  const screen = (item, room) => {
    const found = S.wells.find(item.reagent, item.kind);
    const drawn = S.interaction.panel(item.reagent, item.kind, { found: found ? S.wells.collect(found) : [], room });
    return drawn ? [S.el("div", { class: "screen" }, S.el("h4", { text: "Screen" }), drawn)] : [];
  };

  const show = (place, context) => {
    const panel = document.getElementById("card");
    if (!panel || !load() || !store.items[place]) return;
    const item = store.items[place];
    const rows = store.contexts.get(key(item)) || [];
    const chosen = context || rows.find((row) => row.cell_line === item.cell_line && row.treatment === item.treatment) || rows[0];
    const choose = (row) => { show(place, row); const pressed = panel.querySelector('[aria-pressed="true"]'); if (pressed) pressed.focus(); };
    const step = (by, text, name) => S.el("button", { type: "button", "aria-label": name, disabled: !store.items[place + by], text, onclick: () => { show(place + by); panel.focus({ preventScroll: true }); } });
    const pick = S.el("select", { "aria-label": "Candidate", onchange: () => { show(Number(pick.value)); panel.querySelector("select").focus(); } }, ...store.items.map((one, number) => S.el("option", { value: number, selected: number === place, text: `${one.reagent} (${one.kind}): ${one.verdict}` })));
    const turn = S.el("div", { class: "turn print-hide" }, step(-1, "‹", "Previous candidate"), pick, step(1, "›", "Next candidate"));
    const title = S.el("h3", {}, S.el("span", {}, `${item.reagent} (${item.kind}) `, grade(item.verdict)), turn);
    const room = panel.clientWidth;
    const drawings = [...validation(item), ...proteins(item)];
    panel.replaceChildren(title, S.el("p", { text: item.summary }), S.el("p", { class: "small", text: `It ${item.expected.startsWith("neither") ? "is " : ""}${item.expected}, if it sensitizes. Chosen by: ${item.chosen_by}.` }),
      ...(chosen ? [S.el("div", { class: "split" }, matrix(rows, chosen, choose), words(store.support.get(key(item)) || [], chosen))] : []),
      S.el("div", { class: "drawings" }, ...screen(item, Math.min(room, 860)), ...drawings));
  };

  const start = () => {
    document.addEventListener("click", (event) => {
      const button = event.target.closest("[data-card]");
      if (!button || !load()) return;
      const place = store.place.get(`${button.dataset.card}\u0001${button.dataset.kind}`);
      const panel = document.getElementById("card");
      if (!panel) return;
      if (place === undefined) panel.replaceChildren(S.el("p", { class: "small", text: `${button.dataset.card} has no card on this page; its evidence is in tables/support.csv.` }));
      else show(place);
      panel.scrollIntoView({ block: "nearest" });
      panel.focus({ preventScroll: true });
    });
    /* The best candidate is shown when the card comes near, and for print. */
    const panel = document.getElementById("card");
    if (!panel) return;
    const first = () => { if (panel.querySelector(".hint")) show(0); };
    const near = new IntersectionObserver((entries) => entries.forEach((entry) => { if (entry.isIntersecting) { first(); near.disconnect(); } }), { rootMargin: "400px" });
    near.observe(panel);
    addEventListener("load", () => setTimeout(first, 900));
  };

  return { start, show };
})();
