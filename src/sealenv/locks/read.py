"""Which format a file has, told by its content; and the file, read."""

from __future__ import annotations

from collections.abc import Set
from pathlib import Path

from msgspec import structs

from sealenv.errors import SpecError
from sealenv.locks.checks import check_lock, without_secrets
from sealenv.locks.condalock import read_condalock
from sealenv.locks.explicit import ExplicitList, read_explicit
from sealenv.locks.fields import check_file
from sealenv.locks.model import LockFile
from sealenv.locks.pixi_read import read_pixi
from sealenv.spec.environment_yml import EnvironmentFile, read_environment_yml
from sealenv.spec.matchspec import LONGEST_SPEC
from sealenv.spec.yaml_nodes import lines_of, load, read_text
from sealenv.urls import is_address

__all__ = ["is_lock_text", "read_file", "read_lock"]

_LIMIT_BYTES = 128 << 20


def read_file(
    path: Path, *, environment: str | None = None
) -> LockFile | ExplicitList | EnvironmentFile:
    """A lock (rattler-lock, conda-lock.yml), an `@EXPLICIT` list, an environment.yml or a list of specs.

    Args:
        path: the file.
        environment: which one, where a pixi.lock holds several.

    Raises:
        SpecError: it cannot be read, or is none of them; with line, column and reason.
        DigestError: a package of a lock has no sha256.
    """
    text = _text(path)
    lines = [line.strip() for line in lines_of(text)]
    if "@EXPLICIT" in lines:
        return read_explicit(text, str(path))
    if not _looks_like_yaml(lines):
        return _specs(path, lines)
    if not is_lock_text(text):
        return read_environment_yml(path, text)
    root = load(text, str(path))
    keys = root.value if isinstance(root.value, dict) else {}
    if "metadata" in keys and "package" in keys:
        return _checked(read_condalock(text, path, root=root), path)
    if "environments" in keys:
        return _checked(read_pixi(text, path, environment=environment, root=root), path)
    raise SpecError(
        "the file is not a lock that is known here: it has neither 'environments' (rattler-lock) nor "
        "'metadata' and 'package' (conda-lock.yml)",
        where=f"{path}:1:1",
        hint="older pixi.lock files are written anew by `pixi lock`",
    )


def read_lock(
    path: Path, platform: str, *, environment: str | None = None, strict: bool = True
) -> LockFile:
    """The same, of a file that must be a lock or a list with digests.

    Args:
        path: the file.
        platform: for a list that does not say it.
        environment: which one, where a pixi.lock holds several.
        strict: each package of a list must have a sha256.

    Raises:
        SpecError: it is none; DigestError: it has no sha256 for each package.
    """
    read = read_file(path, environment=environment)
    if isinstance(read, LockFile):
        return read
    if isinstance(read, ExplicitList):
        return read.lock_file(platform, strict=strict)
    raise SpecError(
        "this says what is wanted, and locks nothing",
        where=str(path),
        hint=f"lock it first: sealenv lock -f {path}",
    )


def _checked(file: LockFile, path: Path) -> LockFile:
    """What holds for a lock of any format: it is written down again, in records, seals and bundles.

    Raises:
        SpecError: something in it cannot be written there.
    """
    if problem := check_file(file):
        raise SpecError(problem, where=str(path), hint="mend the file, or lock anew")
    locks = tuple(without_secrets(lock) for lock in file.locks)
    for lock in locks:
        if problem := check_lock(lock):
            raise SpecError(
                f"the lock for {lock.platform[:40]!a} cannot be used: {problem}",
                where=str(path),
                hint="mend the file, or lock anew",
            )
    return structs.replace(file, locks=locks)


def is_lock_text(text: str) -> bool:
    """Whether a text is meant as a lock in YAML: a version, and nothing of environment.yml.

    Programs write the keys at the beginning of lines, which is told without parsing megabytes twice;
    what is quoted, indented or JSON is parsed for it.
    """
    if _of_a_lock({line.partition(":")[0] for line in lines_of(text) if line[:1].isalpha()}):
        return True
    try:
        keys = load(text, "", aliases=True).value
    except SpecError:
        return False
    return isinstance(keys, dict) and _of_a_lock(keys.keys())


def _of_a_lock(keys: Set[str]) -> bool:
    return "version" in keys and bool(keys & {"packages", "package", "environments", "metadata"})


def _looks_like_yaml(lines: list[str]) -> bool:
    """Whether some line is a key or a list item; a MatchSpec has no colon before a space."""
    said = [line for line in lines if line and not line.startswith("#")]
    return not said or any(
        line.startswith(("- ", "{", "[", "---")) or line.endswith(":") or ": " in line
        for line in said
    )


def _specs(path: Path, lines: list[str]) -> EnvironmentFile:
    """A list of MatchSpecs, one a line (CEP 23)."""
    places: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        if not line or line.startswith("#"):
            continue
        where = f"{path}:{number}:1"
        if len(line) > LONGEST_SPEC:
            raise SpecError(
                f"{line[:40]!r}... is not a MatchSpec: {len(line)} characters",
                where=where,
                hint="write one package a line, such as 'numpy >=2'",
            )
        places.setdefault(line, where)
    wanted = tuple(line for line in lines if line and not line.startswith("#"))
    return EnvironmentFile(
        path=str(path), name=None, channels=(), dependencies=wanted, places=places
    )


def _text(path: Path) -> str:
    if str(path) == "-":
        raise SpecError(
            "a file is read here, not standard input", hint="write it into a file, and give that"
        )
    if is_address(path):
        raise SpecError(
            "a file is read here, no address",
            where=str(path),
            hint="fetch it first, and give the file",
        )
    return read_text(path, limit=_LIMIT_BYTES)
