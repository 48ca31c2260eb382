/* Small helpers. Texts of the study reach the page only as text, never as markup. */
const S = {};

S.data = (() => {
  const cache = new Map();
  return (id) => {
    if (!cache.has(id)) {
      const holder = document.getElementById(id);
      cache.set(id, holder ? JSON.parse(holder.textContent) : null);
    }
    return cache.get(id);
  };
})();

S.el = (tag, attributes, ...children) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "class") node.className = value;
    else if (name === "text") node.textContent = value;
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
};

S.svg = (tag, attributes, ...children) => {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name === "text") node.textContent = value;
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
};

S.number = (value, digits) => {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  let text;
  if (digits === 0) text = Math.round(value).toLocaleString("en-US");
  else if (value !== 0 && Math.abs(value) < 0.5 * 10 ** -digits) text = value.toPrecision(2);
  else text = value.toFixed(digits);
  return text.replace("-", "−");
};

S.save = (name, content, type) => {
  const link = S.el("a", { href: URL.createObjectURL(new Blob([content], { type })), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
};

S.debounce = (wait, act) => {
  let timer;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => act(...values), wait);
  };
};

S.rowLetters = (row) =>
  row < 26 ? String.fromCharCode(65 + row) : String.fromCharCode(64 + Math.floor(row / 26)) + String.fromCharCode(65 + (row % 26));

S.wellName = (row, column) => S.rowLetters(row) + String(column + 1).padStart(2, "0");

S.SIGNS = {
  pass: "✓", warn: "!", fail: "✕", "not applicable": "–",
  supports: "✓", "effect only": "◐", unclear: "○", contradicts: "✕", additive: "✕", mixed: "±", missing: "–", context: "·",
};

/* Rows of a table of columns, one object each. */
S.rows = (table) => {
  const read = table.columns.map((column) => [column.id, column.levels ? (row) => (column.values[row] < 0 ? null : column.levels[column.values[row]]) : (row) => column.values[row]]);
  return Array.from({ length: table.rows }, (_, row) => Object.fromEntries(read.map(([id, get]) => [id, get(row)])));
};

/* A sign alone where there is little room; the word for those who hear the page or point at it. */
S.mark = (word) => S.el("span", { class: `verdict ${word.replace(" ", "-")}`, title: word }, S.el("span", { "aria-hidden": "true", text: S.SIGNS[word] || "" }), S.el("span", { class: "spoken", text: word }));

S.verdict = (word) => {
  const node = S.el("span", { class: `verdict ${word.replace(" ", "-")}` });
  node.append(S.el("span", { "aria-hidden": "true", text: S.SIGNS[word] || "" }), ` ${word}`);
  return node;
};
