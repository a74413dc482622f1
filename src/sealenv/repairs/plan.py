"""What repair does about each finding of damage, and why it leaves the others."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace

from sealenv.activation.variables import STATE
from sealenv.layout import CONDARC, FILES
from sealenv.repairs.archives import wheel_of
from sealenv.seals.compare import Comparison
from sealenv.seals.findings import Finding
from sealenv.seals.snapshot import FOLDER, Row
from sealenv.seals.wheels import locked_wheel, locked_wheels

__all__ = ["Plan", "make_plan"]

_OF_FILES = frozenset(
    {"missing", "altered", "wrong-type", "wrong-link", "unreadable", "unpatched", "stale-pyc"}
)
_ELSEWHERE = "repair it on a machine of its platform"
_LEFT = {
    "untracked-code": "delete it, or keep it with: sealenv seal ENV",
    "record": "create the environment again: sealenv create",
    "fingerprint": "create the environment again: sealenv create",
}


@dataclass
class Plan:
    """Findings by what is done about them, each as path -> finding."""

    relink: dict[str, Finding] = field(default_factory=dict)
    """Files to link again from the archives of packages."""
    wheels: dict[str, Finding] = field(default_factory=dict)
    """Files to install again from locked wheels."""
    modes: dict[str, Finding] = field(default_factory=dict)
    compile: dict[str, Finding] = field(default_factory=dict)
    scripts: dict[str, Finding] = field(default_factory=dict)
    """Activation scripts and `.condarc`, which sealenv writes."""
    leftover: dict[str, Finding] = field(default_factory=dict)
    left: list[tuple[Finding, str]] = field(default_factory=list)
    """Findings that only the user can do something about, with what."""

    @property
    def work(self) -> list[Finding]:
        """All findings that something is done about."""
        return [
            *self.relink.values(), *self.wheels.values(), *self.modes.values(),
            *self.compile.values(), *self.scripts.values(), *self.leftover.values(),
        ]  # fmt: skip

    def without(self, tried: Collection[Finding]) -> Plan:
        """Return the work that was not tried yet."""
        rest = Plan()
        for name in ("relink", "wheels", "modes", "compile", "scripts", "leftover"):
            kept = {p: f for p, f in getattr(self, name).items() if f not in tried}
            setattr(rest, name, kept)
        return rest


def make_plan(comparison: Comparison, findings: Iterable[Finding], *, runs_here: bool) -> Plan:
    """Sort the findings of damage; changes of packages and untracked files stay as they are.

    `runs_here` is whether the environment's python and pip run on this machine.
    """
    plan = Plan()
    for finding in findings:
        if not finding.damage and finding.path != STATE:
            continue
        action = _action(comparison, finding, runs_here=runs_here)
        if isinstance(action, str):
            plan.left.append((finding, action))
        else:
            getattr(plan, action[0]).setdefault(finding.path, finding)
    return plan


def _action(comparison: Comparison, finding: Finding, *, runs_here: bool) -> str | tuple[str]:
    """Return the name of a field of `Plan`, in a tuple, or what the user can do."""
    path, kind = finding.path, finding.kind
    scripts = comparison.seal.activation if comparison.seal else ()
    if kind == "activation" or path == STATE or (kind == "wrong-type" and path in scripts):
        return ("scripts",)
    if path == CONDARC and kind in ("missing", "wrong-type") and _has_channels(comparison):
        return ("scripts",)
    if kind == "leftover":
        return ("leftover",)
    if kind == "wrong-mode":
        return ("modes",)
    if _is_compiled_here(comparison, finding):
        return ("compile",) if runs_here else _ELSEWHERE
    if kind == "unreadable" and (row := _folder(comparison, path)):
        then = comparison.as_sealed(path)
        if then is not None and then.mode != row.mode and os.name != "nt":
            return ("modes",)
        return "make it readable (chmod u+rwx), then repair again"
    if kind == "wrong-type" and _was_folder(comparison, path):
        return "it was a folder: remove the file or link, then repair again"
    if kind in _OF_FILES and path in comparison.claims:
        return ("relink",)
    if kind in _OF_FILES and runs_here and wheel_of(comparison, path):
        return ("wheels",)
    return _advice(comparison, finding)


def _has_channels(comparison: Comparison) -> bool:
    """Return whether the seal knows the channels for `.condarc`; that of an adopted one may not."""
    return comparison.seal is not None and bool(comparison.seal.spec.get("channels"))


def _folder(comparison: Comparison, path: str) -> Row | None:
    row = comparison.rows.get(path)
    return row if row is not None and row.kind == FOLDER else None


def _was_folder(comparison: Comparison, path: str) -> bool:
    then = comparison.as_sealed(path)
    if then is not None:
        return then.kind == FOLDER
    return any(claim.entry.path_type == "directory" for claim in comparison.claims.get(path, ()))


def _is_compiled_here(comparison: Comparison, finding: Finding) -> bool:
    """Return whether it is a `.pyc` that is in no archive: sealenv, conda, pip or Python made it."""
    claims = comparison.claims.get(finding.path, ())
    if finding.kind == "stale-pyc" and not claims:
        return True
    return any(claim.entry.path_type == "pyc_file" for claim in claims)


def _advice(comparison: Comparison, finding: Finding) -> str:
    """Return what the user can do about a finding that repair leaves."""
    if finding.path == FILES:
        return "check the other findings, then seal it again: sealenv seal ENV"
    if finding.kind in _LEFT:
        return _LEFT[finding.kind]
    found = comparison.of_distributions.get(finding.path)
    if found:
        if wheel_of(comparison, finding.path):
            return _ELSEWHERE
        install = "sealenv run ENV -- pip install --force-reinstall --no-deps"
        wheels = locked_wheels(comparison.seal.lock.wheels) if comparison.seal else []
        if wheel := locked_wheel(wheels, replace(found[0], origin=None)):
            return (
                "pip installed it again: keep it with: sealenv seal ENV; or install the locked wheel: "
                f"{install} {wheel.url}#sha256={wheel.sha256}"
            )
        return f"its wheel is not locked: {install} {found[0].name}=={found[0].version}"
    return "no package has it: restore it yourself, or keep it with: sealenv seal ENV"
