"""Temporary names of files while they are written."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealenv.system.files import PART, final_path, partial_file, temporary_path

NAMES = st.text(min_size=1, max_size=50).filter(lambda name: "/" not in name and "\0" not in name)


@given(NAMES, st.lists(NAMES, max_size=2), st.sampled_from(["", PART]))
def test_there_and_back(name: str, folders: list[str], suffix: str) -> None:
    path = "/".join([*folders, name])
    there = temporary_path(path, suffix)
    assert there.rpartition("/")[0] == path.rpartition("/")[0]
    assert final_path(there, suffix) == path
    assert final_path(there, "" if suffix else PART) is None
    assert temporary_path(path, suffix) != there


@pytest.mark.parametrize(
    ("raised", "named"),
    [(OSError(errno.ENOSPC, "full"), True), (OSError(errno.EIO, "of what is read"), False)],
)
def test_an_error_of_writing_names_the_final_file(
    raised: OSError, named: bool, tmp_path: Path
) -> None:
    path = tmp_path / "final"
    with pytest.raises(type(raised)) as caught, partial_file(path):
        raise raised
    assert caught.value is raised
    assert caught.value.filename == (str(path) if named else None)
    assert list(tmp_path.iterdir()) == []
