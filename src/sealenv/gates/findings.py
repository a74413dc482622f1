"""What makes a shell dirty: the table applied to its variables and PATH."""

from __future__ import annotations

import sys

from sealenv.gates.rule import SHELL, Rule
from sealenv.gates.rules import ON_PATH, RULES, rule_of
from sealenv.masking import masked_value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Finding", "find"]


class Finding:
    """One variable, or one folder on PATH: what it is, why it can hurt, how to clear it."""

    __slots__ = ("name", "rule", "value")

    def __init__(self, rule: Rule, value: str, *, name: str = "") -> None:
        self.rule = rule
        self.name = name or rule.name
        """The variable, as it is spelled here."""
        self.value = masked_value(self.name, value)

    @property
    def what(self) -> str:
        """What it means."""
        return self.rule.what

    @property
    def why(self) -> str:
        """What goes wrong with it."""
        return self.rule.why

    @property
    def clear(self) -> str:
        """How to clear it, in the usual shell of this system."""
        return self.rule.clear_in(SHELL)

    def __str__(self) -> str:
        """One line, whatever the value: a newline in it could pass for another line."""
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
        """Return the finding as a JSON-ready mapping."""
        return {
            "name": self.name,
            "value": self.value,
            "what": self.what,
            "why": self.why,
            "clear": self.clear,
        }


def find(environ: Mapping[str, str]) -> list[Finding]:
    """Return what makes `environ` dirty: variables in the order of the table, then folders of PATH.

    Args:
        environ: variables without the environment that sealenv itself runs from (`children.scrub`).
    """
    by_rule = {}
    for name, value in environ.items():
        rule = rule_of(name)
        if rule is not None and rule.applies_to(value):
            by_rule[rule.name] = Finding(rule, value, name=name)
    found = [by_rule[rule.name] for rule in RULES if rule.name in by_rule]
    from sealenv.gates.path import of_other_environments

    own = (sys.prefix, sys.exec_prefix)
    return found + [Finding(ON_PATH, folder) for folder in of_other_environments(environ, own)]
