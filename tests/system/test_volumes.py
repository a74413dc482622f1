"""Windows paths that are refused by their text alone, on every system."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sealenv.errors import UsageError
from sealenv.system.volumes import extended, local_place, refuse_odd_place, substituted


@pytest.mark.parametrize(
    ("text", "words", "advice"),
    [
        (r"C:env", "folder of drive C:", r"write C:\env or .\env"),
        (r"\\server\share\env", "a network path", r"net use N: \\server\share"),
        (r"\\?\C:\envs\x", "this form of a path is not supported", r"write it plainly: C:\envs\x"),
        (r"C:\con\x", "a device", "another folder"),
        ("C:\\a \\x", "Windows removes", "another folder"),
    ],
)
def test_odd_places_are_refused_with_advice(text: str, words: str, advice: str) -> None:
    with pytest.raises(UsageError) as caught:
        refuse_odd_place(text)
    assert words in caught.value.what
    assert advice in (caught.value.hint or "")


@pytest.mark.parametrize(
    "text", [r"C:\envs\x", "C:/envs/x", r"\envs\x", r"..\x", "x", r"C:\a b\x.y", r".\x"]
)
def test_plain_places_pass(text: str) -> None:
    refuse_odd_place(text)


@pytest.mark.skipif(os.name == "nt", reason="what follows is for the other systems")
def test_elsewhere_links_of_parents_are_resolved_and_no_drive_is_special(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert local_place(str(tmp_path / "link/C:env")) == tmp_path / "real/C:env"
    assert substituted("X:/a") is None
    assert extended(tmp_path) == tmp_path


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
@pytest.mark.parametrize("target", ["nowhere/at/all", "dangling"])
def test_a_broken_link_is_refused(tmp_path: Path, target: str) -> None:
    (tmp_path / "dangling").symlink_to(target)
    for name in ("dangling/env", "dangling/deeper/env"):
        with pytest.raises(UsageError, match="broken link"):
            local_place(str(tmp_path / name))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dangling"]
