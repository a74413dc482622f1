"""Programs: the file keeps its length, and what is not known to be free is not written to."""

from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from sealenv.portability.occurrences import Occurrence, occurrences
from sealenv.portability.rewriting.change import (
    DOES_NOT_FIT,
    NOT_UNDERSTOOD,
    Change,
    Hints,
    Refusal,
    Rewriting,
)
from sealenv.portability.rewriting.edits import Edits
from sealenv.portability.rewriting.whole import rewrite
from tests.portability.places import POSIX, changes, texts

ELF = b"\x7fELF\0\0"
OLD = "/envs/e"
LONGER = Change.between(OLD, "/data/env", "linux-64")
SHORTER = Change.between(OLD, "/e", "linux-64")


def done(content: bytes, change: Change, placeholder: int | None = None) -> bytes:
    result = rewrite("lib/x.so", content, change, Hints("binary", placeholder))
    assert isinstance(result, Rewriting), result
    assert result.in_place
    after = result.apply(content)
    copy = io.BytesIO(content)
    result.patch(copy)
    assert copy.getvalue() == after
    return after


def test_shorter() -> None:
    assert done(ELF + b"/envs/e/lib\0x", SHORTER) == ELF + b"/e/lib\0\0\0\0\0\0x"


def test_longer_into_what_was_padded() -> None:
    before = ELF + b"/envs/e/lib\0" + bytes(13) + b"x"
    assert done(before, LONGER, 20) == ELF + b"/data/env/lib\0" + bytes(11) + b"x"


def test_two_in_a_string() -> None:
    before = ELF + b"-L/envs/e/lib:/envs/e\0" + bytes(4) + b"x"
    assert done(before, LONGER, 9) == ELF + b"-L/data/env/lib:/data/env\0x"


def test_utf_16() -> None:
    before = b"MZ\0\0" + "/envs/e/x".encode("utf-16-le") + bytes(2) + bytes(4) + b"x"
    wanted = b"MZ\0\0" + "/data/env/x".encode("utf-16-le") + bytes(2) + b"x"
    assert done(before, LONGER, 9) == wanted


@pytest.mark.parametrize(
    ("tail", "placeholder", "over"),
    [
        (bytes(9) + b"x", None, 2),  # nobody says that the zeros are free
        (b"\0x", 20, 2),  # the record does, but there are none
        (bytes(9), 8, 1),  # they are, but not so many
        (b"", 20, 2),
    ],
)
def test_what_does_not_fit(tail: bytes, placeholder: int | None, over: int) -> None:
    result = rewrite("lib/x", ELF + b"/envs/e" + tail, LONGER, Hints("binary", placeholder))
    assert isinstance(result, Refusal)
    assert (result.reason, result.over) == (DOES_NOT_FIT, over)


def test_sniffed() -> None:
    result = rewrite("lib/x", ELF + b"/envs/e\0", SHORTER)
    assert isinstance(result, Rewriting)
    assert result.kind == "program"
    result = rewrite("lib/x.dylib", b"\xcf\xfa\xed\xfe/envs/e\0", SHORTER)
    assert isinstance(result, Rewriting)
    assert result.unsigned


