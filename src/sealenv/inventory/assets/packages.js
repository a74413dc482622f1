// Packages: a treemap by size, the same as a table, and details of the chosen one.
const needers = new Map(packages.map((p) => [p.id, []]));
for (const p of packages) {
  for (const on of new Set(p.needs.map((n) => n.on))) if (needers.has(on) && on !== p.id) needers.get(on).push(p.id);
}
const total = packages.reduce((sum, p) => sum + p.size, 0) + facts.others.reduce((sum, o) => sum + o.size, 0);
const ofNobody = facts.others.reduce((sum, o) => sum + o.files, 0);
const anyAsked = packages.some((p) => p.asked.length);
const alone = (p) => !anyAsked && !needers.get(p.id).length;
const group = (p) => (p.what ? "other" : p.kind === "pypi" ? "pip" : p.asked.length ? "asked" : alone(p) ? "alone" : p.chain.length || !anyAsked ? "needed" : "loose");
const GROUPS = { asked: "requested", needed: "needed by others", alone: "needed by nothing; requests are unknown", loose: "not needed by requested packages", pip: "installed by pip", other: "of no package" };
const choosing = [];

/** Files of no package get an id of the page; ids of packages begin with conda: or pypi:. */
const idOf = (p) => (p.what ? `other:${p.what}` : p.id);
const others = new Map(facts.others.map((o) => [idOf(o), o]));
const FOLDERS = { "records, seal and history": "conda-meta", "the user's own folder": "__home__", "the package cache inside": "pkgs" };
const capital = (text) => text[0].toUpperCase() + text.slice(1);

/** Tell every part of the page which package is chosen. */
function choose(id, focus) {
  for (const listener of choosing) listener(id);
  if (focus) { const panel = document.getElementById("details"); panel.focus({ preventScroll: true }); panel.scrollIntoView({ block: "nearest" }); }
}

const chooser = (id, text) => el("button", { type: "button", class: "link", text: text || nameOf(id), on: { click: () => choose(id, true) } });

function why(p) {
  if (p.asked.length) return [el("span", { text: "requested: " }), code(p.asked.join(", "))];
  if (alone(p)) return ["nothing needs it; requests are unknown"];
  if (p.chain.length < 2) return [anyAsked ? "no requested package needs it" : "only a circle of packages needs it; requests are unknown"];
  return [el("span", { class: "chain", text: p.chain.slice(0, -1).map(nameOf).join(" → ") + " → " }), el("strong", { text: p.name })];
}
const whyText = (p) => (p.asked.length ? `0 ${p.asked.join(", ")}` : `${p.chain.length || 99} ${p.chain.map(nameOf).join(" ")}`);

function details() {
  const panel = el("div", { id: "details", class: "details", tabindex: "-1", role: "region", "aria-label": "Chosen package", "aria-live": "polite" },
    el("p", { class: "muted", text: "Choose a package to see its origin, why it is installed and what it needs." }));
  const found = new Map();
  for (const f of facts.verify ? facts.verify.findings : []) if (f.package) found.set(f.package, (found.get(f.package) || 0) + 1);
  choosing.push((id) => {
    const [p, other] = [byId.get(id), others.get(id)];
    panel.setAttribute("aria-label", other ? "Chosen: files of no package" : "Chosen package");
    if (other) panel.replaceChildren(
      el("h3", { text: capital(other.what) }),
      terms([
        ["What", "in no conda record and no RECORD of pip"],
        ["Folder", FOLDERS[other.what] ? code(FOLDERS[other.what]) : `all except ${Object.values(FOLDERS).join(", ")}; activation scripts are here`],
        ["Size", `${bytes(other.size)}, ${share(other.size)} of the environment`],
        ["Files", other.files.toLocaleString("en")],
      ]));
    if (!p) return;
    const needs = p.needs.map((n) => el("span", {}, n.on ? chooser(n.on, n.spec) : code(n.spec),
      n.on ? null : el("span", { class: "muted", text: n.virtual ? " (the machine)" : " (missing)" })));
    panel.replaceChildren(
      el("h3", {}, p.name, " ", el("span", { class: "muted", text: p.version })),
      p.summary && el("p", { text: p.summary }),
      terms([
        ["Why", why(p).length ? el("span", {}, why(p)) : null],
        ["Size", `${bytes(p.size)} in ${count(p.files, "file")}, ${share(p.size)} of the environment`],
        ["Licence", p.license || "unknown"],
        ["Needs", needs],
        ["Needed by", needers.get(p.id).map((other) => chooser(other))],
        ["Findings", found.get(p.name) ? `${count(found.get(p.name), "finding")} of verify` : null],
        ["Build", p.build && `${p.build} (${p.subdir})`],
        ["Channel", p.channel || (p.kind === "pypi" ? "installed by pip" : "unknown")],
        ["Archive", p.url && code(p.url)],
        ["sha256", p.sha256 && code(p.sha256)],
        ["purl", p.purl && code(p.purl)],
      ]));
  });
  return panel;
}

const share = (size) => { const part = total ? (size / total) * 100 : 0; return part && part < 0.1 ? "less than 0.1\u00a0%" : `${part.toFixed(1)}\u00a0%`; };

