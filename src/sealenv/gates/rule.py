"""One rule of the gate: a variable, what it means, and how to clear it."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["NEW_WINDOW", "SHELL", "Rule"]

SHELL = "cmd" if os.name == "nt" else "sh"
"""The shell whose commands are shown to the user of this system."""

NEW_WINDOW = "close this window and open a new one"
"""cmd.exe has no `deactivate` that fits every tool: an activation ends with its window."""

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
    """A variable that activates another environment or redirects Python or pip.

    Args:
        name: the variable.
        what: what it means, half a sentence.
        why: what goes wrong with it, half a sentence.
        harmless: values in lower case that mean nothing, like the empty one.
        clear: how to clear it, by shell; `""` is every shell but cmd.exe. Without it: unset it.
    """

    __slots__ = ("_clear", "harmless", "name", "what", "why")

    def __init__(
        self,
        name: str,
        what: str,
        why: str,
        *,
        harmless: tuple[str, ...] = (),
        clear: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.what = what
        self.why = why
        self.harmless = harmless
        self._clear = clear or {}

    def applies_to(self, value: str) -> bool:
        """Return whether the value means something."""
        return bool(value) and value.lower() not in self.harmless

    def clear_in(self, shell: str) -> str:
        """Return how to clear it in `sh`, `fish`, `csh`, `xsh`, `nu`, `cmd` or `ps1`."""
        text = self._clear.get("cmd" if shell == "cmd" else "")
        return (text or _UNSET[shell]).format(self.name)
