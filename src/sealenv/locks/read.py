"""Read a file; its content tells the format."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from msgspec import structs

from sealenv.errors import SpecError
from sealenv.locks.checks import check_file, without_secrets
from sealenv.locks.condalock import read_condalock
from sealenv.locks.explicit import ExplicitList, read_explicit
from sealenv.locks.model import LockFile
from sealenv.locks.pixi_read import read_pixi
from sealenv.locks.pixi_write import MARK
from sealenv.spec.environment_yml import EnvironmentFile, read_environment_yml
from sealenv.spec.yaml_nodes import lines_of, load, read_text
from sealenv.urls import is_address

_LIMIT_BYTES = 128 << 20


def read_file(
    path: Path,
    *,
    environment: str | None = None,
    platforms: Collection[str] = (),
    text: str | None = None,
) -> LockFile | ExplicitList | EnvironmentFile:
    """Read a lock (pixi.lock, conda-lock.yml), a list, an environment.yml or a list of specs.

    Args:
        path: the file.
        environment: the environment, if a pixi.lock has several.
        platforms: read only these of a lock; default: all.
        text: the content, if it was read already: a pipe can be read only once.

    Raises:
        SpecError: it is none of them; with line, column and reason.
        DigestError: a package of a lock has no sha256.
    """
    text = read_input(path) if text is None else text
    lines = [line.strip() for line in lines_of(text)]
    if "@EXPLICIT" in lines:
        return read_explicit(text, str(path))
    if not _looks_like_yaml(lines):
        return _specs(path, lines)
    root = load(text, str(path))
    keys = root.value if isinstance(root.value, dict) else {}
    if "metadata" in keys and "package" in keys:
        return _checked(read_condalock(text, path, platforms=platforms, root=root), path)
    if "version" in keys and "environments" in keys:
        file = read_pixi(text, path, environment=environment, platforms=platforms, root=root)
        return _checked(file, path)
    if "version" in keys and keys.keys() & {"packages", "package", "metadata"}:
        raise root.wrong(
            "this is not a supported lock: it has neither 'environments' (pixi.lock) nor 'metadata' "
            "and 'package' (conda-lock.yml)",
            "for an old pixi.lock: pixi lock",
        )
    return read_environment_yml(path, root)


def read_lock(
    path: Path,
    platform: str,
    *,
    environment: str | None = None,
    strict: bool = True,
    platforms: Collection[str] = (),
    text: str | None = None,
) -> LockFile:
    """Read a file that must be a lock or a list.

    Args:
        path: the file.
        platform: the platform of a list that does not name it.
        environment: the environment, if a pixi.lock has several.
        strict: require a sha256 for each package of a list.
        platforms: read only these of a lock; default: all.
        text: the content, if it was read already.

    Raises:
        SpecError: it is not a lock; DigestError: a package has no sha256.
    """
    read = read_file(path, environment=environment, platforms=platforms, text=text)
    if isinstance(read, LockFile):
        return read
    if isinstance(read, ExplicitList):
        return read.lock_file(platform, strict=strict)
    raise SpecError(
        "this lists requested packages and locks nothing",
        where=str(path),
        hint=f"lock it first: sealenv lock -f {path}",
    )


def read_input(path: Path) -> str:
    """Read an input file once.

    Raises:
        SpecError: it is an address, or cannot be read.
    """
    if str(path) == "-":
        raise SpecError("- is not a file", hint="use /dev/stdin, or write it to a file first")
    if is_address(path):
        raise SpecError(
            "an address is not a file", where=str(path), hint="download it, and name the file"
        )
    return read_text(path, limit=_LIMIT_BYTES)


def is_ours(path: Path) -> bool:
    """Return whether the file is a lock that sealenv wrote. Pipes are not read."""
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            return file.read(len(MARK)) == MARK.encode()
    except OSError:
        return False


def _checked(file: LockFile, path: Path) -> LockFile:
    file = structs.replace(file, locks=tuple(without_secrets(lock) for lock in file.locks))
    if problem := check_file(file):
        raise SpecError(problem, where=str(path), hint="fix the file, or lock again")
    return file


def _looks_like_yaml(lines: list[str]) -> bool:
    """Return whether a line is a key or a list item; a MatchSpec has no colon before a space."""
    used = [line for line in lines if line and not line.startswith("#")]
    return not used or any(
        line.startswith(("- ", "{", "[", "---")) or line.endswith(":") or ": " in line
        for line in used
    )


def _specs(path: Path, lines: list[str]) -> EnvironmentFile:
    """Read a list of MatchSpecs, one on each line (CEP 23)."""
    specs = {line: n for n, line in enumerate(lines, 1) if line and not line.startswith("#")}
    return EnvironmentFile(
        path=str(path),
        name=None,
        channels=(),
        dependencies=tuple(specs),
        places={spec: f"{path}:{number}:1" for spec, number in specs.items()},
    )
