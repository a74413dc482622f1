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
    ("NO_COLOR", "no colours"),
    ("USER", "the user's name"),
    ("LOGNAME", "the user's name"),
    ("USERNAME", "the user's name"),
    ("SHELL", "the user's shell"),
    ("TMPDIR", "temporary files"),
    ("TMP", "temporary files"),
    ("TEMP", "temporary files"),
    ("DISPLAY", "the display (X11)"),
    ("WAYLAND_DISPLAY", "the display (Wayland)"),
    ("XAUTHORITY", "access to that display"),
    ("XDG_RUNTIME_DIR", "sockets of the session"),
    ("SSH_AUTH_SOCK", "the SSH agent, for git"),
    ("HTTP_PROXY", "the proxy"),
    ("HTTPS_PROXY", "the proxy"),
    ("ALL_PROXY", "the proxy"),
    ("FTP_PROXY", "the proxy"),
    ("NO_PROXY", "the proxy"),
    ("http_proxy", "the proxy"),
    ("https_proxy", "the proxy"),
    ("all_proxy", "the proxy"),
    ("ftp_proxy", "the proxy"),
    ("no_proxy", "the proxy"),
    ("SSL_CERT_*", "trusted certificates"),
    ("REQUESTS_CA_BUNDLE", "trusted certificates"),
    ("CURL_CA_BUNDLE", "trusted certificates"),
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
