"""Packages of conda's that pip has replaced: what is there is pip's, whole, and not damage."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sealenv.seals.compare import Comparison
from sealenv.seals.distributions import Distribution
from sealenv.seals.findings import Finding

__all__ = ["replaced_packages"]

_RECORD = re.compile(r".*/([^/]+?)-[^/-]+\.dist-info/RECORD")


def replaced_packages(
    comparison: Comparison, findings: Sequence[Finding]
) -> dict[str, Distribution]:
    """Name of a package -> the distribution that was installed over it since it was sealed.

    pip removes the files of the version before, and writes its own in their place: to put some of the
    package's back would leave a mixture of both.
    """
    sealed = (
        {(note.record, note.sha256) for note in comparison.seal.pip} if comparison.seal else set()
    )
    new = [
        found
        for found in comparison.distributions
        if (row := comparison.rows.get(found.record))
        and (found.record, row.digest.hex()) not in sealed
    ]
    if not new:
        return {}
    replaced: dict[str, Distribution] = {}
    gone = {f.path for f in findings if f.kind == "missing"}
    altered = {f.path for f in findings if f.kind == "altered"}
    by_name = {found.name: found for found in new}
    for path in gone:
        match = _RECORD.fullmatch(path)
        name = re.sub(r"[-_.]+", "-", match[1]).lower() if match else ""
        if name in by_name:
            replaced |= {claim.package: by_name[name] for claim in comparison.claims.get(path, ())}
    for found in new:
        for item in found.files:
            if item.path in altered and comparison.rows[item.path].digest == item.sha256:
                replaced |= {claim.package: found for claim in comparison.claims.get(item.path, ())}
    return replaced
