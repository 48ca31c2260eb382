/* Tables that sort, filter and download; only the rows of one page are in the document. */
S.tables = (() => {
  const PAGE = 25;
  const WIDTHS = { long: "long", code: "code" };
  /* Rates have a floor, sizes are not told more closely than their digits. */
  const WORDS = {
    rate: (value, digits) => (value < 1e-4 ? "< 0.0001" : S.number(value, digits)),
    size: (value, digits) => S.number(Math.round(value * 10 ** digits) / 10 ** digits, digits),
  };
  const collator = new Intl.Collator("en", { numeric: true });

  const compile = (column) => {
    if (column.levels) {
      const { levels, values } = column;
      /* Names are ranked when they are first sorted by: most never are. */
      let order = null;
      const rank = new Int32Array(levels.length);
      const ranked = () => {
        if (order) return order;
        order = levels.map((_, i) => i).sort((a, b) => collator.compare(levels[a], levels[b]));
        order.forEach((level, place) => { rank[level] = place; });
        return order;
      };
      return {
        ...column,
        sorted: () => ranked().map((level) => levels[level]),
        text: (row) => (values[row] < 0 ? "" : levels[values[row]]),
        key: (row) => (values[row] < 0 || !ranked() ? null : rank[values[row]]),
      };
    }
    const { values, digits } = column;
    const write = WORDS[column.use] || S.number;
    return { ...column, text: (row) => (values[row] === null ? "" : write(values[row], digits)), key: (row) => values[row] };
  };

  const cell = (column, row) => {
    const isNumber = column.digits !== null;
    const text = column.text(row);
    /* A short name stays on one line: it would break at its hyphens. */
    const width = column.use === "filter" && text.length <= 24 ? "short whole" : "short";
    const node = S.el("td", { class: isNumber ? "num" : WIDTHS[column.use] || width });
    if (column.use === "reagent" && text) {
      const kind = column.table.columns.find((other) => other.id === "kind");
      node.append(S.el("button", { type: "button", class: text.length > 28 ? "name wraps" : "name", "data-reagent": text, "data-kind": kind ? kind.text(row) : null, text }));
    } else if (column.use === "card" && text) {
      const kind = column.table.columns.find((other) => other.id === "kind");
      node.append(S.el("button", { type: "button", class: text.length > 28 ? "name wraps" : "name", "data-card": text, "data-kind": kind ? kind.text(row) : null, text }));
    } else if (column.use === "mark") node.append(S.mark(text || "missing"));
    else if (column.use === "verdict") node.append(S.verdict(text));
    else if (column.use === "share" && column.values[row] !== null) {
      const bar = S.el("i", {});
      bar.style.width = `${100 * column.values[row]}%`;
      node.append(S.el("span", { class: "meter", "aria-hidden": "true" }, bar), `${Math.round(100 * column.values[row])} %`);
    } else if (column.use === "code") node.append(S.el("code", { text }));
    else {
      node.textContent = text || "–";
      if (column.id === "call") node.className = `call-${text}`;
    }
    return node;
  };

  const csv = (table, rows) => {
    const quote = (value) => (/[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
    const lines = [table.columns.map((column) => quote(column.id)).join(",")];
    for (const row of rows) {
      lines.push(table.columns.map((column) => {
        if (column.levels) return quote(column.text(row));
        return column.values[row] === null ? "" : String(column.values[row]);
      }).join(","));
    }
    return `${lines.join("\r\n")}\r\n`;
  };

  const build = (mount) => {
    const raw = S.data(`data-${mount.dataset.table}`);
    if (!raw) return;
    const table = { ...raw, columns: raw.columns.map(compile) };
    for (const column of table.columns) column.table = table;
    const seen = table.columns.filter((column) => column.use !== "hidden" && column.use !== "pick");
    const state = { page: 0, sort: null, down: false, words: "", picks: new Map(), shown: [] };
    const lower = [];
    const search = (row) => {
      lower[row] ??= table.columns.filter((c) => c.levels).map((c) => c.text(row)).join("\u0001").toLowerCase();
      return lower[row];
    };
    const body = S.el("tbody");
    const count = S.el("span", { role: "status" });
    const back = S.el("button", { type: "button", text: "‹ back", onclick: () => turn(-1) });
    const next = S.el("button", { type: "button", text: "next ›", onclick: () => turn(1) });

    const draw = () => {
      const from = state.page * PAGE;
      const rows = state.shown.slice(from, from + PAGE);
      body.replaceChildren(...rows.map((row) => S.el("tr", {}, ...seen.map((column) => cell(column, row)))));
      if (!rows.length) body.append(S.el("tr", {}, S.el("td", { colspan: seen.length, text: "No row passes the filters." })));
      const all = table.rows.toLocaleString("en-US");
      const some = state.shown.length.toLocaleString("en-US");
      count.textContent = rows.length ? `rows ${from + 1}–${from + rows.length} of ${some}${some === all ? "" : ` (of ${all})`}` : `0 of ${all}`;
      back.disabled = state.page === 0;
      next.disabled = from + PAGE >= state.shown.length;
    };
    const turn = (step) => { state.page += step; draw(); };
    const refresh = () => {
      const words = state.words.toLowerCase().split(/\s+/).filter(Boolean);
      const picks = [...state.picks].filter(([, value]) => value !== "");
      const rows = [];
      for (let row = 0; row < table.rows; row += 1) {
        if (picks.every(([column, value]) => column.text(row) === value) && words.every((word) => search(row).includes(word))) rows.push(row);
      }
      if (state.sort) {
        const { key } = state.sort;
        const sign = state.down ? -1 : 1;
        rows.sort((a, b) => {
          const x = key(a), y = key(b);
          if (x === y) return a - b;
          if (x === null) return 1;
          if (y === null) return -1;
          return sign * (x < y ? -1 : 1);
        });
      }
      state.shown = rows;
      state.page = 0;
      draw();
    };

    const heads = seen.map((column) => {
      const head = S.el("th", { scope: "col", "aria-sort": "none", class: column.digits === null ? null : "num" });
      head.append(S.el("button", { type: "button", text: column.title, onclick: () => {
        state.down = state.sort === column ? !state.down : false;
        state.sort = column;
        heads.forEach((other) => other.setAttribute("aria-sort", "none"));
        head.setAttribute("aria-sort", state.down ? "descending" : "ascending");
        refresh();
      } }));
      return head;
    });
    const words = S.el("input", { type: "search", placeholder: "words", oninput: S.debounce(120, () => { state.words = words.value; refresh(); }) });
    const controls = S.el("div", { class: "controls" }, S.el("label", {}, "search", words));
    for (const column of table.columns.filter((one) => one.levels && ["filter", "verdict", "pick"].includes(one.use) && one.levels.length > 1)) {
      const pick = S.el("select", { onchange: () => { state.picks.set(column, pick.value); refresh(); } }, S.el("option", { value: "", text: "all" }));
      for (const level of column.sorted()) pick.append(S.el("option", { value: level, text: level }));
      controls.append(S.el("label", {}, column.title, pick));
    }
    controls.append(S.el("span", { class: "spacer" }), S.el("button", {
      type: "button", text: "CSV of these rows", onclick: () => S.save(`${table.name}.csv`, csv(table, state.shown), "text/csv;charset=utf-8"),
    }));
    const grid = S.el("table", {}, S.el("caption", { text: table.caption }), S.el("thead", {}, S.el("tr", {}, ...heads)), body);
    mount.append(controls, S.el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": table.caption }, grid), S.el("div", { class: "pager" }, back, count, next));
    refresh();
  };

  return { start: () => document.querySelectorAll("[data-table]").forEach(build), csv };
})();
