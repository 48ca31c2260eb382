/* Figures: drawn when they come near, fitted to the width that there is. */
S.figures = (() => {
  const views = new Map();
  const MARGIN = 78;

  const panelWidth = (panel) => {
    if (typeof panel.width === "number") return panel.width;
    const inner = panel.layer || panel.vconcat;
    return inner ? panelWidth(inner[0]) : null;
  };

  const resize = (panel, width) => {
    if (panel.vconcat) panel.vconcat.forEach((part) => resize(part, width));
    const old = panelWidth(panel);
    if (old === null || old === width) return;
    if (panel.height === old) panel.height = width;
    panel.width = width;
  };

  /* Names beside an axis give way where there is little room. */
  const narrow = (part) => {
    if (!part || typeof part !== "object") return;
    if (part.labelLimit > 170) part.labelLimit = 170;
    if (part.minExtent > 150) part.minExtent = 150;
    if (part.maxExtent > 175) part.maxExtent = 175;
    for (const key of ["concat", "layer", "encoding", "y", "axis"]) {
      if (Array.isArray(part[key])) part[key].forEach(narrow);
      else narrow(part[key]);
    }
  };

  /* Long names of rows stand on two lines there, so that none is cut. */
  const LETTERS = 28;
  const broken = (panel) => {
    let isLong = false;
    for (const layer of panel.layer || [panel]) {
      const y = layer.encoding && layer.encoding.y;
      const names = y && y.scale && y.scale.domain;
      if (!y || !y.axis || !(y.axis.labelLimit > 170) || y.axis.labelExpr || !Array.isArray(names)) continue;
      if (!names.some((name) => String(name).length > LETTERS)) continue;
      const test = `length(datum.label) > ${LETTERS}`;
      const parts = `split(replace(datum.label, regexp('^(.{6,${LETTERS}}) (.+)$'), '$1\\n$2'), '\\n')`;
      Object.assign(y.axis, { labelExpr: `${test} ? ${parts} : datum.label`, labelOffset: { condition: { test, value: -6 }, value: 0 }, labelLimit: 170 });
      isLong = true;
    }
    if (isLong && panel.height && panel.height.step < 26) panel.height.step = 26;
  };

  /* A panel that no longer stands beside the first needs the names of its rows itself. */
  const named = (panel) => {
    for (const layer of panel.layer || [panel]) {
      const axis = layer.encoding && layer.encoding.y && layer.encoding.y.axis;
      if (axis && axis.labels === false) axis.labels = true;
    }
  };

  /* As many panels beside each other as fit, each as wide as the room allows. */
  const fit = (spec, room) => {
    if (spec.usermeta && spec.usermeta.fixed) return spec;
    if (spec.concat && panelWidth(spec.concat[0]) !== null) {
      const own = panelWidth(spec.concat[0]);
      const most = Math.min(spec.columns || spec.concat.length, spec.concat.length);
      let columns = most;
      while (columns > 1 && room / columns - MARGIN < own * 0.74) columns -= 1;
      const width = Math.round(Math.max(150, Math.min(own * 1.15, room / columns - MARGIN)));
      spec.columns = columns;
      if (columns < most) spec.concat.forEach(named);
      spec.concat.forEach((panel) => resize(panel, width));
    } else if (spec.vconcat) spec.vconcat.forEach((panel) => resize(panel, Math.max(140, Math.min(panelWidth(panel) || 430, room - 170))));
    else if (typeof spec.width === "number") resize(spec, Math.max(180, Math.min(spec.width, room - MARGIN)));
    if (room < 520) {
      (spec.concat || [spec]).forEach(broken);
      narrow(spec);
      spec.config = { ...spec.config, legend: { ...(spec.config || {}).legend, direction: "vertical", titleOrient: "top" } };
    }
    return spec;
  };

  const isLarge = (text) => text.length > 150000;

  const draw = async (mount) => {
    const name = mount.dataset.figure;
    const holder = document.getElementById(`spec-${name}`);
    if (!holder || !window.vegaEmbed) return;
    const room = mount.clientWidth;
    if (views.has(name)) views.get(name).finalize();
    const renderer = isLarge(holder.textContent) ? "canvas" : "svg";
    mount.dataset.room = room;
    try {
      const spec = fit(JSON.parse(holder.textContent), room);
      const embed = () => window.vegaEmbed(mount, spec, { mode: "vega-lite", renderer, actions: false, defaultStyle: false, logLevel: 1, scaleFactor: 2, tooltip: { theme: "custom", disableDefaultStyle: false } });
      let result = await embed();
      /* Titles may be wider than their panels: then fewer beside each other. */
      const isFluid = spec.concat && panelWidth(spec.concat[0]) !== null;
      while (isFluid && spec.columns > 1 && mount.scrollWidth > mount.clientWidth + 1) {
        spec.columns -= 1;
        result.finalize();
        result = await embed();
      }
      const excess = mount.scrollWidth - mount.clientWidth;
      if (isFluid && spec.columns === 1 && excess > 1) {
        spec.concat.forEach((panel) => resize(panel, Math.max(120, panelWidth(panel) - excess - 4)));
        result.finalize();
        result = await embed();
      }
      views.set(name, result);
      result.view.addEventListener("click", (event, item) => {
        const row = item && item.datum;
        if (row && row.reagent && row.cell_line) S.wells.go(row.reagent, row.kind, row);
      });
    } catch (error) {
      mount.replaceChildren(S.el("p", { class: "box failed", text: `This figure could not be drawn: ${error.message}` }));
    }
    mount.dataset.drawn = "yes";
  };

  const save = async (name, format) => {
    const known = views.get(name);
    if (!known) return;
    if (format === "svg") S.save(`${name}.svg`, await known.view.toSVG(), "image/svg+xml");
    else {
      const link = S.el("a", { href: await known.view.toImageURL("png", 3), download: `${name}.png` });
      document.body.append(link);
      link.click();
      link.remove();
    }
  };

  const start = () => {
    const mounts = [...document.querySelectorAll(".drawing")];
    const queue = new Set(mounts);
    let chain = Promise.resolve();
    const ask = (mount) => {
      if (!queue.delete(mount)) return;
      chain = chain.then(() => new Promise((done) => { setTimeout(done, 0); })).then(() => draw(mount));
    };
    const near = new IntersectionObserver((entries) => entries.forEach((entry) => { if (entry.isIntersecting) { ask(entry.target); near.unobserve(entry.target); } }), { rootMargin: "500px" });
    mounts.forEach((mount) => near.observe(mount));
    /* The rest follows when the page is quiet, so that it is there for print and search. */
    addEventListener("load", () => setTimeout(() => [...queue].forEach(ask), 700));
    addEventListener("resize", S.debounce(250, () => mounts.forEach((mount) => {
      if (mount.dataset.drawn && Math.abs(mount.clientWidth - Number(mount.dataset.room)) > 24) draw(mount);
    })));
    document.addEventListener("click", (event) => {
      const button = event.target.closest("[data-save]");
      if (button) save(button.dataset.figure, button.dataset.save);
    });
  };

  return { start, fit };
})();
