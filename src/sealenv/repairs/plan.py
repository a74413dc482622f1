"""What repair does about each finding of damage, and why it leaves the others."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from sealenv.activation.variables import STATE
from sealenv.layout import CONDARC, FILES
from sealenv.repairs.archives import wheel_of
from sealenv.seals.check_compiled import source_of
from sealenv.seals.compare import Comparison
from sealenv.seals.findings import Finding
from sealenv.seals.snapshot import FOLDER

_OF_FILES = frozenset(
    {"missing", "altered", "wrong-type", "wrong-link", "unreadable", "unpatched", "stale-pyc"}
)
_LEFT = {
    "untracked-code": "delete it, or keep it with: sealenv seal ENV",
    "record": "create the environment again: sealenv create",
    "fingerprint": "create the environment again: sealenv create",
}


@dataclass
class Plan:
    """Findings by what is done about them.

    Attributes:
        files: to restore from the archives of packages and wheels, as path -> finding.
        modes: files and folders that get their sealed mode.
        compiled: compiled files, to delete: Python writes them again.
        scripts: activation scripts and `.condarc`, which sealenv writes.
        left: findings that only the user can do something about, with what.
    """

    files: dict[str, Finding] = field(default_factory=dict)
    modes: dict[str, Finding] = field(default_factory=dict)
    compiled: dict[str, Finding] = field(default_factory=dict)
    scripts: dict[str, Finding] = field(default_factory=dict)
    left: list[tuple[Finding, str]] = field(default_factory=list)

    @property
    def _actions(self) -> list[dict[str, Finding]]:
        return [self.files, self.modes, self.compiled, self.scripts]

    @property
    def work(self) -> list[Finding]:
        """All findings that something is done about."""
        return [finding for action in self._actions for finding in action.values()]

    def without(self, tried: Collection[Finding]) -> Plan:
        """Return the work that was not tried yet."""
        rest = [{p: f for p, f in each.items() if f not in tried} for each in self._actions]
        return Plan(rest[0], rest[1], rest[2], rest[3])


def make_plan(comparison: Comparison, findings: Iterable[Finding]) -> Plan:
    """Sort the findings of damage; changes of packages and untracked files stay as they are."""
    plan = Plan()
    for finding in findings:
        if not finding.damage and finding.path != STATE:
            continue
        action = _action(plan, comparison, finding)
        if isinstance(action, str):
            plan.left.append((finding, action))
        else:
            action.setdefault(finding.path, finding)
    return plan


def _action(plan: Plan, comparison: Comparison, finding: Finding) -> dict[str, Finding] | str:
    """Return the part of the plan that a finding belongs to, or what the user can do."""
    path, kind = finding.path, finding.kind
    scripts = comparison.seal.activation if comparison.seal else ()
    if kind == "activation" or path == STATE or (kind == "wrong-type" and path in scripts):
        return plan.scripts
    if path == CONDARC and kind in ("missing", "wrong-type") and _has_channels(comparison):
        return plan.scripts
    if kind == "wrong-mode":
        return plan.modes
    if kind in _OF_FILES and source_of(path):
        return plan.compiled
    row, then = comparison.rows.get(path), comparison.as_sealed(path)
    if kind == "unreadable" and row is not None and row.kind == FOLDER:
        return "make it readable (chmod u+rwx), then repair again"
    if kind == "wrong-type" and then is not None and then.kind == FOLDER:
        return "it was a folder: remove the file or link, then repair again"
    if kind in _OF_FILES and (path in comparison.claims or wheel_of(comparison, path)):
        return plan.files
    return _advice(comparison, finding)


def _has_channels(comparison: Comparison) -> bool:
    """Return whether the seal knows the channels for `.condarc`; that of an adopted one may not."""
    return comparison.seal is not None and bool(comparison.seal.spec.get("channels"))


def _advice(comparison: Comparison, finding: Finding) -> str:
    """Return what the user can do about a finding that repair leaves."""
    if finding.path == FILES:
        return "check the other findings, then seal it again: sealenv seal ENV"
    if finding.kind in _LEFT:
        return _LEFT[finding.kind]
    if found := comparison.of_distributions.get(finding.path):
        pip = "sealenv run ENV -- pip install --force-reinstall --no-deps"
        return f"its wheel is not locked: {pip} {found[0].name}=={found[0].version}"
    return "no package has it: restore it yourself, or keep it with: sealenv seal ENV"
