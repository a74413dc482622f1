"""`report`: everything about one environment, as one page or as a bill of materials.

The same environment gives the same report: the only time in it is the seal's.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import html
import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Annotated, Any, Literal

import msgspec

from sealenv._version import __version__
from sealenv.activation.variables import read_variables
from sealenv.commands.environments import Info, inspect
from sealenv.commands.verify import Verified, verify
from sealenv.errors import UsageError
from sealenv.fields import AbsolutePath, Bytes, Count, one_of, to_json
from sealenv.inventory.items import Item, chains, measure_shares, read_items
from sealenv.inventory.sbom import cyclonedx, purl
from sealenv.progress import QUIET, Reporter
from sealenv.relocation.audit import FIXES, Audited, audit
from sealenv.request import StrPath, optional_path, prefix_of
from sealenv.seals.findings import CONDITIONS, KINDS, STATES
from sealenv.seals.seal import Seal
from sealenv.system.files import check_output, write_output

FORMATS = ("html", "cyclonedx")
LIBRARIES = {"d3-hierarchy.min.js": "d3-hierarchy.LICENSE"}
"""Vendored libraries (release/vendored.py), with their licences."""
SCRIPTS = ("base.js", "packages.js", "tree.js", "findings.js", "main.js")
"""Our scripts in order, joined to one."""


class Reported(msgspec.Struct, frozen=True, kw_only=True):
    """What `report` wrote, and what `verify` and `audit` found.

    Attributes:
        output: the file that was written; None without one.
        text: the page or bill of materials; None if it was written to `output`.
        format: its name.
        bytes: of the text in UTF-8.
        prefix: the environment.
        state: of the environment.
        condition: by `verify`; without it modified, or None if the records show no change.
        packages: how many are from conda channels.
        distributions: how many are from a Python package index.
        damaged: whether `verify` found damage; None if it did not run.
        findings: the number of findings of `verify`; None if it did not run.
        left: how many paths `audit` found that matter and that nothing rewrites; None if it did not run.
    """

    output: AbsolutePath | None
    text: str | None
    format: Literal["html", "cyclonedx"]
    bytes: Bytes
    prefix: AbsolutePath
    state: Annotated[str, one_of(STATES)]
    condition: Annotated[str, one_of(CONDITIONS)] | None
    packages: Count
    distributions: Count
    damaged: bool | None
    findings: Count | None
    left: Count | None


def report(
    env: StrPath,
    *,
    format: str = "html",
    output: StrPath | None = None,
    force: bool = False,
    findings: bool = True,
    fast: bool = False,
    reporter: Reporter = QUIET,
) -> Reported:
    """Write everything about an environment on one page, or its bill of materials (SBOM).

    Args:
        env: a name or a path.
        format: `html`, or `cyclonedx`: the bill of materials alone.
        output: the file to write; without it the text is in the result.
        force: overwrite an existing file.
        findings: with `html`: verify and audit it too.
        fast: verify reads only files whose size, time, inode or mode has changed.
        reporter: shows the progress.

    Raises:
        UsageError, OutputExistsError: the arguments are invalid; nothing was done.
        NotFoundError: there is no such environment.
        FilesystemError: a folder cannot be read.
    """
    prefix, path = prefix_of(env), optional_path(output)
    if format not in FORMATS:
        raise UsageError(f"{format!r} is not a format", hint=f"choose {' or '.join(FORMATS)}")
    if path is not None:
        check_output(path, force=force)
    environment = inspect(prefix)
    reporter.phase("report", "reading records")
    items, problems = read_items(prefix, environment.seal)
    sbom = _sbom(environment, items)
    text, verified, audited = sbom, None, None
    if format == "html":
        if findings:
            verified = verify(prefix, fast=fast, reporter=reporter)
            audited = audit(prefix, reporter=reporter)
        facts = _facts(environment, items, verified, audited)
        text = write_page(facts | {"problems": problems}, sbom)
    data = text.encode()
    if path is not None:
        write_output(path, data, force=force)
    return Reported(
        output=path,
        text=text if path is None else None,
        format="cyclonedx" if format == "cyclonedx" else "html",
        bytes=len(data),
        prefix=prefix,
        state=environment.state,
        condition=verified.condition if verified else environment.condition,
        packages=sum(item.kind == "conda" for item in items),
        distributions=sum(item.kind == "pypi" for item in items),
        damaged=verified.damaged if verified else None,
        findings=len(verified.findings) if verified else None,
        left=audited.left if audited else None,
    )


def _facts(
    environment: Info, items: Sequence[Item], verified: Verified | None, audited: Audited | None
) -> dict[str, Any]:
    """Return what the page shows."""
    shares, others = measure_shares(environment.prefix, items)
    total = [*shares.values(), *others.values()]
    known: dict[str, Any] = to_json(environment)
    del known["seal"], known["package_list"]
    known |= {
        "created": environment.created.isoformat() if environment.created else None,
        "files": sum(share.files for share in total),
        "bytes": sum(share.size for share in total),
    }
    why = chains(items)
    return {
        "schema": 1,
        "sealenv": __version__,
        "environment": known,
        "seal": _seal(environment.seal) if environment.seal else None,
        "variables": sorted(read_variables(environment.prefix)[0]),
        "packages": [
            _package(item)
            | dataclasses.asdict(shares[item.id])
            | {"chain": list(why.get(item.id, ()))}
            for item in items
        ],
        "others": [{"what": what, **dataclasses.asdict(share)} for what, share in others.items()],
        "verify": _verified(verified) if verified else None,
        "audit": to_json(audited) if audited else None,
        "meanings": {
            "verify": KINDS,
            "fixes": FIXES,
        },
    }


def _package(item: Item) -> dict[str, Any]:
    said = dataclasses.asdict(item)
    del said["paths"]
    url = purl(item)
    return said | {
        "kind": item.kind,
        "purl": url.to_string() if url else "",
        "needs": [{"spec": n.spec, "on": n.on, "virtual": n.virtual} for n in item.needs],
    }


def _seal(seal: Seal) -> dict[str, Any]:
    """Return what may be published of a seal: of variables not their values, which may be secret."""
    prints = seal.fingerprints
    return {
        "sealenv": seal.sealenv,
        "created": seal.created,
        "prefix": seal.prefix,
        "engine": f"{seal.engine.name} {seal.engine.version}",
        "lock": seal.lock.digest,
        "locked": len(seal.lock.packages) + len(seal.lock.wheels),
        "virtual_packages": seal.lock.virtual_packages,
        "fingerprints": {"packages": prints.packages, "tree": prints.tree} if prints else None,
        "specs": seal.spec.get("packages", []),
        "requirements": seal.spec.get("requirements", []),
        "channels": seal.spec.get("channels", []),
        "exclude_newer": seal.spec.get("exclude_newer"),
        "checked": seal.checked,
    }


def _verified(found: Verified) -> dict[str, Any]:
    known: dict[str, Any] = to_json(found)
    return known | {
        "findings": [to_json(f) | {"damage": f.damage} for f in found.findings],
        "now": known["fingerprints"]["now"],
    }


def _sbom(environment: Info, items: Sequence[Item]) -> str:
    found = {"sealenv:state": environment.state, "sealenv:platform": environment.platform or ""}
    if seal := environment.seal:
        found["sealenv:lock"] = seal.lock.digest
        found["sealenv:engine"] = f"{seal.engine.name} {seal.engine.version}"
        if seal.fingerprints:
            found["sealenv:fingerprint"] = seal.fingerprints.packages
    created = environment.created if seal else None
    return cyclonedx(environment.name, items, created=created, properties=found)


def write_page(facts: Mapping[str, Any], sbom: str) -> str:
    """Put facts, bill of materials, style and scripts together into one HTML file.

    The facts are JSON data in the page, with every special character of HTML escaped; scripts insert
    them as text. A Content-Security-Policy allows the page's own style and scripts by their digests,
    and nothing else: no network, no other script, no HTML from strings (Trusted Types).
    """
    style = _asset("page.css")
    licences = "".join(f"/*\n{_asset(name)}*/\n" for name in LIBRARIES.values())
    library = licences + "".join(_asset(name) for name in LIBRARIES)
    script = "".join(_asset(name) for name in SCRIPTS)
    script = f'"use strict";\n(() => {{\n{script}}})();\n'
    policy = (
        f"default-src 'none'; script-src {_digest(library)} {_digest(script)}; "
        f"style-src {_digest(style)}; base-uri 'none'; form-action 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )
    name = str(facts.get("environment", {}).get("name", ""))
    values = {
        "POLICY": html.escape(policy, quote=True).replace("&#x27;", "'"),
        "TITLE": html.escape(f"{name}: sealenv report"),
        "STYLE": style,
        "FACTS": as_data(facts),
        "SBOM": as_data(json.loads(sbom)),
        "LIBRARY": library,
        "SCRIPT": script,
    }
    # In one pass: values are never parsed again.
    parts = _asset("page.html").split("@@")
    return "".join(values[part] if i % 2 else part for i, part in enumerate(parts))


def as_data(value: object) -> str:
    """Return JSON for a `<script type="application/json">`, which ends at `</script`.

    `<`, `>`, `&` and Unicode line ends are escaped; lone surrogates (from file names) become `?`.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    text = text.encode("utf-8", "replace").decode("utf-8")
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _asset(name: str) -> str:
    data = files("sealenv.inventory") / "assets" / name
    return data.read_bytes().decode("utf-8").replace("\r\n", "\n")
