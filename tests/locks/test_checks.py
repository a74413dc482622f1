"""Checks that apply to locks of every format."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sealenv.errors import SpecError
from sealenv.locks import Lock, LockFile
from sealenv.locks.condalock import write_condalock
from sealenv.locks.pixi_write import write_pixi
from sealenv.locks.read import read_lock
from tests.locks.locks import lock, package
from tests.store.bundling import PACKAGES, WHEEL


def lock_file(**said: tuple[str, ...]) -> LockFile:
    there: dict[str, tuple[str, ...]] = {"channels": ("https://conda.example.org/main/",), **said}
    return LockFile(
        locks=(Lock(platform="linux-64", packages=PACKAGES[2:], wheels=(WHEEL,), **there),)  # type: ignore[arg-type]
    )


def test_no_password_is_taken_over(tmp_path: Path) -> None:
    """A lock is copied into records, the seal and bundles; what fetches asks netrc or the login."""
    file = lock_file(
        channels=("https://me:secretpw@conda.example.org/main/", "https://x.org/t/secretpw/c/"),
        indexes=("https://me:secretpw@pypi.example.org/simple",),
        find_links=("https://me:secretpw@pypi.example.org/links/",),
    )
    path = tmp_path / "my.lock"
    path.write_text(write_pixi(file))
    assert "secretpw" in path.read_text()
    (lock,) = read_lock(path, "linux-64").locks
    assert lock.channels == ("https://conda.example.org/main/", "https://x.org/c/")
    assert lock.indexes == ("https://pypi.example.org/simple",)
    assert lock.find_links == ("https://pypi.example.org/links/",)
    assert "secretpw" not in repr(lock)


@pytest.mark.parametrize("key", ["specs", "virtual_packages"])
def test_control_characters_are_refused(tmp_path: Path, key: str) -> None:
    path = tmp_path / "my.lock"
    path.write_text(write_pixi(lock_file(**{key: ("a\x1b[31m",)})))
    with pytest.raises(SpecError) as caught:
        read_lock(path, "linux-64")
    assert "control character" in caught.value.what
    assert "\x1b" not in caught.value.what


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("requirements", ["-e ."]), ("requirements", {"linux-64": ["w", "git+https://h/x"]}),
        ("specs", ["[[["]), ("exclude-newer", "yesterday"),
        ("name", "../../evil"),
        ("variables", {"A B": ""}),
    ],
)  # fmt: skip
def test_the_request_in_a_lock_is_checked(tmp_path: Path, key: str, value: object) -> None:
    path = tmp_path / "my.lock"
    lines = write_pixi(lock_file()).splitlines()
    lines.insert(1, f"# {key}: {json.dumps(value)}")
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(SpecError) as caught:
        read_lock(path, "linux-64")
    assert str(caught.value.where).startswith(str(path))


def test_no_package_of_another_platform(tmp_path: Path) -> None:
    path = tmp_path / "my.lock"
    path.write_text(
        write_condalock(LockFile(locks=(lock(package("a", subdir="win-64"), package("b")),)))
    )
    with pytest.raises(SpecError, match=r"cannot be used: a-1\.0-0\.conda is for win-64"):
        read_lock(path, "linux-64")
