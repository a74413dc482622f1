"""Texts: each form stays that form, and the way back gives the same bytes."""

from __future__ import annotations

import io
import json
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sealenv.portability.occurrences import occurrences
from sealenv.portability.rewriting.change import NO_FORM, Change, Hints, Refusal, Rewriting
from sealenv.portability.rewriting.edits import Edit, Edits
from sealenv.portability.rewriting.text import target_of_link
from sealenv.portability.rewriting.whole import rewrite
from tests.portability.places import changes, texts

OLD, NEW = "/envs/e", "/mnt/data/my envs/é"
LINUX = Change.between(OLD, NEW, "linux-64")
C, D = "C:\\envs\\e", "D:\\my envs\\é"
WINDOWS = Change.between(C, D, "win-64")


def after(text: str, change: Change = LINUX, path: str = "share/x.txt") -> str:
    result = rewrite(path, text.encode(), change)
    assert isinstance(result, Rewriting)
    return result.apply(text.encode()).decode()


@pytest.mark.parametrize(
    ("before", "wanted"),
    [
        ("prefix=/envs/e", "prefix=/mnt/data/my envs/é"),
        ("-I/envs/e/include -L/envs/e2", "-I/mnt/data/my envs/é/include -L/envs/e2"),
        ("a:/envs/e/bin:/envs/e", "a:/mnt/data/my envs/é/bin:/mnt/data/my envs/é"),
        (PurePosixPath("/envs/e/x").as_uri(), PurePosixPath("/mnt/data/my envs/é/x").as_uri()),
        (r"\/envs\/e\/x", r"\/mnt\/data\/my envs\/\u00e9\/x"),
        ("nothing", "nothing"),
    ],
)
def test_forms_on_linux(before: str, wanted: str) -> None:
    assert after(before) == wanted
    assert after(wanted) == wanted


@pytest.mark.parametrize(
    ("before", "wanted"),
    [
        ("x=C:\\envs\\e\\bin", "x=D:\\my envs\\é\\bin"),
        ("x=c:\\ENVS\\e\\bin", "x=D:\\my envs\\é\\bin"),
        ("x=C:/envs/e/bin", "x=D:/my envs/é/bin"),
        (repr("C:\\envs\\e"), repr("D:\\my envs\\é")),
        (PureWindowsPath("C:/envs/e/x").as_uri(), PureWindowsPath("D:/my envs/é/x").as_uri()),
        ("export P=/c/envs/e/bin", "export P=/d/my envs/é/bin"),
        ("/cygdrive/c/envs/e", "/cygdrive/d/my envs/é"),
        (r"\\?\C:\envs\e", r"\\?\D:\my envs\é"),
    ],
)
def test_forms_on_windows(before: str, wanted: str) -> None:
    assert after(before, WINDOWS) == wanted
    assert after(wanted, WINDOWS) == wanted


def test_json_stays_json() -> None:
    text = json.dumps({"p": C + "\\x", "u": "file:///C:/envs/e"})
    wanted = {"p": D + "\\x", "u": "file:///D:/my%20envs/%C3%A9"}
    assert json.loads(after(text, WINDOWS)) == wanted


def test_utf_16() -> None:
    data = "\ufeffx=C:\\envs\\e\r\n".encode("utf-16-le")
    result = rewrite("x.reg", data, WINDOWS)
    assert isinstance(result, Rewriting)
    assert result.apply(data).decode("utf-16-le") == "\ufeffx=D:\\my envs\\é\r\n"


def test_a_server_has_no_letter() -> None:
    change = Change.between(C, r"\\srv\share\e", "win-64")
    result = rewrite("x", b"/c/envs/e", change)
    assert isinstance(result, Refusal)
    assert result.reason == NO_FORM


@pytest.mark.parametrize("new", ["/envs/e/sub", "/envs/e"])
def test_into_itself(new: str) -> None:
    with pytest.raises(ValueError, match="holds the old"):
        Change.between("/envs/e", new, "linux-64")


def test_links() -> None:
    assert target_of_link("/envs/e/lib/x", LINUX) == NEW + "/lib/x"
    assert target_of_link("../x", LINUX) == "../x"


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_there_and_back(data: st.DataObject) -> None:
    change = data.draw(changes())
    content = data.draw(texts(change))
    there = rewrite("x", content, change, hints := _text())
    assert isinstance(there, Rewriting)
    moved = there.apply(content)
    assert next(occurrences(moved, change.old), None) is None
    again = rewrite("x", moved, change, hints)
    assert isinstance(again, Rewriting)
    assert again.edits == Edits()
    back = rewrite("x", moved, change.back(), hints)
    assert isinstance(back, Rewriting)
    assert back.apply(moved) == content


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=8), st.binary(max_size=9))
def test_by_streams_the_same(content: bytes, cuts: list[int], new: bytes) -> None:
    places = sorted({min(cut, len(content)) for cut in cuts})
    pairs = list(zip(places[::2], places[1::2], strict=False))
    rewriting = Rewriting("text", Edits(Edit(a, b, new) for a, b in pairs))
    target = io.BytesIO()
    rewriting.apply_to(io.BytesIO(content), target)
    assert target.getvalue() == rewriting.apply(content)


def _text() -> Hints:
    return Hints(file_mode="text")
