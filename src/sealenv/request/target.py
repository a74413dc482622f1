"""Turn the arguments of `create` into a spec and a prefix."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from sealenv.errors import SpecError, UsageError
from sealenv.locations import default_envs_dir
from sealenv.locks import Lock, LockFile
from sealenv.locks.model import requested
from sealenv.naming import (
    check_name,
    check_prefix,
    environment_folder,
    shown,
)
from sealenv.request import no_environments
from sealenv.spec.machine import override_notes, read_machine, virtual_packages_for
from sealenv.spec.matchspec import split_spec
from sealenv.spec.model import EnvironmentSpec, build_spec, check_platform
from sealenv.system.volumes import local_place

if TYPE_CHECKING:
    from sealenv.locks.explicit import ExplicitList
    from sealenv.spec.environment_yml import EnvironmentFile

_VERSION = re.compile(r"\d+(\.\d+)*")
_LIKE_A_VERSION = re.compile(r"\d+(\..*)?|[<>=!~].*", re.DOTALL)
_PINNED = re.compile(r"=\s*(\d+(\.\d+)*)(\.\*)?|(\d+(\.\d+)*)\.\*|==\s*(\d+\.\d+\.\d+)")
"""A constraint that means the same as PYTHON."""

_OPTIONS = {"python": "PYTHON", "with_packages": "SPEC or --with", "without": "--without",
            "channels": "--channel", "exclude_newer": "--exclude-newer",
            "pypi_index": "--pypi-index"}  # fmt: skip


@dataclass(frozen=True)
class Target:
    """What to create, and where."""

    spec: EnvironmentSpec
    prefix: Path
    warnings: tuple[str, ...]
    lock: Lock | None = None
    """The exact packages, if the file is a lock."""
    bundle: Path | None = None
    """The file, if it is a bundle."""


class Words(TypedDict):
    """The arguments of `create` without an option, by their meaning."""

    name: str | None
    prefix: str | None
    python: str | None
    packages: tuple[str, ...]


def read_words(words: Sequence[str], name: str | None, prefix: str | None) -> Words:
    """Read the words of `create [NAME] [PYTHON] [SPEC...]`.

    PYTHON is the word that looks like a version, or a package such as `python=3.12`. With an option for
    the name or the prefix, NAME is not among the words; the option's name is the folder's, as it is.

    Raises:
        UsageError: the name is missing, given twice, or invalid.
    """
    rest = list(words)
    word = None
    if name is None and prefix is None:
        word = rest.pop(0) if rest else None
        _refuse_no_name(word)
    elif any(map(_LIKE_A_VERSION.fullmatch, rest[1:])):
        option = "-p PREFIX" if prefix is not None else "-n NAME"
        raise UsageError(
            "the environment is named twice",
            details=[rest[0], prefix or name or ""],
            hint=f"give NAME PYTHON, or {option} PYTHON",
        )
    if name is not None:
        if prefix is not None:
            raise UsageError("both a name and a prefix", hint="give -n NAME, or -p PREFIX")
        check_name(name)
        prefix = os.path.join(default_envs_dir(), name)
    versions = [text for text in rest if _LIKE_A_VERSION.fullmatch(text)]
    packages = [text for text in rest if text not in versions]
    if not versions:
        versions = [version for text in packages if (version := _python_of(text))]
        packages = [text for text in packages if not _python_of(text)]
    if len(versions) > 1:
        raise UsageError("the Python version is given twice", details=versions, hint="give it once")
    python = versions[0] if versions else None
    return Words(name=word, prefix=prefix, python=python, packages=tuple(packages))


def _refuse_no_name(word: str | None) -> None:
    """Refuse a version or a package instead of the name."""
    if word is None or not ("=" in word or _VERSION.fullmatch(word)):
        return
    what = "a package" if "=" in word else "a Python version"
    raise UsageError(
        f"{word} is {what}, and the environment has no name",
        hint=f"name it first: sealenv create my_env {shown(word)}; to use it as the name: "
        f"-n {shown(word)}",
    )


def _python_of(package: str) -> str | None:
    """Return the version if the package is Python, and asks for no more than PYTHON would."""
    name, constraint = split_spec(package)
    found = _PINNED.fullmatch(constraint) if name == "python" and "::" not in package else None
    return (found[1] or found[4] or found[6]) if found else None


def choose_target(
    *,
    name: str | None,
    python: str | None,
    prefix: str | None,
    file: Path | None,
    platform: str | None = None,
    environment: str | None = None,
    virtual_packages: Sequence[str] = (),
    machine: Path | None = None,
    **changes: Any,
) -> Target:
    """Turn the arguments of `create` into a spec and a prefix, before anything is started.

    `changes` are other options of `build_spec`; a lock allows none.

    Raises:
        UsageError: the name is missing, given twice, or invalid.
        SpecError: a file, channel or platform is invalid.
        DigestError: a lock has no sha256.
    """
    if prefix is not None and name is not None:
        raise UsageError("both a name and a prefix", hint="give NAME PYTHON, or -p PREFIX PYTHON")
    read = None
    subdir = check_platform(platform)
    machines = read_machine(machine, [subdir]) if machine else {}
    if file:
        read, locked, bundle = _read(file, environment, subdir)
    if file and locked:
        given = [_OPTIONS[key] for key, value in {"python": python, **changes}.items() if value]
        if given:
            raise UsageError(
                f"{file.name} is a lock, and {' and '.join(given)} would change what is locked",
                where=str(file),
                hint="leave it out, or make another lock: sealenv lock --help",
            )
        spec, lock, lock_name = _locked(locked, platform, None if bundle else str(file))
        spec = replace(
            spec,
            machine=machines.get(subdir),
            virtual_packages=virtual_packages_for(subdir, virtual_packages),
        )
        notes = override_notes()
        if spec.variables:  # the lock may come from a stranger
            names = ", ".join(sorted(spec.variables))
            notes.append(f"{file.name} sets these variables in the environment: {names}")
        place = _place(name, None, prefix, lock_name)
        check_prefix(place, spec.platform)
        return Target(spec, place, tuple(notes), lock, file if bundle else None)
    if environment is not None:
        raise no_environments(environment)
    spec = build_spec(
        python=python, file=read, platform=platform, virtual_packages=virtual_packages,
        machine=machines, **changes,
    )  # fmt: skip
    place = _place(name, python, prefix, *((read.name, read.name_place) if read else ()))
    check_prefix(place, spec.platform)
    return Target(spec, place, (*override_notes(), *(read.warnings if read else ())))


def _read(
    file: Path, environment: str | None, platform: str
) -> tuple[EnvironmentFile | None, LockFile | ExplicitList | None, bool]:
    """Return the environment.yml or the locks, and whether the file is a bundle."""
    from sealenv.locks.read import read_file
    from sealenv.spec.environment_yml import EnvironmentFile
    from sealenv.store.bundle import is_bundle, open_bundle

    if is_bundle(file):
        with open_bundle(file) as bundle:
            return None, bundle.locks, True
    read = read_file(file, environment=environment, platforms=(platform,))
    return (read, None, False) if isinstance(read, EnvironmentFile) else (None, read, False)


def _locked(
    read: LockFile | ExplicitList, platform: str | None, source: str | None = None
) -> tuple[EnvironmentSpec, Lock, str | None]:
    """Return the spec of a lock, the lock for the platform, and the name in it."""
    wanted = check_platform(platform)
    secrets: dict[str, str] = {}
    if not isinstance(read, LockFile):
        source = None  # a list is for one platform
        secrets = read.secrets
        read = read.lock_file(wanted)
    lock = read.lock_for(wanted, source)
    if not lock.packages:
        raise SpecError(
            f"the lock has no packages for {wanted}",
            where=source,
            hint=f"lock for it: sealenv lock --platform {wanted}",
        )
    spec = EnvironmentSpec(
        packages=requested(lock),
        channels=lock.channels,
        platform=lock.platform,
        exclude_newer=lock.exclude_newer,
        variables=dict(read.variables),
        secrets=secrets,
        requirements=lock.requirements,
        indexes=lock.indexes,
        find_links=lock.find_links,
    )
    return spec, lock, read.name


def _place(
    name: str | None,
    python: str | None,
    prefix: str | None,
    name_in_file: str | None = None,
    where: str | None = None,
) -> Path:
    """Return the prefix, with links in its parents resolved once: files will contain the real path."""
    if prefix is not None:
        if not prefix:
            raise UsageError("an empty prefix", hint="give the folder, such as -p ./env")
        return local_place(prefix)
    chosen = name or name_in_file
    if not chosen:
        raise UsageError(
            "an environment needs a name or a prefix",
            hint="name it with -n my_env, or give a folder with -p",
        )
    check_name(chosen, None if name else where)
    return local_place(os.path.join(default_envs_dir(), environment_folder(chosen, python)))
