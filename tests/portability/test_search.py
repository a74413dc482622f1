"""The first look into files: whatever holds a place is hit."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sealenv.portability import search
from sealenv.portability.search import Search
from sealenv.portability.spellings import spellings

E = spellings("/envs/e", "linux-64")


def test_a_match_across_windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "_WINDOW", 128)
    path = tmp_path / "file"
    for before in range(300):
        path.write_bytes(b"-" * before + b"/envs/e" + b"-" * 40)
        assert Search([E]).hits(os.fspath(path)), before
        assert not Search([spellings("/envs/f", "linux-64")]).hits(os.fspath(path)), before


def test_any_of_several_and_either_case_on_windows(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"in C:\\ENVS\\E\\bin")
    windows = spellings("C:\\envs\\e", "win-64")
    assert Search([E, windows]).hits(os.fspath(path))
    assert not Search([E]).hits(os.fspath(path))


@pytest.mark.skipif(os.name == "nt", reason="no FIFO there")
def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to("file")
    for name in ("fifo", "link", "gone"):
        with pytest.raises(OSError, match=r"regular|Too many|No such"):
            Search([E]).hits(os.fspath(tmp_path / name))
