"""Report: everything that is known of one environment, as one page or as a bill of materials.

Nothing is written here. The same environment gives the same report: the only time in it is the seal's.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sealenv._version import __version__
from sealenv.activation.variables import read_variables
from sealenv.audits import Audit, audit
from sealenv.commands.environments import Environment, inspect, measure
from sealenv.errors import UsageError
from sealenv.inventory.commands import find_commands, path_order
from sealenv.inventory.graph import chains
from sealenv.inventory.items import Item, read_items
from sealenv.inventory.page import write_page
from sealenv.inventory.sbom import cyclonedx, purl
from sealenv.inventory.sizes import Share, measure_shares
from sealenv.portability.finding import KINDS as PATH_KINDS
from sealenv.portability.finding import MENDS
from sealenv.progress import Quiet, Reporter
from sealenv.seals.findings import KINDS
from sealenv.seals.findings import Report as Verified
from sealenv.seals.verify import verify
from sealenv.spec.model import current_platform

__all__ = ["DRIFT", "FORMATS", "EnvironmentReport", "report"]

FORMATS = {
    "html": "one page that opens from disk, with the bill of materials in it",
    "cyclonedx": "a bill of materials (CycloneDX 1.6, JSON)",
}
DRIFT = ("installed", "gone", "changed", "wrong-archive")
"""Findings of verify that tell what conda, mamba or pip did since it was sealed."""


@dataclasses.dataclass(frozen=True)
class EnvironmentReport:
    """What is known of an environment.

    Attributes:
        environment: what it is.
        items: its packages and distributions, by id.
        verified: None where it was not asked for.
        audited: the same.
        facts: everything, as the page holds it.
        sbom: the CycloneDX document.
    """

    environment: Environment
    items: tuple[Item, ...]
    verified: Verified | None
    audited: Audit | None
    facts: Mapping[str, Any]
    sbom: str

    def text(self, kind: str) -> str:
        """It in one of `FORMATS`.

        Raises:
            UsageError: that is none.
        """
        if kind not in FORMATS:
            raise UsageError(f"no format: {kind!r}", hint=f"one of {', '.join(FORMATS)}")
        return self.sbom if kind == "cyclonedx" else write_page(self.facts, self.sbom)


def report(
    prefix: Path, *, findings: bool = True, fast: bool = False, reporter: Reporter | None = None
) -> EnvironmentReport:
    """Look at everything in an environment.

    Args:
        prefix: of an environment in any state.
        findings: verify and audit it too.
        fast: verify reads only files whose size, time, inode or mode is not the sealed one.
        reporter: is told how far it is.

    Raises:
        FilesystemError: a folder cannot be read.
    """
    reporter = reporter or Quiet()
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
        "environment": environment.to_json() | {"files": files, "bytes": size},
        "seal": _seal(environment),
        "variables": sorted(read_variables(prefix).values),
        "problems": problems,
        "packages": [_package(item, shares[item.id], why.get(item.id, ())) for item in items],
        "others": [{"what": what, **dataclasses.asdict(share)} for what, share in others.items()],
        "commands": {
            "folders": path_order(prefix, platform),
            "list": [dataclasses.asdict(c) for c in find_commands(prefix, platform, owners)],
        },
        "verify": _verified(verified, fast=fast) if verified else None,
        "audit": _audited(audited) if audited else None,
        "meanings": {"verify": KINDS, "audit": PATH_KINDS, "mends": MENDS, "drift": list(DRIFT)},
    }
    sbom = cyclonedx(
        environment.name,
        items,
        created=environment.created if seal else None,
        properties=_properties(environment),
    )
    return EnvironmentReport(environment, tuple(items), verified, audited, facts, sbom)


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


def _seal(environment: Environment) -> dict[str, Any] | None:
    """What of a seal is for everybody: of variables not their values, which may be secret."""
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


def _verified(found: Verified, *, fast: bool) -> dict[str, Any]:
    return {
        "fast": fast,
        "packages": found.packages,
        "files": found.files,
        "damaged": found.damaged,
        "findings": [f.to_json() | {"damage": f.damage} for f in found.findings],
        "now": {"packages": found.now.packages, "tree": found.now.tree} if found.now else None,
        "notes": list(found.notes),
    }


def _audited(found: Audit) -> dict[str, Any]:
    return {
        "files": found.files,
        "matters": sum(f.matters for f in found.findings),
        "left": len(found.left),
        "moved_by_hand": found.moved_by_hand,
        "sealed": found.seal is not None,
        "findings": [f.to_json() for f in found.findings],
    }


def _properties(environment: Environment) -> dict[str, str]:
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
