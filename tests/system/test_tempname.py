"""Names that files have while they are written."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealenv.system.files import replace_like, write_atomic
from sealenv.system.partial import partial_file
from sealenv.system.tempname import PART, final_path, temporary_path, told_of

NAMES = st.text(min_size=1, max_size=50).filter(lambda name: "/" not in name and "\0" not in name)


@given(NAMES, st.lists(NAMES, max_size=2), st.sampled_from(["", PART]))
def test_there_and_back(name: str, folders: list[str], suffix: str) -> None:
    path = "/".join([*folders, name])
    there = temporary_path(path, suffix)
    assert there.rpartition("/")[0] == path.rpartition("/")[0]
    assert final_path(there, suffix) == path
    assert final_path(there, "" if suffix else PART) is None
    assert temporary_path(path, suffix) != there


@pytest.mark.skipif(os.name == "nt", reason="names are counted in bytes")
@pytest.mark.parametrize(
    "name", ["n" * 255, "n" * 233, "\N{GRINNING FACE}" * 63 + "abc", "é" * 127]
)
def test_a_name_without_room_for_more(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("old")
    replace_like(os.fspath(path), b"new", path.stat())
    with partial_file(path) as file:
        file.write(b"newer")
    write_atomic(path, b"newest")
    assert [p.name for p in tmp_path.iterdir()] == [name]
    assert path.read_text() == "newest"
    there = os.path.basename(temporary_path(name, PART))
    assert len(os.fsencode(there)) <= 255
    there.encode()


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
    with pytest.raises(type(raised)) as caught, told_of("meant", "partial"):
        raise raised
    assert caught.value is raised
    assert caught.value.filename == said
