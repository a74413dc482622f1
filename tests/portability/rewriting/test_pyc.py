"""Compiled files of every CPython that is here."""

from __future__ import annotations

import importlib.util
import os
import py_compile
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealenv.portability.rewriting.change import NOT_UNDERSTOOD, Change, Refusal, Rewriting
from sealenv.portability.rewriting.edits import Edits
from sealenv.portability.rewriting.marshalled import marks, strings
from sealenv.portability.rewriting.pyc import restamped
from sealenv.portability.rewriting.siphash import by_hand, source_hash
from sealenv.portability.rewriting.whole import rewrite

SOURCE = '''
"""A module in OLD."""
import os
PREFIX = "OLD"
B = BYTES
NESTED = ("OLD/x", {"a": ("OLD", 1.5, 2j, 1 << 100, ..., None, True, -3)}, frozenset({"OLD"}))
LONG = "OLD/" + "x" * 3
TEXT = "OLD/%s: é OLD2"

class C:
    """In OLD."""
    def f(self, x, *, y=("OLD",)):
        z = [lambda: x + y for _ in range(3)]
        return z, slice(1, 2), f"OLD/{x}"

def show():
    return [PREFIX, B, NESTED[0], sorted(NESTED[2]), TEXT, C().f(1)[2], C.__doc__]
'''
SHOW = "import sys, m; print(repr(m.show())); print(m.show.__code__.co_filename, m.__file__)"


def pythons() -> list[str]:
    """This one, and those of pyenv."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = [str(path) for path in sorted(root.glob("3.*/bin/python"))]
    return [sys.executable, *found]


def version(python: str) -> tuple[int, ...]:
    text = subprocess.run(
        [python, "-c", "import sys; print(sys.version_info[0], sys.version_info[1])"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return tuple(map(int, text.split()))


def moved(content: bytes, change: Change) -> bytes:
    result = rewrite("lib/__pycache__/m.cpython-311.pyc", content, change)
    assert isinstance(result, Rewriting), result
    assert result.kind == "pyc"
    return result.apply(content)


def compile_by(python: str, source: Path, target: Path, as_file: str) -> None:
    code = (
        "import sys, py_compile; a = sys.argv;"
        "py_compile.compile(a[1], a[2], a[3], doraise=True,"
        "invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)"
    )
    subprocess.run([python, "-c", code, source, target, as_file], check=True)


@pytest.mark.parametrize("python", pythons())
@pytest.mark.parametrize("new", ["/f", "/mnt/data/é é", "/" + "x" * 300])
def test_as_if_compiled_there(python: str, new: str, tmp_path: Path) -> None:
    """What is moved has the header of, and does the same as, what the same source gives there."""
    if version(python) < (3, 7):
        pytest.skip("its compiled files have another header")
    old = "/envs/e"
    change = Change.between(old, new, "linux-64")
    compiled = []
    for number, place in enumerate((old, new)):
        source = tmp_path / f"{number}.py"
        text = SOURCE.replace("OLD2", "x").replace("BYTES", repr(f"{place}/lib".encode()))
        source.write_text(text.replace("OLD", place), "utf-8")
        target = tmp_path / f"{number}.pyc"
        compile_by(python, source, target, place + "/lib/m.py")
        compiled.append(target.read_bytes())
    there = moved(compiled[0], change)
    again = rewrite("m.pyc", there, change)
    assert isinstance(again, Rewriting)
    assert again.edits == Edits()
    assert moved(there, change.back()) == compiled[0]
    stamped = restamped(there, (tmp_path / "1.py").read_bytes(), 0)
    assert stamped[:16] == compiled[1][:16]  # the hash of its source
    work = tmp_path / "run"
    work.mkdir()
    shown = []
    for content in (stamped, compiled[1]):
        (work / "m.pyc").write_bytes(content)
        run = subprocess.run(
            [python, "-B", "-c", SHOW], cwd=work, capture_output=True, text=True, check=True
        )
        shown.append(run.stdout)
    assert shown[0] == shown[1]
    assert old not in shown[0]


@pytest.mark.parametrize("python", pythons())
def test_every_module_of_the_standard_library(python: str, tmp_path: Path) -> None:
    """Every string is found, and nothing is left over."""
    if version(python) < (3, 7):
        pytest.skip("its compiled files have another header")
    lib = Path(
        subprocess.run(
            [python, "-c", "import os; print(os.__file__)"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
    ).parent
    files = sorted(lib.glob("__pycache__/*.pyc"))[:60]
    for path in files:
        content = path.read_bytes()
        layout = marks(content)
        assert layout
        assert any(s.data == b"<module>" for s in strings(content, layout))


def test_a_time(tmp_path: Path) -> None:
    source = tmp_path / "m.py"
    source.write_text("P = '/f'\n")
    os.utime(source, (1_700_000_000, 1_700_000_000))
    compiled = Path(py_compile.compile(str(source), str(tmp_path / "m.pyc"), doraise=True) or "")
    content = compiled.read_bytes()
    wrong = content[:8] + bytes(8) + content[16:]
    assert restamped(wrong, source.read_bytes(), 1_700_000_000) == content


@given(st.binary(max_size=100))
def test_the_hash_is_pythons(source: bytes) -> None:
    magic = importlib.util.MAGIC_NUMBER
    theirs = importlib.util.source_hash(source)
    assert source_hash(magic, source) == theirs
    rounds = (1, 3) if sys.version_info >= (3, 11) else (2, 4)
    assert by_hand(int.from_bytes(magic, "little"), source, *rounds) == theirs


@pytest.mark.parametrize(
    ("magic", "expected"),
    [
        (b"a\r\r\n", "0feef1c452279a9e"),
        (b"o\r\r\n", "4193b92a649f2ef1"),
        (b"\xa7\r\r\n", "18777484c2040a21"),
        (b"\xcb\r\r\n", "3f6e669e2760d073"),
        (b"\xf3\r\r\n", "52951c35c3eed0a8"),
    ],
    ids=["3.9", "3.10", "3.11", "3.12", "3.13"],
)
def test_the_hash_of_another_python(magic: bytes, expected: str) -> None:
    """As these CPythons gave it (`importlib.util.source_hash`)."""
    assert source_hash(magic, b"P = '/envs/e'\n").hex() == expected


@pytest.mark.parametrize("cut", [17, 40, -1])
def test_damaged(cut: int, tmp_path: Path) -> None:
    source = tmp_path / "m.py"
    source.write_text("P = '/envs/e'\nQ = 1\n")
    compiled = Path(py_compile.compile(str(source), str(tmp_path / "m.pyc"), doraise=True) or "")
    content = compiled.read_bytes()
    change = Change.between("/envs/e", "/f", "linux-64")
    broken = content[:cut] + b"/envs/e" if cut > 0 else content[:-1] + b"\x01/envs/e"
    result = rewrite("m.pyc", broken, change)
    assert isinstance(result, Refusal)
    assert result.reason == NOT_UNDERSTOOD
    unknown = b"\x01\x00" + content[2:]
    assert isinstance(rewrite("m.pyc", unknown, change), Refusal)


@given(st.binary(max_size=300))
def test_any_bytes(rest: bytes) -> None:
    """It refuses, whatever it is: it never raises."""
    content = importlib.util.MAGIC_NUMBER + bytes(12) + rest + b"/envs/e"
    rewrite("m.pyc", content, Change.between("/envs/e", "/f", "linux-64"))
