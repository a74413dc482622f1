// The graph of what needs what, as a tree that folds (WAI-ARIA tree) and that one can search.
function graphSection() {
  const down = new Map(packages.map((p) => [p.id, [...new Set(p.needs.map((n) => n.on))].filter((on) => byId.has(on) && on !== p.id)]));
  const order = (list) => list.slice().sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  const state = { up: false, query: "", open: new Set() };
  const tree = el("ul", { class: "tree", role: "tree", id: "tree", "aria-label": "Dependencies", on: { keydown: key, click, focusin } });
  const status = el("p", { class: "status", role: "status" });
  const intro = el("p", { class: "intro" });
  const KEYS = "Arrow keys move and fold; Enter shows the package above.";
  let visible = null;

  const next = (id) => order(state.up ? needers.get(id) : down.get(id)).filter((other) => !visible || visible.has(other));

  function said(asked, more) {
    const those = asked ? `Requested packages${more ? ", and those that none of them needs" : ""}; below each its dependencies.`
      : "Requests are unknown. These are the packages that no other needs (of circles the first); below each its dependencies.";
    intro.textContent = `${those} ${KEYS}`;
  }

  function roots() {
    if (state.up) {
      intro.textContent = `Packages without dependencies; below each the packages that need it. ${KEYS}`;
      return order(packages.filter((p) => !down.get(p.id).length).map((p) => p.id));
    }
    const asked = packages.filter((p) => p.asked.length).map((p) => p.id);
    const reached = new Set();
    const mark = (start) => { const stack = [start]; while (stack.length) { const id = stack.pop(); if (!reached.has(id)) { reached.add(id); stack.push(...down.get(id)); } } };
    asked.forEach(mark);
    // Packages that no requested one needs: first those that no other needs, then the rest of circles.
    const left = [...packages.filter((p) => !reached.has(p.id) && !needers.get(p.id).length), ...packages];
    const more = [];
    for (const p of left) if (!reached.has(p.id)) { more.push(p.id); mark(p.id); }
    said(asked.length, more.length);
    return [...order(asked), ...order(more)];
  }

  function item(id, level, above) {
    const p = byId.get(id);
    const circle = above.includes(id);
    const folds = !circle && next(id).length > 0;
    const hit = state.query && p.name.toLowerCase().includes(state.query);
    const node = el("li", { role: "treeitem", tabindex: "-1", "aria-level": level, "aria-expanded": folds ? "false" : null, "aria-selected": "false",
      "aria-label": `${label(p)}${p.asked.length ? ", requested" : ""}${circle ? ", needs itself" : ""}` },
      el("span", { class: "row" }, el("span", { class: "fold", "aria-hidden": "true" }), el("span", { class: hit ? "hit" : null, text: p.name }), " ",
        el("span", { class: "muted", text: p.version }), p.asked.length ? el("span", { class: "tag", text: "requested" }) : null,
        p.kind === "pypi" ? el("span", { class: "tag pip", text: "pip" }) : null, circle ? el("span", { class: "tag", text: "a circle" }) : null,
        folds ? el("span", { class: "muted count", text: String(next(id).length) }) : null));
    node.packageId = id;
    node.above = above;
    return node;
  }

  function unfold(node, open) {
    if (!node.hasAttribute("aria-expanded")) return;
    node.setAttribute("aria-expanded", String(open));
    let inner = node.querySelector(":scope > ul");
    if (open && !inner) {
      const above = [...node.above, node.packageId];
      inner = el("ul", { role: "group" }, next(node.packageId).map((id) => item(id, above.length + 1, above)));
      node.append(inner);
    }
    if (inner) inner.hidden = !open;
  }

  /** Unfold every package once, where it is seen first: a graph as a tree may be endless. */
  function unfoldAll(stop) {
    const seen = new Set();
    let level = [...tree.children];
    while (level.length) {
      const following = [];
      for (const node of level) {
        if (seen.has(node.packageId) || (stop && stop(node))) continue;
        seen.add(node.packageId);
        unfold(node, true);
        following.push(...node.querySelectorAll(":scope > ul > li"));
      }
      level = following;
    }
  }

  function draw() {
    visible = null;
    status.textContent = "";
    if (state.query) {
      const hits = packages.filter((p) => p.name.toLowerCase().includes(state.query)).map((p) => p.id);
      visible = new Set();
      const stack = hits.slice();
      while (stack.length) { const id = stack.pop(); if (!visible.has(id)) { visible.add(id); stack.push(...(state.up ? down.get(id) : needers.get(id))); } }
      status.textContent = hits.length ? `${count(hits.length, "package")} found, with the paths to them` : "No package has that in its name.";
    }
    tree.replaceChildren(...roots().filter((id) => !visible || visible.has(id)).map((id) => item(id, 1, [])));
    if (state.query) unfoldAll(); else if (packages.length <= 60 && !state.up) [...tree.children].forEach((node) => unfold(node, true));
    if (tree.firstElementChild) tree.firstElementChild.tabIndex = 0;
  }

  const shown = () => [...tree.querySelectorAll("li")].filter((node) => !node.parentElement.closest("[hidden]"));
  function focus(node) { if (node) node.focus(); }

  function focusin(event) {
    const node = event.target.closest("li");
    if (!node) return;
    for (const other of tree.querySelectorAll('li[tabindex="0"]')) other.tabIndex = -1;
    node.tabIndex = 0;
  }

  function pick(node) { choose(node.packageId); }
  choosing.push((id) => { for (const node of tree.querySelectorAll("li")) node.setAttribute("aria-selected", String(node.packageId === id)); });

  function click(event) {
    const node = event.target.closest("li");
    if (!node) return;
    if (event.target.classList.contains("fold")) unfold(node, node.getAttribute("aria-expanded") !== "true");
    else pick(node);
    node.focus();
  }

  function key(event) {
    const node = event.target.closest("li");
    if (!node || event.ctrlKey || event.metaKey || event.altKey) return;
    const list = shown();
    const at = list.indexOf(node);
    const open = node.getAttribute("aria-expanded");
    if (event.key === "ArrowDown") focus(list[at + 1]);
    else if (event.key === "ArrowUp") focus(list[at - 1]);
    else if (event.key === "Home") focus(list[0]);
    else if (event.key === "End") focus(list[list.length - 1]);
    else if (event.key === "ArrowRight" && open === "false") unfold(node, true);
    else if (event.key === "ArrowRight" && open === "true") focus(node.querySelector(":scope > ul > li"));
    else if (event.key === "ArrowLeft" && open === "true") unfold(node, false);
    else if (event.key === "ArrowLeft") focus(node.parentElement.closest("li"));
    else if (event.key === "Enter" || event.key === " ") pick(node);
    else if (event.key.length === 1) {
      const after = [...list.slice(at + 1), ...list.slice(0, at + 1)];
      focus(after.find((n) => nameOf(n.packageId).toLowerCase().startsWith(event.key.toLowerCase())));
    } else return;
    event.preventDefault();
  }

  const turn = el("select", { id: "direction", on: { change: (event) => { state.up = event.target.value === "up"; draw(); } } },
    el("option", { value: "down", text: "its dependencies" }), el("option", { value: "up", text: "packages that need it" }));
  const bar = el("div", { class: "bar" }, search("Find in the graph", (query) => { state.query = query; draw(); }, "tree"),
    el("div", { class: "field" }, el("label", { for: "direction", text: "Show below a package" }), turn),
    el("button", { type: "button", text: "Unfold all", on: { click: () => unfoldAll() } }),
    el("button", { type: "button", text: "Fold all", on: { click: () => { for (const node of tree.querySelectorAll('li[aria-expanded="true"]')) unfold(node, false); if (tree.firstElementChild) { focusin({ target: tree.firstElementChild }); } } } }));
  draw();
  return section("graph", "Dependencies", null, intro, bar, status, tree);
}
