"""Temporary names of files while they are written."""

from __future__ import annotations

import errno

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealenv.system.files import PART, blame, final_path, temporary_path

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
    "path",
    ["a", ".a", ".a.txt", "a.0123456789abcdef", "..0123456789abcdef", ".a.0123456789ABCDEF",
     ".a.0123456789abcde", ".a.0123456789abcdef0", "a/.b/c.0123456789abcdef", ".a.0123456789abcdef\n"],
)  # fmt: skip
def test_other_names_are_none(path: str) -> None:
    assert final_path(path) is None


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        (OSError(errno.ENOSPC, "full"), "meant"),
        (OSError(errno.EACCES, "no", "partial"), "meant"),
        (OSError(errno.EIO, "of what is read"), None),
        (OSError(errno.EACCES, "no", "another"), "another"),
        (OSError(errno.ENOTDIR, "no", "partial", None, "meant"), "partial"),
    ],
)
def test_an_error_names_the_file_that_is_meant(raised: OSError, said: str | None) -> None:
    with pytest.raises(type(raised)) as caught, blame("meant", "partial"):
        raise raised
    assert caught.value is raised
    assert caught.value.filename == said
