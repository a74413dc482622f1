"""Statuses that helpers compare in one piece, which they read in a file of ours where there is one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sealenv.system import reader
from sealenv.system.helper import Helper
from sealenv.system.readers import Readers


@pytest.fixture
def names(tmp_path: Path) -> list[str]:
    folder = tmp_path / "tree"
    folder.mkdir()
    for number in range(900):
        (folder / f"f {number} ü").write_bytes(bytes(number))
    return [os.fsencode(folder / f"f {n} ü").decode("utf-8", "surrogateescape") for n in range(900)]


class Asking(Readers):
    """So few are worth no helper: they have one all the same."""

    def __init__(self, processors: int) -> None:
        super().__init__(processors)
        self._helpers += [Helper() for _ in range(processors - 1)]

    def _grown(self, cost: int) -> list[Helper]:
        return self._helpers


def in_file(path: Path, paths: bytes, expected: bytes) -> reader.Source:
    """Both, in a file with other things around them."""
    path.write_bytes(b"".join((b"head", expected, b"between", paths, b"behind")))
    return os.fsencode(path), reader.identity(path.stat()), 4 + len(expected) + 7, 4


@pytest.mark.parametrize("processors", [1, 2, 3, 8])
@pytest.mark.parametrize("count", [1, 2, 7, 900])
@pytest.mark.parametrize("parts", [False, True])
def test_they_are_compared_in_one_piece(
    names: list[str], tmp_path: Path, processors: int, count: int, parts: bool
) -> None:
    """Each with its own: the shares are parts of the one piece, some of them empty."""
    del names[count:]
    expected = [reader.status_of(path) for path in names]
    root = os.path.join(os.path.dirname(names[0]), "")
    paths = "\0".join(path[len(root) :] for path in names).encode("utf-8", "surrogateescape")
    other = bytes(reader.STATUS.size)
    with Asking(processors) as some:
        for odd in {None, 0, count // 2, count - 1}:
            wanted = b"".join(other if n == odd else status for n, status in enumerate(expected))
            where = in_file(tmp_path / f"table {odd}", paths, wanted) if parts else None
            found = some.statuses_compared(root, paths, wanted, where).finish()
            assert found == [status if n == odd else None for n, status in enumerate(expected)]
            assert not any(helper._gone for helper in some._helpers)


def test_helpers_go_by_the_file_that_we_have_read(names: list[str], tmp_path: Path) -> None:
    """Another one in its place, or more in it, or none: then it is all done here."""
    expected = b"".join(reader.status_of(path) for path in names)
    root = os.path.join(os.path.dirname(names[0]), "")
    paths = "\0".join(path[len(root) :] for path in names).encode("utf-8", "surrogateescape")
    for number in range(4):
        table = tmp_path / f"table {number}"
        source = in_file(table, paths, expected)
        if number == 0:
            table.rename(tmp_path / "old")
            table.write_bytes((tmp_path / "old").read_bytes()[::-1])
        elif number == 1:
            with table.open("ab") as file:
                file.write(b"more")
        elif number == 2:
            table.unlink()
        with Asking(3) as some:
            assert some.statuses_compared(root, paths, expected, source).finish() == [None] * 900
            if number < 3:
                for helper in some._helpers:
                    assert helper._process
                    assert helper._process.wait(60) == 3


def test_no_path_has_no_status() -> None:
    with Readers(2) as some:
        assert some.statuses_compared("", b"", b"").finish() == []


@pytest.mark.parametrize("processors", [1, 2])
def test_no_status_of_what_leads_outside(tmp_path: Path, processors: int) -> None:
    """Whoever handed the names over: neither we nor a helper asks."""
    (tmp_path / "here").mkdir()
    (tmp_path / "outside").write_text("x")
    names = [b"a", b"../outside", b"b", b"./a", str(tmp_path / "outside").encode(), b"", b"c/"]
    for name_ in "abc":
        (tmp_path / "here" / name_).write_text("x")
    root = f"{tmp_path}/here/"
    with Asking(processors) as some:
        expected = bytes(reader.STATUS.size * len(names))
        found = some.statuses_compared(root, b"\0".join(names), expected).finish()
        assert [number for number, answer in enumerate(found) if isinstance(answer, OSError)] == [
            1, 3, 4, 5, 6,
        ]  # fmt: skip
        assert [found[0], found[2]] == [reader.status_of(root + name_) for name_ in "ab"]
