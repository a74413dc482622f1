// The page from top to bottom.
const env = facts.environment;

function themeSwitch() {
  const pick = el("select", { id: "theme", on: { change: () => {
    if (pick.value === "auto") document.documentElement.removeAttribute("data-theme"); else document.documentElement.setAttribute("data-theme", pick.value);
  } } }, el("option", { value: "auto", text: "as the system" }), el("option", { value: "light", text: "light" }), el("option", { value: "dark", text: "dark" }));
  return el("div", { class: "field" }, el("label", { for: "theme", text: "Colours" }), pick);
}

function head() {
  const condition = facts.verify ? facts.verify.condition : env.condition;
  const state = { sealed: "tag good", foreign: "tag" }[env.state] || "tag bad";
  return el("header", { class: "top" }, el("div", {}, el("p", { class: "kicker", text: "sealenv report" }), el("h1", { text: env.name }), el("p", { class: "where" }, code(env.prefix)),
    el("p", { class: "chips" }, el("span", { class: state, text: env.state }),
      condition ? el("span", { class: { "as made": "tag good", damaged: "tag bad" }[condition] || "tag", text: condition }) : null,
      env.platform ? el("span", { class: "tag", text: env.platform }) : null, env.python ? el("span", { class: "tag", text: `Python ${env.python}` }) : null)),
    el("div", { class: "controls" }, themeSwitch(), el("button", { type: "button", text: "Print", on: { click: () => window.print() } })));
}

function tiles() {
  const damage = facts.verify && facts.verify.findings.filter((f) => f.damage).length;
  const licences = new Set(packages.map((p) => p.license).filter(Boolean)).size;
  const tile = (value, text, target, bad) => el("li", {}, el("a", { href: `#${target}`, class: bad ? "tile bad" : "tile" }, el("strong", { text: value }), el("span", { text })));
  return el("ul", { class: "tiles", "aria-label": "In numbers" },
    tile(packages.length.toLocaleString("en"), plural(packages.length, "package"), "packages"), tile(bytes(env.bytes), `in ${count(env.files, "file")}`, "file-counts"),
    facts.verify ? tile(damage ? damage.toLocaleString("en") : "none", plural(damage, "damaged path"), "verify", damage > 0) : null,
    facts.audit ? tile(facts.audit.left ? facts.audit.left.toLocaleString("en") : "none", plural(facts.audit.left, "path that no command updates", "paths that no command updates"), "audit", facts.audit.left > 0) : null,
    tile(String(licences), plural(licences, "licence"), "licences"));
}

function about() {
  const s = facts.seal;
  const prints = s && s.fingerprints;
  const now = facts.verify && facts.verify.now;
  const same = now && prints ? (now.packages === prints.packages ? "unchanged" : "now `" + now.packages + "`") : null;
  return section("about", "About", env.problem,
    s ? null : el("p", { class: "notice", text: "It has no readable seal: another tool made it, or it was never finished. Its origin is known from its packages' records only." }),
    terms([
      ["Made", s ? `${moment(s.created)} by sealenv ${s.sealenv}, engine ${s.engine}` : env.created && `${moment(env.created)}, by the time of its records`],
      ["Made at", s && s.prefix !== env.prefix ? code(s.prefix) : null],
      ["Requested", s && s.specs.map(code)], ["Requested from pip", s && s.requirements.map(code)], ["Channels", s && s.channels.map(code)], ["No newer than", s && s.exclude_newer],
      ["Lock", s && el("span", {}, code(`sha256:${s.lock}`), ` ${count(s.locked, "archive")}`)],
      ["Fingerprint", prints && el("span", {}, code(prints.packages), same && el("span", {}, " ", prose(same)))],
      ["Tree fingerprint", prints && code(prints.tree)],
      ["Checked", s && (s.checked ? "yes, through its own activation" : "no: it was not run")],
      ["Variables", facts.variables.map(code)],
      ["Virtual packages", s && s.virtual_packages.length ? code(s.virtual_packages.join("  ")) : null],
    ]));
}

const content = el("main", { id: "content", tabindex: "-1" }, tiles(), about(), packageSection(), graphSection(), verifySection(), auditSection(), licenceSection(), sbomSection(),
  el("footer", {}, el("p", { text: `Made by sealenv ${facts.sealenv}. This page loads nothing and sends nothing. Treemap: d3-hierarchy, ISC licence, in the page's source.` })));
const nav = el("nav", { "aria-label": "Sections" }, el("ul", {}, sections.map(({ id, title }) => el("li", {}, el("a", { href: `#${id}`, text: title })))));
document.getElementById("page").append(head(), el("div", { class: "columns" }, nav, content));
document.documentElement.setAttribute("data-ready", "");