def test_unknown_data() -> None:
    data = b"SQLite format 3\0 /envs/e/x\0"
    result = rewrite("x.db", data, SHORTER)
    assert isinstance(result, Refusal)
    assert result.reason == NOT_UNDERSTOOD
    same = rewrite("x.db", data, Change.between(OLD, "/envs/f", "linux-64"))
    assert isinstance(same, Rewriting)
    assert same.apply(data) == data.replace(b"envs/e", b"envs/f")
    zipped = b"PK\3\4\0" + data
    assert isinstance(rewrite("x.zip", zipped, LONGER), Refusal)
    nothing = rewrite("x.db", b"\0/elsewhere\0", SHORTER)
    assert isinstance(nothing, Rewriting)
    assert nothing.edits == Edits()


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_there_and_back(data: st.DataObject) -> None:
    change = data.draw(changes())
    content = ELF + data.draw(texts(change)) + bytes(400)
    # Where a string of one width runs into one of the other, nobody can say where either ends.
    assume(len({o.spelling.form.unit for o in occurrences(content, change.old)}) < 2)
    room = 255
    there = rewrite("x", content, change, Hints("binary", room))
    if isinstance(there, Refusal):
        assert (there.reason == DOES_NOT_FIT and there.over > 0) or "run into" in there.what
        return
    moved = there.apply(content)
    assert len(moved) == len(content)
    assume(not any(_bared(o, content, moved) for o in occurrences(moved, change.old)))
    assert next(occurrences(moved, change.old), None) is None
    again = rewrite("x", moved, change, Hints("binary", room))
    assert isinstance(again, Rewriting)
    assert again.edits == Edits()
    back = rewrite("x", moved, change.back(), Hints("binary", room))
    assert isinstance(back, Rewriting)
    assert back.apply(moved) == content


def test_both_widths() -> None:
    narrow = b"-L/envs/e/lib\0" + bytes(12)
    wide = "/envs/e/x".encode("utf-16-le") + bytes(2) + bytes(12)
    content = ELF + narrow + wide + narrow + b"x"
    moved = done(content, LONGER, 9)
    assert moved.count(b"-L/data/env/lib\0") == 2
    assert "/data/env/x\0".encode("utf-16-le") in moved
    assert done(moved, LONGER.back(), 9) == content


def test_strings_that_run_into_each_other() -> None:
    wide = "/envs/e/x".encode("utf-16-le")
    result = rewrite("x", ELF + wide + b"y" + wide + bytes(9), SHORTER, Hints("binary", 255))
    assert isinstance(result, Refusal)
    assert (result.reason, result.what[:9]) == (NOT_UNDERSTOOD, "at offset")


def _bared(found: Occurrence, before: bytes, after: bytes) -> bool:
    """Whether it is UTF-16 that was the end of a longer name, until a string in front was padded.

    The last byte of that string and its NUL were a letter, read as UTF-16. See what portability.md says
    of what is not found.
    """
    unit = slice(found.start - 2, found.start)
    return found.spelling.form.unit == 2 and before[unit] != after[unit]


@given(POSIX, POSIX, st.integers(1, 3))
def test_as_conda_pads(place: str, new: str, count: int) -> None:
    """A placeholder of 255 bytes, put in place by conda's rule, moved: as if it were put there."""
    try:
        change = Change.between(place, new, "linux-64")
    except ValueError:
        assume(False)
        raise
    assume(place not in new and new not in place)

    def linked(path: bytes) -> bytes:
        string = b":".join([path + b"/lib"] * count)
        return ELF + string + bytes((255 - len(path)) * count) + b"\0next"

    before = linked(place.encode())
    assume(len(list(occurrences(before, change.old))) == count)
    assert done(before, change, 255) == linked(new.encode())


def test_a_program_runs(tmp_path: Path) -> None:
    """RUNPATH and a string of a real program, where there is a compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no compiler")
    old = tmp_path / "old"
    old.mkdir()
    source = old / "x.c"
    room = len(str(old)) + 20
    source.write_text(
        f'#include <stdio.h>\nstatic const char place[{room + 7}] = "{old}/share";\n'
        "int main(void) { puts(place); return 0; }\n"
    )
    subprocess.run([compiler, "-o", old / "x", source], check=True)
    new = tmp_path / "somewhere else"
    new.mkdir()
    content = (old / "x").read_bytes()
    change = Change.between(str(old), str(new), "linux-64")
    (new / "x").write_bytes(done(content, change, room))
    (new / "x").chmod(0o755)
    printed = subprocess.run([new / "x"], check=True, capture_output=True, text=True).stdout
    assert printed == f"{new}/share\n"
