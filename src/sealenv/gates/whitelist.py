"""A clean environment for a child process: a whitelist, by platform.

What is not in the tables below does not reach the child. Imports nothing but os, see the package.
"""

from __future__ import annotations

import os

from sealenv.gates.rules import HONOURED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["KEPT", "KEPT_WINDOWS", "clean_environ", "default_path", "private_folders"]

KEPT = (
    ("LANG", "the language"),
    ("LANGUAGE", "the language"),
    ("LC_*", "the locale"),
    ("TZ", "the time zone"),
    ("TERM", "the terminal's kind"),
    ("COLORTERM", "the terminal's colours"),
    ("NO_COLOR", "no colours, please"),
    ("USER", "who runs this"),
    ("LOGNAME", "who runs this"),
    ("USERNAME", "who runs this"),
    ("SHELL", "the user's own shell"),
    ("TMPDIR", "temporary files"),
    ("TMP", "temporary files"),
    ("TEMP", "temporary files"),
    ("DISPLAY", "where windows open (X11)"),
    ("WAYLAND_DISPLAY", "where windows open (Wayland)"),
    ("XAUTHORITY", "the key to that display"),
    ("XDG_RUNTIME_DIR", "sockets of the session"),
    ("SSH_AUTH_SOCK", "the user's keys, asked for by git"),
    ("HTTP_PROXY", "the way to the network"),
    ("HTTPS_PROXY", "the way to the network"),
    ("ALL_PROXY", "the way to the network"),
    ("FTP_PROXY", "the way to the network"),
    ("NO_PROXY", "the way to the network"),
    ("http_proxy", "the way to the network"),
    ("https_proxy", "the way to the network"),
    ("all_proxy", "the way to the network"),
    ("ftp_proxy", "the way to the network"),
    ("no_proxy", "the way to the network"),
    ("SSL_CERT_*", "whom to trust on the network"),
    ("REQUESTS_CA_BUNDLE", "whom to trust on the network"),
    ("CURL_CA_BUNDLE", "whom to trust on the network"),
)
"""Everywhere: (name or NAME*, what it is)."""

KEPT_WINDOWS = (
    "ALLUSERSPROFILE",
    "APPDATA",
    "COMMONPROGRAMFILES",
    "COMMONPROGRAMFILES(X86)",
    "COMPUTERNAME",
    "COMSPEC",
    "HOMEDRIVE",
    "HOMEPATH",
    "LOCALAPPDATA",
    "NUMBER_OF_PROCESSORS",
    "OS",
    "PATHEXT",
    "PROCESSOR_ARCHITECTURE",
    "PROGRAMDATA",
    "PROGRAMFILES",
    "PROGRAMFILES(X86)",
    "PROGRAMW6432",
    "PUBLIC",
    "SYSTEMDRIVE",
    "SYSTEMROOT",
    "USERDOMAIN",
    "USERPROFILE",
    "WINDIR",
)
"""What Windows programs cannot do without."""

_NEVER = ("SEALENV_PREFIX", "SEALENV_CHECK_TOKEN")
_EXACT = {name for name, _ in HONOURED + KEPT if not name.endswith("*")}
_STARTS = tuple(name[:-1] for name, _ in HONOURED + KEPT if name.endswith("*"))


def default_path(environ: Mapping[str, str] | None = None) -> str:
    """Return the PATH of the operating system alone."""
    if os.name == "nt":
        root = (environ or os.environ).get("SYSTEMROOT", r"C:\Windows")
        system = root + r"\System32"
        return ";".join((system, root, system + r"\Wbem", system + r"\WindowsPowerShell\v1.0"))
    return "/usr/bin:/bin:/usr/sbin:/sbin"


def clean_environ(environ: Mapping[str, str], *, home: str | None = None) -> dict[str, str]:
    """Return what of `environ` a clean child process gets.

    Args:
        environ: the environment variables to choose from; not changed.
        home: the child's HOME (USERPROFILE on Windows); the user's own when None.
    """
    windows = os.name == "nt"
    result = {}
    for name, value in environ.items():
        plain = name.upper() if windows else name
        kept = plain in _EXACT or plain.startswith(_STARTS)
        if (kept or (windows and plain in KEPT_WINDOWS)) and plain not in _NEVER:
            result[name] = value
    result["PATH"] = default_path(environ)
    variable = "USERPROFILE" if windows else "HOME"
    if home is not None:
        result[variable] = home
    elif variable in environ:
        result[variable] = environ[variable]
    return result


def private_folders(home: str | os.PathLike[str]) -> dict[str, str]:
    """Return the variables with which programs write their user files into a folder."""
    names = ["HOME", "USERPROFILE"]
    if os.name == "nt":
        names += ["APPDATA", "LOCALAPPDATA", "TEMP", "TMP"]
    return dict.fromkeys(names, os.fspath(home))
