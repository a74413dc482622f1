"""The table of the gate: each variable that activates another environment or redirects Python.

It is the only one: `admission` reads it, the activation and bootstrap scripts are
generated from it, and docs/reference/environment-variables.md is compared with it.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

SHELL = "cmd" if os.name == "nt" else "sh"
"""The shell whose commands are shown to the user of this system."""

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


HONOURED = (
    ("CONDA_CHANGEPS1", "whether the prompt shows the environment, as in conda"),
    ("CONDA_PKGS_DIRS", "the package cache, as in conda and mamba"),
    ("PY_ENVS", "the folder of environments, the older name"),
    ("SEALENV_*", "sealenv's own settings, except SEALENV_PREFIX"),
)
"""Settings that `--clean` keeps: (NAME or NAME*, what it is)."""

KEPT = (
    ("LANG LANGUAGE LC_* TZ", "language, locale and time zone"),
    ("TERM COLORTERM NO_COLOR", "the terminal and its colours"),
    ("USER LOGNAME USERNAME SHELL", "the user and the login shell"),
    ("TMPDIR TMP TEMP", "the folder of temporary files"),
    ("DISPLAY WAYLAND_DISPLAY XAUTHORITY", "the display for windows"),
    ("XDG_RUNTIME_DIR SSH_AUTH_SOCK", "sockets of the session, such as the SSH agent"),
    ("HTTP_PROXY HTTPS_PROXY ALL_PROXY FTP_PROXY NO_PROXY", "proxies"),
    ("http_proxy https_proxy all_proxy ftp_proxy no_proxy", "proxies"),
    ("SSL_CERT_* REQUESTS_CA_BUNDLE CURL_CA_BUNDLE", "trusted certificates"),
)
"""What a clean process keeps everywhere: (names or NAME*, what they are)."""

_WINDOWS = """
ALLUSERSPROFILE APPDATA COMMONPROGRAMFILES COMMONPROGRAMFILES(X86) COMPUTERNAME COMSPEC
HOMEDRIVE HOMEPATH LOCALAPPDATA NUMBER_OF_PROCESSORS OS PATHEXT PROCESSOR_ARCHITECTURE
PROGRAMDATA PROGRAMFILES PROGRAMFILES(X86) PROGRAMW6432 PUBLIC SYSTEMDRIVE SYSTEMROOT
USERDOMAIN USERPROFILE WINDIR
"""
KEPT_WINDOWS = tuple(_WINDOWS.split())
"""What Windows programs cannot do without."""

_LEAVE_IN_CMD = "deactivate, or close this window and open a new one"
_LEAVE_CONDA = {"": "deactivate (or: conda deactivate)", "cmd": _LEAVE_IN_CMD}
_LEAVE = {"": "deactivate", "cmd": _LEAVE_IN_CMD}
_OFF_PATH = "take the folder out of PATH"
_ELSEWHERE = "pip does not install into the environment"

RULES = (
    Rule(
        "CONDA_PREFIX",
        "a conda environment is active here",
        "conda and mamba install into it, and compilers take files from it",
        clear=_LEAVE_CONDA,
    ),
    Rule(
        "CONDA_SHLVL",
        "conda counts at least one active environment here",
        "conda would stack the next activation on it, and later undo the wrong one",
        harmless=("0",),
        clear=_LEAVE_CONDA,
    ),
    Rule(
        "SEALENV_PREFIX",
        "a sealed environment is active here",
        "one shell belongs to one environment",
        clear=_LEAVE,
    ),
    Rule(
        "VIRTUAL_ENV",
        "a Python virtual environment is active here",
        "its python comes first on PATH, and pip and uv install into it",
        clear=_LEAVE,
    ),
    Rule(
        "PYTHONHOME",
        "every Python takes its standard library from there",
        "a Python of another version fails or loads wrong modules",
    ),
    Rule(
        "PYTHONPATH",
        "every Python imports from there first",
        "modules from outside replace those of the environment",
    ),
    Rule("PIP_TARGET", "pip installs into that folder", _ELSEWHERE),
    Rule("PIP_PREFIX", "pip installs below that folder", _ELSEWHERE),
    Rule(
        "PIP_USER",
        "pip installs for the user",
        _ELSEWHERE,
        harmless=("0", "false", "no", "off"),
    ),
)
"""In the order in which findings are shown."""

ON_PATH = Rule(
    "PATH",
    "a folder on PATH belongs to another environment",
    "its programs run where the environment has none of that name",
    clear={"": _OFF_PATH, "cmd": _OFF_PATH},
)
"""One folder on PATH, see `admission.environment_of`."""

_BY_NAME = {rule.name: rule for rule in RULES}


def rule_of(name: str) -> Rule | None:
    """Return the rule of a variable, if it has one. Windows ignores the case of names."""
    return _BY_NAME.get(name.upper() if os.name == "nt" else name)
