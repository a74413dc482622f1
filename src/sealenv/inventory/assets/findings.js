// What verify and audit found, licences, and the bill of materials.
const MATTERS = (f) => f.matters;

function verifySection() {
  const v = facts.verify;
  if (!v) return section("verify", "Verify", "Not checked: the report was made with `--no-findings`.");
  const damage = v.findings.filter((f) => f.damage).length;
  const how = v.fast ? " Only files whose size, time, inode or mode had changed were read." : "";
  const compared = `${count(v.files, "file")} and ${count(v.packages, "package")}`;
  const said = damage ? `${compared}: damaged, ${count(damage, "damaged path")}.` : `${compared}: ${v.condition || env.state}.`;
  const notes = facts.seal ? "the seal and its file table, nor " : "";
  const kinds = [...new Set(v.findings.map((f) => f.kind))].map((kind) => [kind, el("span", {}, prose(facts.meanings.verify[kind] || ""))]);
  const list = table({
    caption: "Findings of verify", rows: v.findings, by: -1, filterText: v.findings.length > 10 ? "Find in the findings" : null,
    filter: (f) => [f.kind, f.path, f.package, f.detail].join(" "),
    columns: [
      { label: "Kind", get: (f) => f.kind, show: (f) => el("span", { class: f.damage ? "tag bad" : "tag", text: f.kind }) },
      { label: "Path", get: (f) => f.path, show: (f) => code(f.path), wide: true },
      { label: "Package", get: (f) => f.package || "" },
      { label: "Details", get: (f) => f.detail, wide: true },
    ],
  });
  return section("verify", "Verify", said + how,
    outOf(v.files, `${notes}\`pkgs\`, \`envs\` and \`__home__\` with their contents`),
    kinds.length ? terms(kinds) : null, v.findings.length ? list.node : null);
}

function auditSection() {
  const a = facts.audit;
  if (!a) return section("audit", "Audit: paths in files", "Not checked: the report was made with `--no-findings`.");
  const holding = a.findings.length;
  const said = holding ? `${count(holding, "file")} of ${a.files.toLocaleString("en")} contain${holding === 1 ? "s" : ""} the path of the environment; ${a.matters} of them matter. ` : `None of ${count(a.files, "file")} contains the path of the environment. `;
  const verdict = a.moved_by_hand ? "It was moved by hand and contains the old path: `sealenv move --here` updates it."
    : a.left ? `${count(a.left, "path")} left that no command updates.` : a.sealed ? "It can be moved: `sealenv move` updates all that matter." : "It has no seal, so `sealenv move` refuses it.";
  const list = table({
    caption: "Files that contain the path", rows: a.findings.filter(MATTERS), by: -1, filterText: holding > 10 ? "Find a file" : null, limit: 50,
    filter: (f) => [f.path, f.owner, f.why, f.found].join(" "), empty: "None of them matters.",
    columns: [
      { label: "File", get: (f) => f.path, show: (f) => code(f.path), wide: true },
      { label: "Owner", get: (f) => f.owner || "" },
      { label: "Times", get: (f) => f.count, number: true },
      { label: "Matters", get: (f) => (f.matters ? "yes" : "no"), show: (f) => el("span", { class: f.left ? "tag bad" : "tag", text: f.matters ? "yes" : "no" }) },
      { label: "Why", get: (f) => f.why, wide: true },
      { label: "Updated by", get: (f) => facts.meanings.fixes[f.fix] || f.fix, show: (f) => prose(facts.meanings.fixes[f.fix] || f.fix), wide: true },
    ],
  });
  const box = el("input", { type: "checkbox", id: "all-paths", on: { change: () => list.update(box.checked ? a.findings : a.findings.filter(MATTERS)) } });
  return section("audit", "Audit: paths in files", said + verdict, outOf(a.files, `${a.sealed ? "the file table, which contains only digests, nor " : ""}\`pkgs\` and \`envs\` with their contents`),
    holding > a.matters ? el("p", { class: "check" }, box, el("label", { for: "all-paths", text: ` also show the ${holding - a.matters} that do not matter` })) : null, holding ? list.node : null);
}

function licenceSection() {
  const found = new Map();
  for (const p of packages) {
    const key = p.license || "unknown";
    if (!found.has(key)) found.set(key, { name: key, size: 0, of: [] });
    found.get(key).size += p.size;
    found.get(key).of.push(p.id);
  }
  const list = table({
    caption: "Licences", rows: [...found.values()], by: 1, down: true, limit: 100,
    columns: [
      { label: "Licence", get: (l) => l.name, wide: true },
      { label: "Packages", get: (l) => l.of.length, number: true },
      { label: "Size", get: (l) => l.size, show: (l) => bytes(l.size), number: true },
      { label: "Names", get: (l) => l.of.map(nameOf).join(", "), wide: true, show: (l) => el("span", {}, l.of.flatMap((id, i) => [i ? ", " : null, chooser(id)])) },
    ],
  });
  return section("licences", "Licences", "From the packages' own records; not compared with the files.", list.node);
}

function sbomSection() {
  const text = document.getElementById("sbom-data").textContent;
  const sbom = JSON.parse(text);
  const save = () => {
    const url = URL.createObjectURL(new Blob([JSON.stringify(sbom, null, 1) + "\n"], { type: "application/vnd.cyclonedx+json" }));
    const link = el("a", { href: url, download: `${facts.environment.name}.cdx.json` });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
  };
  return section("sbom", "Bill of materials", "A CycloneDX document with every package, its package URL, digests, licence and dependencies, for tools that look for known vulnerabilities.",
    terms([["Format", `${sbom.bomFormat} ${sbom.specVersion}`], ["Components", String((sbom.components || []).length)], ["Serial number", code(sbom.serialNumber || "")], ["On the command line", code("sealenv report ENV --format cyclonedx -o sbom.json")]]),
    el("button", { type: "button", id: "save-sbom", class: "primary", text: "Save the SBOM", on: { click: save } }));
}
