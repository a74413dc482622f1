"""What can be done about each finding, and what cannot and why."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sealenv.engine.client import Engine
from sealenv.layout import CONDARC, FILES
from sealenv.progress import QUIET, Reporter
from sealenv.repairs.sources import wheel_of
from sealenv.seals.compare import Comparison
from sealenv.seals.distributions import Distribution
from sealenv.seals.findings import Finding
from sealenv.seals.snapshot import FOLDER, Row
from sealenv.seals.wheels import locked_wheel, locked_wheels

__all__ = ["Mending", "Plan", "make_plan", "replaced_packages"]


_OF_FILES = frozenset(
    {
        "missing",
        "altered",
        "wrong-type",
        "wrong-link",
        "broken-link",
        "unreadable",
        "unpatched",
        "stale-pyc",
    }
)
_ELSEWHERE = "repair it on a machine of its platform"
_LEFT = {
    "untracked": "nobody's: delete it, or keep it with: sealenv seal ENV",
    "installed": "a change of somebody's: take it back with the program that made it, or keep it with: "
    "sealenv seal ENV",
    "moved": "make it anew where it is to be",
    "orphaned-pyc": "it does no harm; delete it",
    "record": "make the environment anew with: sealenv create",
    "fingerprint": "make the environment anew with: sealenv create",
}


@dataclass
class Plan:
    """Findings by what is done about them."""

    relink: dict[str, Finding] = field(default_factory=dict)
    """Path -> finding, of files that a package's archive has."""
    wheels: dict[str, Finding] = field(default_factory=dict)
    """The same of files that a locked wheel has."""
    modes: dict[str, Finding] = field(default_factory=dict)
    compile: dict[str, Finding] = field(default_factory=dict)
    scripts: list[Finding] = field(default_factory=list)
    """Activation scripts and `.condarc`: sealenv writes them."""
    leftover: list[Finding] = field(default_factory=list)
    left: list[tuple[Finding, str]] = field(default_factory=list)
    """With what the user can do."""

    @property
    def work(self) -> list[Finding]:
        """Everything that something is done about."""
        return [
            *self.relink.values(), *self.wheels.values(), *self.modes.values(),
            *self.compile.values(), *self.scripts, *self.leftover,
        ]  # fmt: skip


def make_plan(comparison: Comparison, findings: Sequence[Finding], *, runs_here: bool) -> Plan:
    """Sort the findings.

    Args:
        comparison: what they were found in.
        findings: of verify.
        runs_here: whether the environment's python can compile, and its pip install, on this machine.
    """
    plan = Plan()
    scripts = frozenset(comparison.seal.activation if comparison.seal else ())
    replaced = replaced_packages(comparison, findings)
    for finding in findings:
        if not finding.damage:
            continue
        path = finding.path
        if finding.kind == "activation" or (finding.kind == "wrong-type" and path in scripts):
            plan.scripts.append(finding)
        elif finding.kind == "leftover":
            plan.leftover.append(finding)
        elif finding.kind == "wrong-mode":
            plan.modes[path] = finding
        elif by := _replaced_by(comparison, finding, replaced):
            hint = f"{by.name} {by.version} was installed over it by pip: {_LEFT['installed']}"
            plan.left.append((finding, hint))
        elif _is_compiled_here(comparison, finding):
            if runs_here:
                plan.compile[path] = finding
            else:
                plan.left.append((finding, _ELSEWHERE))
        elif finding.kind == "unreadable" and (row := _folder(comparison, path)):
            then = comparison.as_sealed(path)
            if then is not None and then.mode != row.mode and os.name != "nt":
                plan.modes[path] = finding
            else:
                plan.left.append((finding, "let it be read (chmod u+rwx), then repair again"))
        elif finding.kind == "wrong-type" and _was_folder(comparison, path):
            hint = "it was a folder: take away what is there now, then repair again"
            plan.left.append((finding, hint))
        elif finding.kind in _OF_FILES and path in comparison.claims:
            plan.relink.setdefault(path, finding)
        elif finding.kind in _OF_FILES and runs_here and wheel_of(comparison, path):
            plan.wheels.setdefault(path, finding)
        elif finding.kind == "missing" and path == CONDARC and _has_channels(comparison):
            plan.scripts.append(finding)
        else:
            plan.left.append((finding, _advice(comparison, finding)))
    return plan


def _has_channels(comparison: Comparison) -> bool:
    """Whether the seal says what belongs into `.condarc`; that of an adopted one may not."""
    return comparison.seal is not None and bool(comparison.seal.spec.get("channels"))


def _replaced_by(
    comparison: Comparison, finding: Finding, replaced: Mapping[str, Distribution]
) -> Distribution | None:
    if finding.kind not in _OF_FILES or not replaced:
        return None
    packages = [claim.package for claim in comparison.claims.get(finding.path, ())]
    return next((replaced[name] for name in packages if name in replaced), None)


def _folder(comparison: Comparison, path: str) -> Row | None:
    row = comparison.rows.get(path)
    return row if row is not None and row.kind == FOLDER else None


def _was_folder(comparison: Comparison, path: str) -> bool:
    then = comparison.as_sealed(path)
    if then is not None:
        return then.kind == FOLDER
    return any(claim.entry.path_type == "directory" for claim in comparison.claims.get(path, ()))


def _is_compiled_here(comparison: Comparison, finding: Finding) -> bool:
    """A `.pyc` that is in no archive: sealenv, conda, pip or Python made it."""
    claims = comparison.claims.get(finding.path, ())
    if finding.kind == "stale-pyc":
        return not claims or any(claim.entry.path_type == "pyc_file" for claim in claims)
    return any(claim.entry.path_type == "pyc_file" for claim in claims)


def _advice(comparison: Comparison, finding: Finding) -> str:
    if finding.kind in ("gone", "changed", "wrong-archive"):
        return _LEFT["installed"]
    if finding.path == FILES:
        return "look at what verify finds besides, then make it anew with: sealenv seal ENV"
    if finding.kind in _LEFT:
        return _LEFT[finding.kind]
    found = comparison.of_distributions.get(finding.path)
    if found:
        if wheel_of(comparison, finding.path):
            return _ELSEWHERE
        wheels = locked_wheels(comparison.seal.lock.wheels) if comparison.seal else []
        if wheel := locked_wheel(wheels, found[0]):
            again = f"pip install --force-reinstall --no-deps {wheel.url}#sha256={wheel.sha256}"
            return (
                "its RECORD has changed too, as when pip installs something: keep it with: sealenv seal "
                f"ENV; or take the locked wheel: sealenv run ENV -- {again}"
            )
        again = f"pip install --force-reinstall --no-deps {found[0].name}=={found[0].version}"
        return f"its wheel is not locked: sealenv run ENV -- {again}"
    return "no package has it: a link script or you made it; put it back, or: sealenv seal ENV"


@dataclass(frozen=True)
class Mending:
    """How to repair.

    Attributes:
        engine: fetches and links; whoever made it closes it.
        offline: what is not in the cache cannot be put back.
        dry_run: change nothing, say what would be done.
        environ: the variables of this process; children get a clean set.
        reporter: is told each step.
    """

    engine: Engine
    offline: bool = False
    dry_run: bool = False
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    reporter: Reporter = QUIET


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
