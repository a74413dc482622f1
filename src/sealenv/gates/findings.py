"""What makes a shell dirty: the table applied to its variables and PATH."""

from __future__ import annotations

import os
import sys

from sealenv.gates.rules import ON_PATH, RULES, SHELL, Rule, rule_of
from sealenv.masking import masked_value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Finding", "environment_of", "find"]


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


def find(environ: Mapping[str, str], prefix: str = "") -> list[Finding]:
    """Return what makes `environ` dirty: variables in the order of the table, then folders of PATH.

    Args:
        environ: variables without the environment that sealenv itself runs from (`admission.scrub`).
        prefix: the environment to enter: its own folders on PATH do not count.
    """
    by_rule = {}
    for name, value in environ.items():
        rule = rule_of(name)
        if rule is not None and rule.applies_to(value):
            by_rule[rule.name] = Finding(rule, value, name=name)
    found = [by_rule[rule.name] for rule in RULES if rule.name in by_rule]
    own = (sys.prefix, sys.exec_prefix, *([prefix] if prefix else []))
    return found + [Finding(ON_PATH, folder) for folder in _of_other_environments(environ, own)]


_PROGRAMS = ("bin", "scripts")
"""Folders of an environment that its activation puts on PATH; conda's hook alone adds condabin."""


def _of_other_environments(environ: Mapping[str, str], own: Iterable[str]) -> list[str]:
    """Return the folders on PATH that belong to an environment, as they stand there.

    Args:
        environ: PATH is read from it.
        own: prefixes that do not count, such as the one sealenv runs from.
    """
    mine = {os.path.normcase(os.path.realpath(prefix)) for prefix in own}
    found: dict[str, None] = {}
    for entry in environ.get("PATH", "").split(os.pathsep):
        folder = entry.strip('"') if os.name == "nt" else entry
        prefix = environment_of(folder) if folder else None
        if prefix is not None and os.path.normcase(os.path.realpath(prefix)) not in mine:
            found[folder] = None
    return list(found)


def environment_of(folder: str) -> str | None:
    """Return the prefix of the environment that a folder on PATH belongs to, if there is one."""
    folder = folder.rstrip("/\\") or folder
    prefixes = [folder]
    if os.path.basename(folder).lower() in _PROGRAMS:
        prefixes.append(os.path.dirname(folder) or ".")
    for prefix in prefixes:
        if os.path.isdir(os.path.join(prefix, "conda-meta")):
            return prefix
        if os.path.isfile(os.path.join(prefix, "pyvenv.cfg")):
            return prefix
    return None
