// Small things that every part of the page uses. Facts become text nodes and attributes, never markup.
const facts = JSON.parse(document.getElementById("facts-data").textContent);
const packages = facts.packages;
const byId = new Map(packages.map((p) => [p.id, p]));
let ids = 0;

/** An element: `on` holds listeners, `text` the text, everything else is an attribute. */
function el(tag, props, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key === "on") for (const [type, handler] of Object.entries(value)) node.addEventListener(type, handler);
    else if (key === "text") node.textContent = value;
    else node.setAttribute(key, value === true ? "" : String(value));
  }
  node.append(...children.flat().filter((c) => c !== null && c !== undefined && c !== ""));
  return node;
}

function bytes(size) {
  let value = size;
  for (const unit of ["B", "kB", "MB", "GB"]) {
    if (value < 1000 || unit === "GB") return `${unit === "B" ? value : value.toFixed(1)} ${unit}`;
    value /= 1000;
  }
}

const plural = (n, what, many) => (n === 1 ? what : many || what + "s");
const count = (n, what, many) => `${n.toLocaleString("en")} ${plural(n, what, many)}`;
/** A moment as every part of the page writes it; the fraction of a second says nothing here. */
const moment = (iso) => iso.replace("T", " ").replace(/\.\d+/, "").replace("+00:00", " UTC");
const label = (p) => (p.version ? `${p.name} ${p.version}` : p.name);
const nameOf = (id) => (byId.has(id) ? byId.get(id).name : id);
const code = (text) => el("code", { text });

/** A text in which words between backticks are what one types. */
const prose = (text) => String(text).split("`").map((part, i) => (i % 2 ? code(part) : part));

/** How many of all files and links of the folder a number counts, and why not the others. */
const outOf = (n, without) => el("p", { class: "muted counted" }, n === facts.environment.files ? "Counted: all files and links in the folder."
  : prose(`Counted: ${n.toLocaleString("en")} of the ${count(facts.environment.files, "file")} and links in the folder. Not counted: ${without}.`));

/** A section with its heading; the list of contents is made from these. */
const sections = [];
function section(id, title, intro, ...content) {
  const node = el("section", { id, class: "card", "aria-labelledby": `${id}-title` },
    el("h2", { id: `${id}-title`, text: title }), intro && el("p", { class: "intro" }, prose(intro)), ...content);
  sections.push({ id, title });
  return node;
}

/** Terms and what is said of them; those with nothing to say are left out. */
function terms(pairs) {
  const said = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "" && value.length !== 0);
  return el("dl", { class: "terms" }, said.map(([term, value]) => el("div", {}, el("dt", { text: term }),
    el("dd", {}, Array.isArray(value) ? el("ul", { class: "plain" }, value.map((v) => el("li", {}, v))) : value))));
}

function search(text, onInput, controls) {
  const id = `field-${(ids += 1)}`;
  const input = el("input", { id, type: "search", autocomplete: "off", spellcheck: "false", "aria-controls": controls,
    on: { input: () => onInput(input.value.trim().toLowerCase()) } });
  return el("div", { class: "field" }, el("label", { for: id, text }), input);
}

const printing = [];
window.addEventListener("beforeprint", () => printing.forEach((p) => p(true)));
window.addEventListener("afterprint", () => printing.forEach((p) => p(false)));

/**
 * A table that sorts, filters, and shows its first rows until all are requested.
 * columns: {label, get (what is sorted by), show (what stands in the cell), number, wide}
 */
function table({ caption, columns, rows, filter, filterText, by = 0, down = false, limit = 100, empty }) {
  const id = `table-${(ids += 1)}`;
  const state = { by, down, query: "", all: false, print: false, rows };
  const heads = columns.map((c, i) => el("th", { scope: "col", class: c.number ? "number" : null },
    el("button", { type: "button", class: "sort", text: c.label, on: { click: () => sort(i) } }),
    // Chromium leaves buttons out where it repeats a head on the next sheet of paper.
    el("span", { class: "on-paper", text: c.label })));
  const body = el("tbody");
  const status = el("p", { class: "status", role: "status" });
  const more = el("button", { type: "button", class: "more", hidden: true, on: { click: () => { state.all = true; draw(); } } });
  const value = (row, c) => { const v = c.get(row); return typeof v === "string" ? v.toLowerCase() : v; };

  function sort(i) {
    state.down = state.by === i ? !state.down : Boolean(columns[i].number);
    state.by = i;
    draw();
  }

  function draw() {
    const column = columns[state.by];
    const matching = state.query ? state.rows.filter((r) => filter(r).toLowerCase().includes(state.query)) : state.rows.slice();
    if (state.by >= 0) {
      matching.sort((a, b) => { const [x, y] = [value(a, column), value(b, column)]; return (x < y ? -1 : x > y ? 1 : 0) * (state.down ? -1 : 1); });
    }
    const shown = state.all || state.print ? matching : matching.slice(0, limit);
    body.replaceChildren(...shown.map((row) => el("tr", {}, columns.map((c, i) => el(i ? "td" : "th",
      { scope: i ? null : "row", class: c.number ? "number" : c.wide ? "wide" : null, "data-label": c.label }, c.show ? c.show(row) : c.number ? c.get(row).toLocaleString("en") : String(c.get(row) ?? ""))))));
    if (!matching.length) body.append(el("tr", {}, el("td", { colspan: columns.length, class: "none", text: state.query ? "Nothing matches." : empty || "Nothing." })));
    heads.forEach((h, i) => { if (i === state.by) h.setAttribute("aria-sort", state.down ? "descending" : "ascending"); else h.removeAttribute("aria-sort"); });
    more.hidden = shown.length === matching.length;
    more.textContent = `Show all ${matching.length.toLocaleString("en")}`;
    status.textContent = state.query ? `${matching.length} of ${state.rows.length} match` : "";
  }

  printing.push((on) => { state.print = on; draw(); });
  const node = el("div", { class: "tabular" },
    filterText && el("div", { class: "bar" }, search(filterText, (query) => { state.query = query; draw(); }, id), status),
    el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
      el("table", { id }, el("caption", { class: "hidden", text: caption }), el("thead", {}, el("tr", {}, heads)), body)), more);
  draw();
  return { node, update: (next) => { state.rows = next; draw(); } };
}
