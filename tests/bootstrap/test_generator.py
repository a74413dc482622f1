"""bootstrap/: what the generator writes, the releases, and what a lock may put into a script."""

from __future__ import annotations

import re
import stat
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from sealenv.bootstrap import SCRIPTS, render, write
from sealenv.bootstrap.rebuild import render_rebuild
from sealenv.bootstrap.scripts import PINNED
from sealenv.errors import SpecError, UsageError
from sealenv.gates.rules import RULES
from sealenv.locks import Lock, LockedPackage, LockedWheel
from sealenv.prefix.patches import patch_bytes
from tests.locking import made_up

NONE = "0" * 64
ROOT = Path(__file__).parents[2]


def test_the_folder_is_what_the_generator_writes() -> None:
    old = [name for name in SCRIPTS if (ROOT / "bootstrap" / name).read_bytes() != render(name)]
    assert old == [], "run: python -m sealenv.bootstrap"


@pytest.mark.parametrize("name", SCRIPTS)
def test_bytes(name: str, tmp_path: Path) -> None:
    data = render(name)
    assert data.isascii()
    assert b"__SEALENV" not in data
    lines = data.split(b"\n")
    if name.endswith(".bat"):
        assert all(line.endswith(b"\r") for line in lines[:-1])
        assert all(len(line) < 8000 for line in lines)  # cmd.exe takes 8191
    else:
        assert b"\r" not in data
        write(tmp_path)
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) & 0o111 or sys.platform == "win32"


@pytest.mark.parametrize("name", ["Micromamba_bootstrap.bat", "micromamba_bootstrap.sh"])
def test_the_gate_is_the_one_table(name: str) -> None:
    text = render(name).decode()
    always = re.search(
        r"^for .* in \(?([A-Z_ ]+)\)?(?: do call :gate|; do\n    eval \"gate)", text, re.M
    )
    assert always
    named = re.findall(r"^(?:call :)?gate (\w+) ", text, re.M)
    assert {*always[1].split(), *named} == {rule.name for rule in RULES}


def test_every_label_that_is_called_is_there() -> None:
    for name in ("Micromamba_bootstrap.bat", "get_sed.bat"):
        text = render(name).decode().replace("\r", "")
        labels = re.findall(r"^:(\w+)$", text, re.M)
        assert len(labels) == len(set(labels))
        assert set(re.findall(r"(?:call|goto) :(\w+)", text)) <= set(labels)


# --- what a lock may put into a script ------------------------------------------------------------

HOSTILE = ("a b", "a;b", "a\nb", "$(touch evil)", "a'b", 'a"b', "a&b", "a^b", "a)b", "é", "\nEND")
PACKAGES = (made_up("pip", sha256=NONE), made_up("python", sha256=NONE))
WHEEL = LockedWheel(
    name="w", version="1.0", sha256=NONE, url="https://x.org/w-1.0-py3-none-any.whl"
)


def script(kind: str, package: LockedPackage, wheel: LockedWheel, name: str = "x") -> bytes:
    lock = Lock(
        platform="win-64" if kind == "bat" else "linux-64",
        channels=(),
        packages=(package, *PACKAGES[1:]),
        wheels=(wheel,),
    )
    return render_rebuild(kind, [lock], name, PINNED)


@pytest.mark.parametrize("kind", ["sh", "bat"])
def test_hostile_text_of_a_lock(kind: str) -> None:
    package = PACKAGES[0]
    text = script(kind, package, WHEEL, "my (env)").decode()
    listed = package.fn.replace(".conda", " .conda") if kind == "bat" else package.fn
    assert f"{listed} {NONE} {package.url}" in text
    assert f"{WHEEL.fn} {NONE} {WHEEL.url} w 1.0" in text
    urls = (
        "https://u:p@x.org/a-1-0.conda",
        "https://x.org/t/tk/a-1-0.conda",
        "ftp://x/a-1-0.conda",
    )
    values = {
        field: [f"{getattr(package, field)}{word}" for word in HOSTILE] for field in ("fn", "url")
    }
    for field, texts in (values | {"sha256": ["", f"{NONE}\nEND"]}).items():
        for bad in (*texts, *(urls if field == "url" else ())):
            with pytest.raises(SpecError):
                script(kind, msgspec.structs.replace(package, **{field: bad}), WHEEL)
    for field in ("name", "version", "url"):
        for word in HOSTILE:
            bad = f"{getattr(WHEEL, field)}{word}"
            with pytest.raises(SpecError):
                script(kind, package, msgspec.structs.replace(WHEEL, **{field: bad}))
    for name in ("a;b", "$(touch evil)", "a'b", "a&b", "a^b"):  # parentheses may be in a name
        with pytest.raises(UsageError):
            script(kind, package, WHEEL, name)


# --- the patch that a .bat makes, and sealenv's own -----------------------------------------------


def run_program(prefix: Path) -> subprocess.CompletedProcess[bytes]:
    """The Python program at the end of the .bat, as the .bat runs it."""
    script = prefix / "script.bat"
    script.write_bytes(render("Micromamba_bootstrap.bat"))
    command = re.search(rb'-I -c "(import sys; [^"]*)"', script.read_bytes())
    assert command
    words = [sys.executable, "-I", "-c", command[1].decode(), str(script), str(prefix)]
    return subprocess.run(words, capture_output=True, check=False)


def test_the_patch_is_the_one_of_sealenv(tmp_path: Path) -> None:
    prefix = tmp_path / "a b"
    there = str(prefix).encode()
    lines = [
        b"@REM a mamba.bat",
        b'@SET "MAMBA_EXE=C:/a b/Library/bin/mamba.exe"',
        b'@SET "MAMBA_ROOT_PREFIX=Z:\\a&b\\J\xc3\xbcrgen"',
        b'@SET "MAMBA_EXE=x" & "y"',
        b'@SET "MAMBA_EXES=x"',
        b"@IF [%1]==[activate] \\1 & \\n $",
        b"",
    ]
    files = {
        "condabin/mamba.bat": b"\n".join(lines),
        "condabin/mamba_hook.bat": b"\r\n".join(lines[:2]),
    }
    files["Scripts/conda-script.py"] = b"#!" + there + b"/python.exe\nimport sys\n"
    for name, text in files.items():
        path = prefix / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)
    done = run_program(prefix)
    assert done.returncode == 0, done.stderr
    for name, text in files.items():
        expected = patch_bytes(name, text, prefix).replace(b"\r\n", b"\n")
        ends = b"\r\n" if name.endswith(".bat") else b"\n"
        assert (prefix / name).read_bytes() == expected.replace(b"\n", ends)
        assert expected != text
    (prefix / "condabin" / "mamba.bat").write_text("@SET MAMBA_EXE=x\n")  # a mamba that has changed
    assert b"has no line that can be patched" in run_program(prefix).stderr