function treemap() {
  const all = [...packages, ...facts.others].filter((p) => p.size > 0);
  const root = d3.hierarchy({ children: all }).sum((p) => p.size || 0)
    .sort((a, b) => b.value - a.value || (a.data.id || "~" + a.data.what < (b.data.id || "~" + b.data.what) ? -1 : 1));
  const cells = root.leaves().filter((leaf) => leaf.depth).map((leaf, i) => {
    const p = leaf.data;
    const name = p.what || p.name;
    const node = el("div", { role: "option", id: `cell-${i}`, class: `cell ${group(p)}`, "aria-selected": "false",
      "aria-label": `${p.what || label(p)}, ${bytes(p.size)}, ${share(p.size)}, ${GROUPS[group(p)]}`,
      title: `${p.what || label(p)}: ${bytes(p.size)} (${share(p.size)})`, on: { click: () => go(i, true) } },
      el("span", { class: "name", text: name }), el("span", { class: "size", text: bytes(p.size) }));
    return { node, leaf, p };
  });
  const map = el("div", { class: "treemap", role: "listbox", tabindex: "0", id: "treemap",
    "aria-label": "Packages by size, largest first. The table below has the same data.", on: { keydown: key, focus: () => go(at < 0 ? 0 : at) } },
    cells.map((c) => c.node));
  let at = -1;

  function go(i, chosen) {
    if (!cells.length) return;
    if (at >= 0) cells[at].node.classList.remove("at");
    at = Math.max(0, Math.min(cells.length - 1, i));
    cells[at].node.classList.add("at");
    map.setAttribute("aria-activedescendant", cells[at].node.id);
    if (chosen) choose(idOf(cells[at].p));
  }

  /** The nearest cell in a direction, by the middles. */
  function beside(dx, dy) {
    const middle = ({ leaf }) => [(leaf.x0 + leaf.x1) / 2, (leaf.y0 + leaf.y1) / 2];
    const [x, y] = middle(cells[at]);
    let best = at, nearest = Infinity;
    cells.forEach((cell, i) => {
      const [cx, cy] = middle(cell);
      const along = (cx - x) * dx + (cy - y) * dy;
      const across = Math.abs((cx - x) * dy) + Math.abs((cy - y) * dx);
      if (i !== at && along > 0.5 && along + 2 * across < nearest) { best = i; nearest = along + 2 * across; }
    });
    return best;
  }

  function key(event) {
    const moves = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
    if (at < 0) go(0);
    if (moves[event.key]) go(beside(...moves[event.key]));
    else if (event.key === "Home") go(0);
    else if (event.key === "End") go(cells.length - 1);
    else if (event.key === "Enter" || event.key === " ") go(at, true);
    else return;
    event.preventDefault();
  }

  let onPaper = false; // lower there: it shares a sheet with what is above it
  function draw() {
    const width = map.clientWidth || 800;
    const height = onPaper ? 330 : Math.round(Math.max(280, Math.min(470, width * 0.8)));
    map.style.height = `${height}px`;
    d3.treemap().size([width, height]).paddingInner(2).round(true)(root);
    for (const { node, leaf } of cells) {
      const [w, h] = [leaf.x1 - leaf.x0, leaf.y1 - leaf.y0];
      node.style.left = `${(leaf.x0 / width) * 100}%`;
      node.style.top = `${(leaf.y0 / height) * 100}%`;
      node.style.width = `${(w / width) * 100}%`;
      node.style.height = `${(h / height) * 100}%`;
      node.classList.toggle("bare", w < 44 || h < 17);
      node.classList.toggle("short", h < 38);
    }
  }

  choosing.push((id) => cells.forEach(({ node, p }, i) => {
    node.setAttribute("aria-selected", String(idOf(p) === id));
    if (idOf(p) === id) go(i);
  }));
  printing.push((on) => { onPaper = on; draw(); });
  let width = 0;
  new ResizeObserver(() => { if (map.clientWidth !== width) { width = map.clientWidth; draw(); } }).observe(map);
  const legend = el("ul", { class: "legend", "aria-label": "Colours" }, Object.entries(GROUPS)
    .filter(([key]) => cells.some((c) => group(c.p) === key)).map(([key, text]) => el("li", {}, el("span", { class: `swatch ${key}`, "aria-hidden": "true" }), text)));
  return el("div", {}, map, legend);
}

/** Where the number of files comes from: the table's column and what it leaves out make the total. */
function fileCounts() {
  const all = facts.environment.files;
  const line = (n, size) => `${count(n, "file")}, ${bytes(size)}`;
  return el("div", { id: "file-counts" }, el("h3", { text: "All files" }), terms([
    ["In the table", line(all - ofNobody, packages.reduce((sum, p) => sum + p.size, 0))],
    ...facts.others.map((o) => [capital(o.what), line(o.files, o.size)]),
    ["Total", line(all, total)],
  ]), el("p", { class: "muted", text: "Links count as files, folders do not. A file with several names counts once for each name, its size once." }));
}

function packageSection() {
  const rows = table({
    caption: "Packages", rows: packages, by: 2, down: true, limit: 500, filterText: "Find a package",
    filter: (p) => [p.name, p.version, p.license, p.channel, p.summary, ...p.asked].join(" "),
    columns: [
      { label: "Package", get: (p) => p.name, show: (p) => chooser(p.id) },
      { label: "Version", get: (p) => p.version },
      { label: "Size", get: (p) => p.size, show: (p) => bytes(p.size), number: true },
      { label: "Files", get: (p) => p.files, number: true },
      { label: "Licence", get: (p) => p.license },
      { label: "Why", get: whyText, show: why, wide: true },
    ],
  });
  const own = count(packages.filter((p) => p.kind === "conda").length, "conda package");
  const pip = count(packages.filter((p) => p.kind === "pypi").length, "distribution");
  return section("packages", "Packages by size", `${own} and ${pip} installed by pip: ${bytes(total)}. The area is the size on disk.`,
    facts.problems.length ? el("div", { class: "notice bad" }, el("p", { text: `${plural(facts.problems.length, "Record")} that cannot be read:` }), el("ul", {}, facts.problems.map((text) => el("li", { text })))) : null,
    el("div", { class: "split" }, treemap(), details()), rows.node, fileCounts());
}
