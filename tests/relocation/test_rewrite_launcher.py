"""Launchers: pip's own stubs and zipapps are spliced; uv's are refused with the command that helps."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any
from zipapp import create_archive as make_zipapp

import pip._vendor.distlib
import pytest
from pip._vendor.distlib.scripts import ScriptMaker

from sealenv.relocation.rewrite import Change, RefusedError, rewrite
from tests.relocation.places import back, rewritten

STUB = Path(str(pip._vendor.distlib.__file__)).with_name("t64.exe")
OLD, NEW = r"C:\envs\e", r"D:\my envs\é"
CHANGE = Change.between(OLD, NEW, "win-64")


def moved(content: bytes, change: Change = CHANGE) -> bytes:
    return rewritten("Scripts/tool.exe", content, change)


def archive(script: str = "print(1)\n", method: int = zipfile.ZIP_STORED) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", method) as target:
        target.writestr(zipfile.ZipInfo("__main__.py"), script, method)
    return data.getvalue()


def by_pip(program: str, folder: Path) -> bytes:
    """A launcher as pip makes it for Windows."""
    maker: Any = ScriptMaker(None, str(folder))  # type: ignore[no-untyped-call]
    maker.executable = f'"{program}"' if " " in program else program
    maker._is_nt = True
    maker.add_launchers = True
    maker._get_launcher = lambda kind: STUB.read_bytes()
    maker._build_shebang = lambda program, rest: (
        b"#!" + program + rest + b"\n"
    )  # its way on Windows
    maker.variants = {""}
    (made,) = maker.make("tool = package.module:main")
    return Path(made).read_bytes()


def main_of(launcher: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(launcher)) as packed:
        return packed.read("__main__.py")


def test_pips(tmp_path: Path) -> None:
    before = by_pip(OLD + r"\python.exe", tmp_path / "a")
    wanted = by_pip(NEW + r"\python.exe", tmp_path / "b")
    after = moved(before)
    # The archive holds the time when it was made.
    assert after[: after.rindex(b"PK\3\4")] == wanted[: wanted.rindex(b"PK\3\4")]
    assert main_of(after) == main_of(before)
    assert b"package.module" in main_of(after)
    assert moved(after) == after
    assert moved(after, back(CHANGE)) == before


@pytest.mark.parametrize("end", [b"UVSC", b"UVPY"])
def test_uvs_are_refused_with_the_command_that_makes_them_again(end: bytes) -> None:
    path = (OLD + r"\python.exe").encode()
    content = STUB.read_bytes() + archive() + path + struct.pack("<I", len(path)) + end
    with pytest.raises(RefusedError, match="uv pip install --reinstall"):
        rewrite("Scripts/x.exe", content, CHANGE)


def test_the_path_in_the_program() -> None:
    content = STUB.read_bytes() + OLD.encode() + b"\0#!python.exe\n" + archive()
    with pytest.raises(RefusedError, match="pip install --force-reinstall"):
        rewrite("Scripts/x.exe", content, CHANGE)


PLACE, LONGER = "/envs/e", "/srv/my-environments/e1"


def zipapp(folder: Path, place: str, main: str = "") -> bytes:
    """What `python -m zipapp -p` makes."""
    source = folder / "source"
    source.mkdir(parents=True)
    (source / "__main__.py").write_text(main or "import sys\nprint('ran', sys.argv[1:])\n")
    (source / "data.txt").write_text("x\n")
    target = folder / "app"
    make_zipapp(source, target, f"{place}/bin/python3")
    return target.read_bytes()


@pytest.mark.parametrize("new", [LONGER, "/x/y", "/" + "x" * 150 + "/e"])
def test_a_zip_behind_a_first_line(tmp_path: Path, new: str) -> None:
    before = zipapp(tmp_path, PLACE)
    change = Change.between(PLACE, new, "linux-64")
    after = rewritten("bin/app", before, change)
    assert f"{new}/bin/python3".encode() in after[: after.index(b"PK\3\4")]
    with zipfile.ZipFile(io.BytesIO(after)) as packed:
        assert packed.testzip() is None
    app = tmp_path / "moved"
    app.write_bytes(after)
    done = subprocess.run([sys.executable, app, "a"], capture_output=True, text=True, check=True)
    assert done.stdout == "ran ['a']\n"
    again = rewritten("bin/app", after, back(change))
    assert again.replace(b" ", b"") == before.replace(b" ", b"")


def test_a_zip_with_the_path_inside_is_left(tmp_path: Path) -> None:
    """Its sums would not fit any more, also where it is too large for a launcher."""
    stored = zipapp(tmp_path / "stored", PLACE, f"print({PLACE!r} + '/lib')\n")
    large = zipapp(tmp_path / "large", PLACE, f"# {PLACE}/x\n" + "#" * (17 << 20))
    for content in (stored, large):
        with pytest.raises(RefusedError):
            rewrite("bin/app", content, Change.between(PLACE, LONGER, "linux-64"))
