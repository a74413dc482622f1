"""Windows paths that are refused by their text alone, on every system."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sealenv.errors import UsageError
from sealenv.system.volumes import local_place, refuse_odd_place


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (r"C:env", "this form of a path"),
        (r"\\server\share\env", "this form of a path"),
        (r"\\?\C:\envs\x", "this form of a path"),
        (r"C:\con\x", "a device"),
        ("C:\\a \\x", "Windows removes"),
    ],
)
def test_odd_places_are_refused(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        refuse_odd_place(text)


@pytest.mark.parametrize("text", [r"C:\envs\x", "C:/envs/x", r"..\x", "x", r"C:\a b\x.y", r".\x"])
def test_plain_places_pass(text: str) -> None:
    refuse_odd_place(text)


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
def test_links_of_parents_are_resolved_and_no_drive_is_special(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert local_place(str(tmp_path / "link/C:env")) == tmp_path / "real/C:env"
