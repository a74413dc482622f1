"""`report`: everything about one environment, as one page or as a bill of materials.

The same environment gives the same report: the only time in it is the seal's.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from sealenv._version import __version__
from sealenv.activation.variables import read_variables
from sealenv.commands.environments import Info, inspect, measure
from sealenv.commands.verify import Verified, verify
from sealenv.errors import UsageError
from sealenv.fields import AbsolutePath, Bytes, Count, one_of, to_json
from sealenv.inventory.commands import find_commands, path_order
from sealenv.inventory.items import Item, Share, chains, measure_shares, read_items
from sealenv.inventory.page import write_page
from sealenv.inventory.sbom import cyclonedx, purl
from sealenv.progress import QUIET, Reporter
from sealenv.relocation.audit import Audited, audit
from sealenv.relocation.classify import FIXES
from sealenv.relocation.classify import KINDS as PATH_KINDS
from sealenv.request.arguments import StrPath, optional_path, prefix_of
from sealenv.seals.findings import CHANGES, CONDITIONS, KINDS, STATES
from sealenv.spec.model import current_platform
from sealenv.system.files import check_output, write_output

__all__ = ["FORMATS", "Reported", "report"]

FORMATS = {
    "html": "one page that opens from disk, with the bill of materials in it",
    "cyclonedx": "a bill of materials (CycloneDX 1.6, JSON)",
}


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
        output: the file to write, outside of the environment; without it the text is in the result.
        force: overwrite an existing file.
        findings: with `html`: verify and audit it too.
        fast: verify reads only files whose size, time, inode or mode has changed.
        reporter: shows the progress.

    Raises:
        UsageError, OutputExistsError: the arguments are invalid; nothing was done.
        NotFoundError: there is no such environment.
        FilesystemError: a folder cannot be read.
    """
    if format not in FORMATS:
        raise UsageError(
            f"{format!r} is not a format",
            details=[f"{name}: {describe}" for name, describe in FORMATS.items()],
            hint="choose one with --format",
        )
    prefix, path = prefix_of(env), optional_path(output)
    if path is not None:
        check_output(path, force=force)  # before the work
        _refuse_inside(path, prefix)
    found = _collect(prefix, findings=findings and format == "html", fast=fast, reporter=reporter)
    text = found.sbom if format == "cyclonedx" else write_page(found.facts, found.sbom)
    data = text.encode()
    if path is not None:
        write_output(path, data, force=force)
    verified, audited = found.verified, found.audited
    return Reported(
        output=path,
        text=text if path is None else None,
        format="cyclonedx" if format == "cyclonedx" else "html",
        bytes=len(data),
        prefix=prefix,
        state=found.environment.state,
        condition=verified.condition if verified else found.environment.condition,
        packages=sum(item.kind == "conda" for item in found.items),
        distributions=sum(item.kind == "pypi" for item in found.items),
        damaged=verified.damaged if verified else None,
        findings=len(verified.findings) if verified else None,
        left=audited.left if audited else None,
    )


def _refuse_inside(path: Path, prefix: Path) -> None:
    """Refuse a file in the environment, which the next verify would report."""
    inside = Path(os.path.realpath(path.parent))
    home = Path(os.path.realpath(prefix))
    if inside == home or home in inside.parents:
        raise UsageError(
            "the report would be in the environment, where verify reports it as untracked",
            where=str(path),
            hint="name a file elsewhere with -o",
        )


@dataclasses.dataclass(frozen=True)
class _Collected:
    """The facts about an environment, and what is made of them."""

    environment: Info
    items: Sequence[Item]
    verified: Verified | None
    audited: Audited | None
    facts: Mapping[str, Any]
    sbom: str


