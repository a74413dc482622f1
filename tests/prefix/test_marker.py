"""The marker of a pending prefix and the lock on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sealenv.errors import PrefixExistsError, PrefixLockedError
from sealenv.layout import MARKER, META, SEAL, State, is_link, state_of
from sealenv.prefix.pending import PrefixLock, is_locked


@pytest.fixture
def links(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Skip if links look like their targets, as in Wine."""
    folder = tmp_path_factory.mktemp("links")
    try:
        (folder / "link").symlink_to(folder / "target", target_is_directory=True)
    except OSError:
        pytest.skip("this user may not make links")
    if not is_link(folder / "link"):
        pytest.skip("links look like their targets (Wine)")


def test_an_empty_conda_meta_is_an_empty_prefix(tmp_path: Path) -> None:
    """A create can be killed between the folder and the marker."""
    prefix = tmp_path / "e"
    (prefix / META).mkdir(parents=True)
    assert state_of(prefix) is State.EMPTY
    held = PrefixLock.acquire(prefix)
    assert state_of(prefix) is State.PENDING
    held.close()


@pytest.mark.parametrize("what", ["conda-meta/x", "x/conda-meta"])
def test_other_files_are_refused(tmp_path: Path, what: str) -> None:
    path = tmp_path / what
    path.parent.mkdir(exist_ok=True)
    path.write_text("mine")
    assert state_of(tmp_path) is State.OTHER


@pytest.mark.usefixtures("links")
def test_a_linked_conda_meta_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    prefix = tmp_path / "e"
    prefix.mkdir()
    (prefix / META).symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    assert state_of(prefix) is State.OTHER
    with pytest.raises(PrefixExistsError):
        PrefixLock.acquire(prefix)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_killed_commit_is_still_pending_and_can_be_taken(tmp_path: Path) -> None:
    """Sealed, and the marker not yet gone."""
    (tmp_path / META).mkdir()
    (tmp_path / SEAL).write_text("{}")
    (tmp_path / MARKER).write_text("token\n")
    held = PrefixLock.acquire(tmp_path)
    assert is_locked(tmp_path)
    with pytest.raises(PrefixLockedError):
        PrefixLock.acquire(tmp_path)
    held.close()
    assert not is_locked(tmp_path)
    assert state_of(tmp_path) is State.PENDING


@pytest.mark.usefixtures("links")
def test_a_marker_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    prefix = tmp_path / "e"
    (prefix / META).mkdir(parents=True)
    (tmp_path / "mine").write_text("precious")
    (prefix / MARKER).symlink_to(tmp_path / "mine")
    with pytest.raises(Exception, match="cannot be started"):
        PrefixLock.acquire(prefix)
    assert (tmp_path / "mine").read_text() == "precious"


def test_a_prefix_of_a_standalone_script_is_refused(tmp_path: Path) -> None:
    """It has no plan, so its files would be taken for the user's."""
    prefix = tmp_path / "e"
    (prefix / META).mkdir(parents=True)
    (prefix / MARKER).write_text("sealenv-bootstrap 0.1.0\n")
    (prefix / "python.exe").write_bytes(b"MZ")
    with pytest.raises(PrefixExistsError, match="a standalone script began"):
        PrefixLock.acquire(prefix)
    assert (prefix / "python.exe").read_bytes() == b"MZ"
