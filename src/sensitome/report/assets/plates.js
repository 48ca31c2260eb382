/* The plate wall: wells are bytes until their plate scrolls into view. */
S.plates = (() => {
  const LAYERS = ["raw", "fitted", "normalized"];
  const GAP = 2;
  let store = null;

  const bytes = (text, wide) => {
    const binary = atob(text);
    const array = new Uint8Array(binary.length);
    for (let i = 0; i < binary.length; i += 1) array[i] = binary.charCodeAt(i);
    if (!wide) return array;
    const pairs = new Uint16Array(array.length / 2);
    for (let i = 0; i < pairs.length; i += 1) pairs[i] = array[2 * i] | (array[2 * i + 1] << 8);
    return pairs;
  };

  const ramp = (stops) => {
    const parts = stops.map((hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)));
    const table = new Uint8Array(256 * 3);
    for (let i = 0; i < 256; i += 1) {
      const at = (i / 255) * (parts.length - 1);
      const left = Math.min(Math.floor(at), parts.length - 2);
      for (let c = 0; c < 3; c += 1) table[3 * i + c] = Math.round(parts[left][c] + (at - left) * (parts[left + 1][c] - parts[left][c]));
    }
    return table;
  };

  const load = () => {
    if (store) return store;
    const data = S.data("data-plates");
    if (!data) return null;
    const top = data.wide ? 65535 : 255;
    const plates = [];
    data.formats.forEach((format) => {
      const cells = format.rows * format.columns;
      const codes = Object.fromEntries(LAYERS.map((layer) => [layer, bytes(format[layer], data.wide)]));
      format.plates.plate.forEach((name, index) => {
        const about = Object.fromEntries(Object.entries(format.plates).map(([key, values]) => [key, values[index]]));
        const ends = { raw: [format.low[index], format.high[index]], fitted: [format.low[index], format.high[index]], normalized: format.limits };
        plates.push({
          ...about, format, index, layout: format.layouts[format.layout[index]],
          value: (layer, cell) => {
            const code = codes[layer][index * cells + cell];
            if (!code) return null;
            const [low, high] = ends[layer];
            return low + ((code - 1) / (top - 1)) * (high - low);
          },
        });
      });
    });
    store = { ...data, plates, ramps: { raw: ramp(data.palettes.raw), normalized: ramp(data.palettes.normalized) } };
    store.ramps.fitted = store.ramps.raw;
    return store;
  };

  /* Wells that no statistic uses are drawn like wells without a value; pointing at them still tells their reading. */
  const isUsed = (plate, cell) => !["empty", "excluded"].includes(store.roles[plate.layout.role[cell]]);

  const isSample = (plate, cell) => store.roles[plate.layout.role[cell]] === "sample";

  /* Range of a plate that its colors span: readings of the samples without their extremes. */
  const span = (plate) => {
    if (plate.span) return plate.span;
    const cells = plate.format.rows * plate.format.columns;
    const values = [];
    for (let cell = 0; cell < cells; cell += 1) {
      const value = isSample(plate, cell) ? plate.value("raw", cell) : null;
      if (value !== null) values.push(value);
    }
    for (let cell = 0; !values.length && cell < cells; cell += 1) if (plate.value("raw", cell) !== null) values.push(plate.value("raw", cell));
    values.sort((a, b) => a - b);
    const at = (share) => values[Math.min(values.length - 1, Math.floor(share * values.length))] ?? 0;
    plate.span = [at(0.02), at(0.98)];
    return plate.span;
  };

  const paint = (plate, layer, image, left, width) => {
    const { rows, columns } = plate.format;
    const [low, high] = layer === "normalized" ? [store.middle - store.reach, store.middle + store.reach] : span(plate);
    const table = store.ramps[layer];
    for (let row = 0; row < rows; row += 1) {
      for (let column = 0; column < columns; column += 1) {
        const cell = row * columns + column;
        const value = isUsed(plate, cell) ? plate.value(layer, cell) : null;
        const at = 4 * (row * width + left + column);
        if (value === null) {
          const empty = plate.layout.role[cell] < 0;
          image.data.set(empty ? [255, 255, 255, 0] : [221, 226, 230, 255], at);
        } else {
          const shade = 3 * Math.max(0, Math.min(255, Math.round(255 * ((value - low) / (high - low || 1)))));
          image.data.set([table[shade], table[shade + 1], table[shade + 2], 255], at);
        }
      }
    }
  };

  const canvasOf = (plate, layers) => {
    const { rows, columns } = plate.format;
    const width = layers.length * columns + (layers.length - 1) * GAP;
    const canvas = S.el("canvas", { width, height: rows });
    const context = canvas.getContext("2d");
    const image = context.createImageData(width, rows);
    layers.forEach((layer, i) => paint(plate, layer, image, i * (columns + GAP), width));
    context.putImageData(image, 0, 0);
    return canvas;
  };

  const reagentAt = (plate, cell) => {
    const code = plate.layout.reagent[cell];
    return code < 0 ? null : store.reagents[code];
  };

  const units = (layer) => (layer === "normalized" ? store.units.normalized : store.units.raw);

  const describe = (plate, cell) => {
    const { columns } = plate.format;
    const reagent = reagentAt(plate, cell);
    const role = store.roles[plate.layout.role[cell]];
    const lines = [S.el("b", { text: `${S.wellName(Math.floor(cell / columns), cell % columns)} ${reagent ? reagent[0] : role ? "no reagent" : "no well"}` })];
    if (role) lines.push(S.el("div", { text: [reagent && reagent[1], role].filter(Boolean).join(", ") }));
    for (const layer of LAYERS) {
      const value = plate.value(layer, cell);
      lines.push(S.el("div", { text: `${layer} ${value === null ? "no value" : S.number(value, 2)}` }));
    }
    return lines;
  };

  const tip = (event, children) => {
    const box = document.getElementById("tip");
    if (!children) { box.hidden = true; return; }
    box.replaceChildren(...children);
    box.hidden = false;
    const wide = box.offsetWidth, high = box.offsetHeight;
    box.style.left = `${Math.max(4, Math.min(event.clientX + 14, innerWidth - wide - 8))}px`;
    box.style.top = `${event.clientY + 18 + high > innerHeight ? event.clientY - high - 12 : event.clientY + 18}px`;
  };

  /* Which well lies under the pointer. */
  const cellAt = (plate, canvas, event, panels) => {
    const { rows, columns } = plate.format;
    const box = canvas.getBoundingClientRect();
    const width = panels * columns + (panels - 1) * GAP;
    const x = ((event.clientX - box.left) / box.width) * width;
    const panel = Math.floor(x / (columns + GAP));
    const column = Math.floor(x - panel * (columns + GAP));
    const row = Math.floor(((event.clientY - box.top) / box.height) * rows);
    return column >= 0 && column < columns && row >= 0 && row < rows ? row * columns + column : null;
  };

  const hover = (plate, canvas, panels) => {
    canvas.addEventListener("pointermove", (event) => {
      const cell = cellAt(plate, canvas, event, panels);
      tip(event, cell === null ? null : describe(plate, cell));
    });
    canvas.addEventListener("pointerleave", () => tip(null, null));
  };

  /* A plate with its letters and numbers. */
  const large = (plate, layer, cellSize, marked) => {
    const { rows, columns } = plate.format;
    const left = 24, top = 16, ratio = 2;
    const canvas = S.el("canvas", { width: (left + columns * cellSize) * ratio, height: (top + rows * cellSize) * ratio, role: "img", "aria-label": `${layer} values of plate ${plate.plate}` });
    canvas.style.width = `${left + columns * cellSize}px`;
    const context = canvas.getContext("2d");
    context.scale(ratio, ratio);
    context.imageSmoothingEnabled = false;
    context.drawImage(canvasOf(plate, [layer]), left, top, columns * cellSize, rows * cellSize);
    context.font = "10px Helvetica, Arial, sans-serif";
    context.fillStyle = "#5c6770";
    context.textBaseline = "middle";
    context.textAlign = "right";
    const everyRow = cellSize >= 11 ? 1 : 2;
    for (let row = 0; row < rows; row += everyRow) context.fillText(S.rowLetters(row), left - 4, top + (row + 0.5) * cellSize);
    context.textAlign = "center";
    const every = columns * 16 <= columns * cellSize ? 1 : columns <= 24 ? 2 : 4;
    for (let column = 0; column < columns; column += every) context.fillText(String(column + 1), left + (column + 0.5) * cellSize, top - 8);
    context.lineWidth = 2;
    context.strokeStyle = "#000";
    for (const cell of marked || []) context.strokeRect(left + (cell % columns) * cellSize, top + Math.floor(cell / columns) * cellSize, cellSize, cellSize);
    canvas.addEventListener("pointermove", (event) => {
      const box = canvas.getBoundingClientRect();
      const scale = (left + columns * cellSize) / box.width;
      const column = Math.floor(((event.clientX - box.left) * scale - left) / cellSize);
      const row = Math.floor(((event.clientY - box.top) * scale - top) / cellSize);
      tip(event, column >= 0 && column < columns && row >= 0 && row < rows ? describe(plate, row * columns + column) : null);
    });
    canvas.addEventListener("pointerleave", () => tip(null, null));
    return canvas;
  };

  const open = (plate, marked) => {
    const dialog = document.getElementById("plate-dialog");
    const room = Math.min(innerWidth * 0.9, 1120);
    const { columns } = plate.format;
    const cellSize = Math.max(6, Math.min(18, Math.floor((room > 900 ? room / 3 - 50 : room - 60) / columns)));
    const panels = LAYERS.map((layer) => S.el("figure", {}, S.el("figcaption", { text: `${layer} (${units(layer)})` }), large(plate, layer, cellSize, marked)));
    const about = `${plate.cell_line}, ${plate.treatment}, library plate ${plate.library_plate}, replicate ${plate.replicate}`;
    const title = S.el("h3", { id: "plate-dialog-title", text: `Plate ${plate.plate}` });
    const words = S.el("p", { class: "small" }, about, ". ", plate.verdict ? S.verdict(plate.verdict) : null);
    dialog.replaceChildren(
      S.el("header", {}, S.el("div", {}, title, words), S.el("button", { type: "button", text: "close", onclick: () => dialog.close() })),
      S.el("div", { class: "panels" }, ...panels),
    );
    dialog.showModal();
  };

  const card = (plate) => {
    const head = S.el("div", { class: "head" }, S.el("span", { text: `${plate.library_plate} · replicate ${plate.replicate} · ${plate.plate}` }), plate.verdict ? S.verdict(plate.verdict) : null);
    const node = S.el("button", { type: "button", class: `plate ${plate.verdict || ""}`, "aria-label": `Plate ${plate.plate}, ${plate.cell_line}, ${plate.treatment}, library plate ${plate.library_plate}, replicate ${plate.replicate}${plate.verdict ? `, ${plate.verdict}` : ""}: enlarge`, onclick: () => open(plate) }, head);
    node.draw = () => {
      if (node.drawn) return;
      node.drawn = true;
      const canvas = canvasOf(plate, LAYERS);
      hover(plate, canvas, LAYERS.length);
      node.append(canvas);
    };
    return node;
  };

  const RANK = { fail: 0, warn: 1, pass: 2 };

  const wall = () => {
    const place = document.getElementById("wall");
    if (!place || !load()) return;
    const picks = { cell_line: "", treatment: "", verdict: "" };
    let order = "study";
    const seen = new IntersectionObserver((entries) => {
      for (const entry of entries) if (entry.isIntersecting) { entry.target.draw(); seen.unobserve(entry.target); }
    }, { root: null, rootMargin: "400px" });
    const fill = () => {
      seen.disconnect();
      let plates = store.plates.filter((plate) => Object.entries(picks).every(([key, value]) => !value || plate[key] === value));
      if (order === "worst") plates = plates.map((plate, i) => [plate, i]).sort((a, b) => (RANK[a[0].verdict] ?? 3) - (RANK[b[0].verdict] ?? 3) || a[1] - b[1]).map(([plate]) => plate);
      const nodes = [];
      let last = null;
      for (const plate of plates) {
        const group = order === "worst" ? plate.verdict || "no verdict" : `${plate.cell_line}, ${plate.treatment}`;
        if (group !== last) nodes.push(S.el("h3", { text: group }));
        last = group;
        nodes.push(card(plate));
      }
      place.replaceChildren(...nodes);
      place.querySelectorAll(".plate").forEach((node) => seen.observe(node));
      document.getElementById("wall-count").textContent = `${plates.length.toLocaleString("en-US")} of ${store.plates.length.toLocaleString("en-US")} plates`;
    };
    const controls = document.getElementById("wall-controls");
    for (const [key, title] of [["cell_line", "cell line"], ["treatment", "arm"], ["verdict", "verdict"]]) {
      const levels = [...new Set(store.plates.map((plate) => plate[key]).filter(Boolean))];
      if (levels.length < 2) continue;
      const pick = S.el("select", { onchange: () => { picks[key] = pick.value; fill(); } }, S.el("option", { value: "", text: "all" }), ...levels.map((level) => S.el("option", { value: level, text: level })));
      controls.append(S.el("label", {}, title, pick));
    }
    const sort = S.el("select", { onchange: () => { order = sort.value; fill(); } }, S.el("option", { value: "study", text: "line, arm, library plate, replicate" }), S.el("option", { value: "worst", text: "worst verdict first" }));
    controls.append(S.el("label", {}, "order", sort));
    const bar = (name, left, right) => {
      const strip = S.el("i", { "aria-hidden": "true" });
      strip.style.background = `linear-gradient(to right, ${store.palettes[name].join(",")})`;
      return S.el("span", {}, left, strip, right);
    };
    const none = S.el("i", { "aria-hidden": "true" });
    none.style.cssText = "width:12px;background:#dde2e6";
    document.getElementById("wall-legend").append(
      bar("raw", "raw and fitted: lowest 2 % of the plate's samples", "highest 2 %"),
      bar("normalized", `normalized: ${S.number(store.middle - store.reach, 1)} (low)`, `${S.number(store.middle + store.reach, 1)} (high)`),
      S.el("span", {}, none, "no value, empty or excluded"),
    );
    fill();
    addEventListener("beforeprint", () => [...place.querySelectorAll(".plate")].forEach((node, i) => {
      if (i < 200) node.draw(); else node.classList.add("print-hide");
    }));
  };

  const byName = (name) => load() && store.plates.find((plate) => plate.plate === name);

  return { load, start: wall, large, open, byName, units };
})();
