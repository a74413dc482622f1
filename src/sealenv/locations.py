"""Where environments and caches lie on this machine, decided by settings that we honour.

Only `os` and `sys` are imported at the top: `sealenv run` passes through here before it becomes the
user's command, and each imported module would be paid on every call.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["cache_root", "conda_view", "default_envs_dir", "envs_dirs", "resolve_env"]

APP = "sealenv"


def _setting(environ: Mapping[str, str], name: str) -> str | None:
    value = environ.get(name, "")
    return os.path.abspath(os.path.expanduser(value)) if value else None


def default_envs_dir(environ: Mapping[str, str] | None = None) -> str:
    """The folder in which `create NAME` makes environments: SEALENV_ENVS, PY_ENVS, user data."""
    env = os.environ if environ is None else environ
    return _setting(env, "SEALENV_ENVS") or _setting(env, "PY_ENVS") or _user_envs_dir()


def envs_dirs(environ: Mapping[str, str] | None = None) -> list[str]:
    """Every folder in which `list` looks and a bare NAME is searched, first hit first."""
    env = os.environ if environ is None else environ
    found: list[str] = []
    for folder in (_setting(env, "SEALENV_ENVS"), _setting(env, "PY_ENVS"), _user_envs_dir()):
        if folder and folder not in found:
            found.append(folder)
    return found


def cache_root(environ: Mapping[str, str] | None = None) -> str:
    """The folder of our own store: archives, unpacked packages, repodata.

    SEALENV_CACHE, else a folder of ours inside the first of CONDA_PKGS_DIRS, else the user cache.
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
    """The package cache that conda and mamba inside the environments use as `pkgs`.

    It is theirs: we only add archives to it (hard links) and lines to `urls.txt`.
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
    """The folder that ENV names, and every place that was looked at.

    ENV is a path when it holds a separator, starts with `.` or `~`, or is a drive; else a name.
    A path is returned absolute, but not resolved: the caller decides what a link means.
    """
    separators = ("/", "\\") if sys.platform == "win32" else ("/",)
    if env.startswith((".", "~")) or any(s in env for s in separators) or env[1:2] == ":":
        path = os.path.abspath(os.path.expanduser(env))
        return (path if os.path.isdir(path) else None), [path]
    looked = []
    # Lazily, one after the other: the user data folder costs an import.
    source = os.environ if environ is None else environ
    for folder in (
        _setting(source, "SEALENV_ENVS"),
        _setting(source, "PY_ENVS"),
        None,
    ):
        path = os.path.join(folder or _user_envs_dir(), env) if folder or folder is None else ""
        if path and path not in looked:
            looked.append(path)
            if os.path.isdir(path):
                return path, looked
    return None, looked