def _collect(prefix: Path, *, findings: bool, fast: bool, reporter: Reporter) -> _Collected:
    environment = inspect(prefix)
    seal = environment.seal
    platform = environment.platform or current_platform()
    reporter.phase("report", "reading records")
    items, problems = read_items(prefix, seal)
    shares, others = measure_shares(prefix, items)
    verified = verify(prefix, fast=fast, reporter=reporter) if findings else None
    audited = audit(prefix, reporter=reporter) if findings else None
    files, size = measure(prefix)
    why = chains(items)
    owners = {path: item.id for item in items for path in item.paths}
    facts = {
        "schema": 1,
        "sealenv": __version__,
        "environment": _environment(environment) | {"files": files, "bytes": size},
        "seal": _seal(environment),
        "variables": sorted(read_variables(prefix).values),
        "problems": problems,
        "packages": [_package(item, shares[item.id], why.get(item.id, ())) for item in items],
        "others": [{"what": what, **dataclasses.asdict(share)} for what, share in others.items()],
        "commands": {
            "folders": path_order(prefix, platform),
            "list": [dataclasses.asdict(c) for c in find_commands(prefix, platform, owners)],
        },
        "verify": _verified(verified) if verified else None,
        "audit": _audited(audited) if audited else None,
        "meanings": {
            "verify": KINDS,
            "audit": PATH_KINDS,
            "fixes": FIXES,
            "changes": list(CHANGES),
        },
    }
    sbom = cyclonedx(
        environment.name,
        items,
        created=environment.created if seal else None,
        properties=_properties(environment),
    )
    return _Collected(environment, items, verified, audited, facts, sbom)


def _environment(environment: Info) -> dict[str, Any]:
    known: dict[str, Any] = to_json(environment)
    del known["seal"], known["package_list"]
    created = environment.created
    return known | {"created": created.isoformat() if created else None}


def _package(item: Item, share: Share, chain: tuple[str, ...]) -> dict[str, Any]:
    said = dataclasses.asdict(item)
    del said["paths"], said["md5"]
    url = purl(item)
    return said | {
        "kind": item.kind,
        "purl": url.to_string() if url else "",
        "needs": [{"spec": n.spec, "on": n.on, "virtual": n.virtual} for n in item.needs],
        "files": share.files,
        "size": share.size,
        "chain": list(chain),
    }


def _seal(environment: Info) -> dict[str, Any] | None:
    """Return what may be published of a seal: of variables not their values, which may be secret."""
    seal = environment.seal
    if seal is None:
        return None
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
        "specs": _texts(seal.spec.get("packages")),
        "requirements": _texts(seal.spec.get("requirements")),
        "channels": _texts(seal.spec.get("channels")),
        "exclude_newer": seal.spec.get("exclude_newer"),
        "checked": seal.checked,
        "tools": {str(k): str(v) for k, v in _mapping(seal.check.get("tools")).items()},
        "pyc": seal.pyc,
        "link_scripts": seal.link_scripts,
        "skipped_link_scripts": seal.skipped_link_scripts,
        "patched": [{"path": note.path, "what": note.what} for note in seal.patched],
        "activation": [path for path in seal.activation if "/" not in path],
    }


def _verified(found: Verified) -> dict[str, Any]:
    known: dict[str, Any] = to_json(found)
    return {
        "fast": found.fast,
        "condition": found.condition,
        "packages": found.packages,
        "files": found.files,
        "damaged": found.damaged,
        "findings": [to_json(f) | {"damage": f.damage} for f in found.findings],
        "now": known["fingerprints"]["now"],
        "notes": known["notes"],
    }


def _audited(found: Audited) -> dict[str, Any]:
    return {
        "files": found.files,
        "matters": found.matters,
        "left": found.left,
        "moved_by_hand": found.moved_by_hand,
        "sealed": found.sealed,
        "findings": [to_json(f) for f in found.findings],
    }


def _properties(environment: Info) -> dict[str, str]:
    found = {"sealenv:state": environment.state, "sealenv:platform": environment.platform or ""}
    if seal := environment.seal:
        found["sealenv:lock"] = seal.lock.digest
        found["sealenv:engine"] = f"{seal.engine.name} {seal.engine.version}"
        if seal.fingerprints:
            found["sealenv:fingerprint"] = seal.fingerprints.packages
    return found


def _texts(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, (list, tuple)) else []


def _mapping(value: object) -> Mapping[Any, Any]:
    return value if isinstance(value, Mapping) else {}
