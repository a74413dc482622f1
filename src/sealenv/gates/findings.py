"""What is dirty here: the table held against the variables, PATH and the processes above."""

from __future__ import annotations

import os
import sys

from sealenv.gates.rule import ACTIVE, SHELL, Rule
from sealenv.gates.rules import ANCESTOR, LEFT_BY_OURS, ON_PATH, RULES, rule_of
from sealenv.masking import masked_value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Finding", "find", "find_active"]


class Finding:
    """One thing that is dirty: what it is, why it can hurt, how to clear it."""

    __slots__ = ("_inside", "level", "name", "rule", "value", "what")

    def __init__(
        self,
        rule: Rule,
        value: str,
        *,
        name: str = "",
        what: str = "",
        level: str = "",
        inside: bool = False,
    ) -> None:
        self.rule = rule
        self.name = name or rule.name
        """Of the variable, as it is spelled here."""
        self.value = masked_value(self.name, value)
        self.what = what or rule.what
        self.level = level or rule.level
        """`active` or `present`."""
        self._inside = inside

    @property
    def is_variable(self) -> bool:
        """Whether it is a variable that can be taken out: no folder on PATH, no process."""
        return self.rule in RULES

    @property
    def leads_out(self) -> bool:
        """Whether a clean environment is without it: who is inside a sealed one stays inside."""
        return self.level != ACTIVE or (self.rule.leads_out and not self._inside)

    @property
    def clear(self) -> str:
        """How to clear it, in the words of this system's usual shell."""
        rule = ANCESTOR if self._inside else self.rule
        return rule.clear_in(SHELL, self.name)

    def __str__(self) -> str:
        """One line, whatever the value: a newline in it could pass for a line of ours."""
        from sealenv.naming import printable

        return printable(f"{self.name}={self.value}: {self.what}; to clear it: {self.clear}")

    def __repr__(self) -> str:
        return f"Finding({self.name!r}, {self.value!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Finding):
            return NotImplemented
        return (self.name, self.value) == (other.name, other.value)

    def __hash__(self) -> int:
        return hash((self.name, self.value))

    def to_json(self) -> dict[str, str]:
        """The finding as a JSON-ready mapping."""
        return {
            "level": self.level,
            "name": self.name,
            "value": self.value,
            "what": self.what,
            "why": self.rule.why,
            "clear": self.clear,
        }


def find(environ: Mapping[str, str]) -> list[Finding]:
    """What makes `environ` dirty: active and present, in the order of the table, then PATH.

    Args:
        environ: variables from which the environment that sealenv runs from is taken out already
            (`children.scrub`).
    """
    found = _of_variables(environ)
    from sealenv.gates.path import leading_elsewhere

    for folder, whose in leading_elsewhere(environ, (sys.prefix, sys.exec_prefix, sys.base_prefix)):
        found.append(Finding(ON_PATH, folder, what=f"{whose} python lies on PATH"))
    return found


def find_active(environ: Mapping[str, str]) -> list[Finding]:
    """What of the variables says that an environment, or a redirection, is active."""
    return [found for found in _of_variables(environ) if found.level == ACTIVE]


def _of_variables(environ: Mapping[str, str]) -> list[Finding]:
    by_rule: dict[str, list[Finding]] = {}
    for name in environ:
        rule = rule_of(name)
        if rule is None or not rule.applies_to(environ[name]):
            continue
        finding = Finding(rule, environ[name], name=name)
        if rule.name in _OF_AN_ACTIVATION and not environ.get("SEALENV_PREFIX"):
            finding = _left_by_ours(finding) or finding
        by_rule.setdefault(rule.name, []).append(finding)
    return [
        finding
        for rule in RULES
        for finding in sorted(by_rule.get(rule.name, ()), key=lambda found: found.name)
    ]


_OF_AN_ACTIVATION = ("CONDA_PREFIX", "CONDARC", "MAMBARC")


def _left_by_ours(finding: Finding) -> Finding | None:
    """The finding, where the variable still names a sealed environment though SEALENV_PREFIX is gone.

    Whoever took that one away, such as `env -u`, is a child of the environment all the same.
    """
    prefix = finding.value
    if finding.name != "CONDA_PREFIX":
        prefix, name = os.path.split(prefix)
        if name != ".condarc":
            return None
    if not (prefix and os.path.isfile(os.path.join(prefix, "conda-meta", "sealenv"))):
        return None
    return Finding(
        finding.rule, finding.value, name=finding.name, what=LEFT_BY_OURS, level=ACTIVE, inside=True
    )
