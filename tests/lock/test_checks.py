"""What holds for a lock of any format: it is written down again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sealenv.errors import SpecError
from sealenv.lock import Lock, LockFile
from sealenv.lock.condalock import write_condalock
from sealenv.lock.pixi_write import write_pixi
from sealenv.lock.read import read_lock
from tests.store.bundling import PACKAGES, WHEEL


def lock_file(**said: tuple[str, ...]) -> LockFile:
    there: dict[str, tuple[str, ...]] = {"channels": ("https://conda.example.org/main/",), **said}
    return LockFile(
        locks=(Lock(platform="linux-64", packages=PACKAGES[2:], wheels=(WHEEL,), **there),)  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("write", [write_pixi, write_condalock])
def test_no_password_is_taken_over(tmp_path: Path, write: Callable[[LockFile], str]) -> None:
    """A lock is copied into records, the seal and bundles; what fetches asks netrc or the login."""
    file = lock_file(
        channels=("https://me:secretpw@conda.example.org/main/", "https://x.org/t/secretpw/c/"),
        indexes=("https://me:secretpw@pypi.example.org/simple",),
        find_links=("https://me:secretpw@pypi.example.org/links/",),
    )
    path = tmp_path / "my.lock"
    path.write_text(write(file))
    assert "secretpw" in path.read_text()
    (lock,) = read_lock(path, "linux-64").locks
    assert lock.channels == ("https://conda.example.org/main/", "https://x.org/c/")
    assert lock.indexes == ("https://pypi.example.org/simple",)
    assert lock.find_links == ("https://pypi.example.org/links/",)
    assert "secretpw" not in repr(lock)


@pytest.mark.parametrize("write", [write_pixi, write_condalock])
@pytest.mark.parametrize("key", ["specs", "virtual_packages", "requirements"])
def test_no_text_ends_a_line_or_colours_a_terminal(
    tmp_path: Path, write: Callable[[LockFile], str], key: str
) -> None:
    path = tmp_path / "my.lock"
    path.write_text(write(lock_file(**{key: ("a\x1b[31m",)})))
    with pytest.raises(SpecError) as caught:
        read_lock(path, "linux-64")
    assert "none of a text" in caught.value.what
    assert "\x1b" not in caught.value.what
