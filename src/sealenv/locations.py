"""The folders of environments and caches on this machine, and environments by name.

Only `os` and `sys` are imported at the top, because every `sealenv run` would pay for more.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

APP = "sealenv"


def _setting(environ: Mapping[str, str], name: str) -> str | None:
    value = environ.get(name, "")
    return os.path.abspath(os.path.expanduser(value)) if value else None


def default_envs_dir(environ: Mapping[str, str] | None = None) -> str:
    """Return the folder for `create NAME`: SEALENV_ENVS, else PY_ENVS, else user data."""
    return envs_dirs(environ)[0]


def envs_dirs(environ: Mapping[str, str] | None = None) -> list[str]:
    """Return the folders in which environments are listed and searched by name, in that order."""
    env = os.environ if environ is None else environ
    found: list[str] = []
    for folder in (_setting(env, "SEALENV_ENVS"), _setting(env, "PY_ENVS"), _user_envs_dir()):
        if folder and folder not in found:
            found.append(folder)
    return found


def cache_root(environ: Mapping[str, str] | None = None) -> str:
    """Return the folder of our store: archives, unpacked packages, repodata.

    SEALENV_CACHE, else a subfolder of the first of CONDA_PKGS_DIRS, else the user cache.
    """
    env = os.environ if environ is None else environ
    explicit = _setting(env, "SEALENV_CACHE")
    if explicit:
        return explicit
    shared = _conda_pkgs_dir(env)
    if shared:
        return os.path.join(shared, ".sealenv")
    import platformdirs

    return platformdirs.user_cache_dir(APP, appauthor=False)


def conda_view(environ: Mapping[str, str] | None = None) -> str:
    """Return the package cache that conda and mamba inside the environments use as `pkgs`.

    sealenv only adds archives to it (hard links) and lines to `urls.txt`.
    """
    env = os.environ if environ is None else environ
    return _conda_pkgs_dir(env) or os.path.join(cache_root(env), "pkgs")


def _conda_pkgs_dir(env: Mapping[str, str]) -> str | None:
    # conda splits CONDA_PKGS_DIRS at "," and, since 4.x, at os.pathsep.
    value = env.get("CONDA_PKGS_DIRS", "").replace(",", os.pathsep).split(os.pathsep)[0].strip()
    return os.path.abspath(os.path.expanduser(value)) if value else None


def _user_envs_dir() -> str:
    import platformdirs

    return os.path.join(platformdirs.user_data_dir(APP, appauthor=False), "envs")


def resolve_env(env: str, environ: Mapping[str, str] | None = None) -> tuple[str | None, list[str]]:
    """Return the folder of an environment if it exists, and every searched path.

    ENV is a path if it has a separator, starts with `.` or `~`, or is a drive; else a name. Links are
    not resolved.
    """
    separators = ("/", "\\") if sys.platform == "win32" else ("/",)
    if env.startswith((".", "~")) or any(s in env for s in separators) or env[1:2] == ":":
        path = os.path.abspath(os.path.expanduser(env))
        return (path if os.path.isdir(path) else None), [path]
    looked = []
    source = os.environ if environ is None else environ
    # The user data folder comes last, because it costs an import.
    for folder in (_setting(source, "SEALENV_ENVS"), _setting(source, "PY_ENVS"), None):
        path = os.path.join(folder or _user_envs_dir(), env) if folder or folder is None else ""
        if path and path not in looked:
            looked.append(path)
            if os.path.isdir(path):
                return path, looked
    return None, looked


_LIST = "sealenv list shows the environments; a path works too"


def find(env: str, environ: Mapping[str, str] | None = None) -> Path:
    """Return the prefix of an environment, given by name or path.

    Raises:
        NotFoundError: no such environment; the details list the searched places.
        UsageError: the name is empty.
    """
    from pathlib import Path

    from sealenv.errors import NotFoundError, UsageError

    if not env:
        raise UsageError("an empty environment name", hint="name one; `sealenv list` shows them")
    path, searched = resolve_env(env, environ)
    if path is None:
        raise NotFoundError(
            f"no environment is named {env!r}",
            details=[f"looked at {place}" for place in searched],
            hint=_hint(env, searched),
        )
    if not _is_environment(path):
        raise NotFoundError("this is not an environment", where=path, hint=_LIST)
    return Path(path)


def _is_environment(path: str) -> bool:
    from pathlib import Path

    from sealenv.layout import State, state_of

    return state_of(Path(path)) in (State.PENDING, State.SEALED, State.FOREIGN)


def _hint(env: str, searched: Sequence[str]) -> str:
    """Suggest a folder of that name, or environments with a similar name."""
    from contextlib import suppress
    from difflib import get_close_matches

    from sealenv.naming import shown

    here = os.path.join(".", env)
    if os.path.isdir(here):
        return f"for the folder here: {here}"
    names = set()
    for folder in {os.path.dirname(path) for path in searched}:
        with suppress(OSError):
            names |= {entry.name for entry in os.scandir(folder) if _is_environment(entry.path)}
    near = sorted(name for name in names if name.startswith(f"{env}_"))
    near = near or get_close_matches(env, sorted(names), n=3, cutoff=0.8)
    return f"did you mean {' or '.join(map(shown, near[:3]))}? {_LIST}" if near else _LIST
