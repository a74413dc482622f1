"""One rule of the gate: a variable, or a family of them, and what is said about it."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ACTIVE", "FUNCTION", "NEW_WINDOW", "PRESENT", "SHELL", "Rule"]

ACTIVE = "active"
PRESENT = "present"

SHELL = "cmd" if os.name == "nt" else "sh"
"""Whose words are shown to the user of this system."""

NEW_WINDOW = "close this window and open a new one"
"""In cmd.exe an activation ends with its window: conda's deactivate would leave ours behind."""

FUNCTION = "BASH_FUNC_"
"""What bash puts before the name of a function that it exports; after it stands `%%`."""

_UNSET = {
    "sh": "unset {}",
    "fish": "set -e {}",
    "csh": "unsetenv {}",
    "xsh": "del ${}",
    "nu": "hide-env {}",
    "cmd": "set {}=",
    "ps1": "Remove-Item Env:{}",
}


class Rule:
    """A variable, or a family of them, that can redirect which Python or environment is used."""

    __slots__ = (
        *("_clear", "harmless", "is_path", "leads_out", "level", "members", "name", "of_versions"),
        *("taken_out", "what", "why"),
    )

    def __init__(
        self,
        name: str,
        level: str,
        what: str,
        why: str,
        *,
        harmless: tuple[str, ...] = (),
        clear: Mapping[str, str] | None = None,
        taken_out: bool = True,
        is_path: bool = False,
        leads_out: bool = True,
        members: str = "",
        of_versions: bool = False,
    ) -> None:
        self.name = name
        """Its name; `CONDA_*` is each variable that begins so and has no rule of its own."""
        self.level = level
        self.what = what
        self.why = why
        self.harmless = harmless
        """Values besides the empty one that mean nothing, in lower case."""
        self.taken_out = taken_out
        """Whether children that sealenv starts for itself never see it."""
        self.is_path = is_path
        """Whether it counts only where its value may be a path: other programs use the name too."""
        self.leads_out = leads_out
        """Whether `--clean` leads out of it: what is inside a sealed environment stays there."""
        self.members = tuple(members.split())
        """Of a family: those that a shell takes out which cannot list its variables."""
        self.of_versions = of_versions
        """Of a family of functions: a version alone may follow, as in python3.12."""
        self._clear = clear or {}

    @property
    def is_family(self) -> bool:
        """Whether it stands for each variable that begins like its name."""
        return self.name.endswith("*")

    def applies_to(self, value: str) -> bool:
        """Whether the value means something."""
        if self.is_path and not any(char in value for char in "/$~"):
            return False
        return bool(value) and value.lower() not in self.harmless

    def covers(self, rest: str) -> bool:
        """Of a family: whether it stands for a name that goes on like this."""
        # What bash puts behind the name; "()" is of the first bashes that did.
        rest = rest.removesuffix("%%").removesuffix("()")
        return not (self.of_versions and rest.strip("0123456789."))

    def clear_in(self, shell: str, name: str | None = None) -> str:
        """How to clear it in `sh`, `fish`, `csh`, `xsh`, `nu`, `cmd` or `ps1`."""
        text = self._clear.get(shell) or self._clear.get("" if shell != "cmd" else "cmd")
        name = name or self.name
        return (text or _UNSET[shell]).format(name.removeprefix(FUNCTION).partition("%%")[0])
