/* The wells behind a point: every plate, arm and replicate of one reagent. */
S.wells = (() => {
  const find = (name, kind) => {
    const store = S.plates.load();
    if (!store) return null;
    let wanted = name;
    let type = kind;
    let at = store.reagents.findIndex(([reagent, own]) => reagent === wanted && (!type || own === type));
    const split = at < 0 && /^(.*) \(([^()]*)\)$/.exec(name);
    if (split) {
      [, wanted, type] = split;
      at = store.reagents.findIndex(([reagent, own]) => reagent === wanted && own === type);
    }
    return at < 0 ? null : { store, code: at, name: store.reagents[at][0], kind: store.reagents[at][1] };
  };

  const collect = ({ store, code }) => {
    const cells = new Map();
    const found = [];
    for (const plate of store.plates) {
      if (!cells.has(plate.layout)) {
        const own = [];
        plate.layout.reagent.forEach((reagent, cell) => { if (reagent === code) own.push(cell); });
        cells.set(plate.layout, own);
      }
      for (const cell of cells.get(plate.layout)) found.push({ plate, cell, raw: plate.value("raw", cell), normalized: plate.value("normalized", cell) });
    }
    return found;
  };

  /* One row per cell line and arm, one dot per well. */
  const strip = (found, focus) => {
    const groups = new Map();
    for (const well of found) {
      const key = `${well.plate.cell_line}\u0001${well.plate.treatment}`;
      if (!groups.has(key)) groups.set(key, []);
      groups.get(key).push(well);
    }
    const values = found.map((well) => well.normalized).filter((value) => value !== null);
    const low = Math.min(-0.5, ...values), high = Math.max(0.5, ...values);
    const left = 190, width = 460, step = 24, height = groups.size * step + 34;
    const x = (value) => left + ((value - low) / (high - low)) * (width - left - 14);
    const unit = S.plates.units("normalized");
    const drawing = S.svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `Normalized values (${unit}) of every well, by cell line and arm` });
    drawing.append(S.svg("line", { x1: x(0), x2: x(0), y1: 0, y2: groups.size * step, stroke: "#ccd3d8" }));
    let row = 0;
    for (const [key, wells] of groups) {
      const [line, arm] = key.split("\u0001");
      const y = row * step + step / 2;
      const isFocus = focus && focus.cell_line === line && focus.treatment === arm;
      const label = `${line}, ${arm}`;
      drawing.append(S.svg("text", { x: left - 10, y: y + 4, "text-anchor": "end", "font-size": 11, fill: "#1b2228", "font-weight": isFocus ? 700 : 400, text: label.length > 31 ? `${label.slice(0, 30)}…` : label }));
      drawing.append(S.svg("line", { x1: left, x2: width - 14, y1: y, y2: y, stroke: "#eef1f3" }));
      for (const well of wells) {
        if (well.normalized === null) continue;
        drawing.append(S.svg("circle", { cx: x(well.normalized), cy: y, r: 4.5, fill: isFocus ? "#1b2228" : "#fff", stroke: "#1b2228", "stroke-width": 1.2 }, S.svg("title", { text: `${well.plate.plate} ${S.number(well.normalized, 2)}` })));
      }
      row += 1;
    }
    const base = groups.size * step;
    for (const value of [low, 0, high]) drawing.append(S.svg("text", { x: x(value), y: base + 13, "text-anchor": "middle", "font-size": 10, fill: "#5c6770", text: S.number(value, 1) }));
    drawing.append(S.svg("text", { x: (left + width) / 2, y: base + 28, "text-anchor": "middle", "font-size": 10.5, fill: "#5c6770", text: `normalized (${unit}), one dot per well` }));
    return drawing;
  };

  const table = (found, store) => {
    const head = ["cell line", "arm", "rep.", "plate", "well", store.log ? "raw (log2)" : "raw", "normalized"];
    const numeric = new Set([2, 5, 6]);
    const rows = found.map((well) => {
      const { columns } = well.plate.format;
      const texts = [well.plate.cell_line, well.plate.treatment, String(well.plate.replicate), null, S.wellName(Math.floor(well.cell / columns), well.cell % columns), S.number(well.raw, store.log ? 2 : 0), S.number(well.normalized, 2)];
      const link = S.el("button", { type: "button", class: "name", text: well.plate.plate, onclick: () => S.plates.open(well.plate, [well.cell]) });
      return S.el("tr", {}, ...texts.map((text, i) => (text === null ? S.el("td", {}, link) : S.el("td", { class: numeric.has(i) ? "num" : null, text }))));
    });
    return S.el("table", {}, S.el("caption", { text: "Wells" }), S.el("thead", {}, S.el("tr", {}, ...head.map((text, i) => S.el("th", { scope: "col", class: numeric.has(i) ? "num" : null, text })))), S.el("tbody", {}, ...rows));
  };

  const thumbs = (found, focus) => {
    const vehicle = found.filter((well) => !focus || (well.plate.cell_line === focus.cell_line && well.plate.treatment === focus.treatment)).slice(0, 4);
    return S.el("div", { class: "thumbs" }, ...vehicle.map((well) => {
      const size = well.plate.format.columns > 24 ? 3 : 6;
      return S.el("figure", {}, S.plates.large(well.plate, "normalized", size, [well.cell]), S.el("figcaption", { text: `${well.plate.plate}, normalized; frame = this well` }));
    }));
  };

  const show = (name, kind, focus) => {
    const panel = document.getElementById("wells");
    if (!panel) return false;
    const item = find(name, kind);
    if (!item) {
      panel.replaceChildren(S.el("p", { class: "small", text: `No well of ${name} is on this page.` }));
      return false;
    }
    const found = collect(item);
    const context = focus || (found[0] && found.map((well) => well.plate).find((plate) => plate) && null);
    const close = S.el("button", { type: "button", text: "close", onclick: () => panel.replaceChildren(S.el("p", { class: "small hint", text: "Click a point, or a name anywhere on this page, to see its wells." })) });
    const title = S.el("h3", {}, S.el("span", { text: `${item.name}${item.kind ? ` (${item.kind})` : ""}: ${found.length} wells` }), close);
    const test = S.interaction.panel(item.name, item.kind, { found, focus });
    panel.replaceChildren(title, ...(test ? [test] : []), S.el("div", { class: "split" }, S.el("div", { class: "scroll" }, table(found, item.store)), S.el("div", {}, strip(found, context), thumbs(found, context))));
    return true;
  };

  const go = (name, kind, focus) => {
    const shown = show(name, kind, focus);
    const panel = document.getElementById("wells");
    if (panel) { panel.scrollIntoView({ block: "nearest" }); panel.focus({ preventScroll: true }); }
    return shown;
  };

  const start = () => {
    document.addEventListener("click", (event) => {
      const reagent = event.target.closest("[data-reagent]");
      if (reagent) go(reagent.dataset.reagent, reagent.dataset.kind);
      const plate = event.target.closest("[data-plate]");
      const known = plate && S.plates.byName(plate.dataset.plate);
      if (known) S.plates.open(known);
    });
    const box = document.getElementById("find-reagent");
    if (!box) return;
    const answer = document.getElementById("find-answer");
    box.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !box.value.trim()) return;
      const store = S.plates.load();
      const words = box.value.trim().toLowerCase();
      const names = store ? store.reagents : [];
      const match = names.find(([name]) => name.toLowerCase() === words) || names.find(([name]) => name.toLowerCase().includes(words));
      const count = names.filter(([name]) => name.toLowerCase().includes(words)).length;
      answer.textContent = match ? (count > 1 ? `${count} names match; showing ${match[0]}` : "") : "no such reagent";
      if (match) go(match[0], match[1]);
    });
  };

  return { start, show, go, find, collect };
})();
