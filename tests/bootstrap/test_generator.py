"""bootstrap/: what the generator writes, the table of releases, and the maintainer's command."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealenv.bootstrap import SCRIPTS, differing, render, write
from sealenv.bootstrap.__main__ import main
from sealenv.bootstrap.pin import pin
from sealenv.bootstrap.releases import SUBDIRS, TABLE, Releases
from sealenv.bootstrap.relocating import python_launchers, python_patch
from sealenv.errors import DigestError, FetchError, UsageError
from sealenv.gates.rules import RULES as GATE
from sealenv.portability.patch import patch_bytes
from tests.channel import ChannelServer

ROOT = Path(__file__).parents[2]


def test_the_folder_is_what_the_generator_writes() -> None:
    assert differing(ROOT / "bootstrap") == [], "run: python -m sealenv.bootstrap"
    assert main([str(ROOT / "bootstrap"), "--check"]) == 0


def test_a_changed_script_is_noticed(tmp_path: Path) -> None:
    assert main([str(tmp_path)]) == 0
    assert differing(tmp_path) == []
    (tmp_path / "get_sed.bat").write_bytes(render("get_sed.bat") + b"\r\n")
    (tmp_path / "micromamba_bootstrap.sh").unlink()
    assert differing(tmp_path) == ["get_sed.bat", "micromamba_bootstrap.sh"]
    assert main([str(tmp_path), "--check"]) == 1


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
    named = re.findall(r"^(?:call :)?gate (\w+) ", render(name).decode().replace("\r", ""), re.M)
    original = ["PYTHON_ENVS"] if name.endswith(".bat") else []  # its script refused then, too
    assert named == [*(variable.name for variable in GATE), *original]


def test_every_label_that_is_called_is_there() -> None:
    for name in ("Micromamba_bootstrap.bat", "get_sed.bat"):
        text = render(name).decode().replace("\r", "")
        labels = re.findall(r"^:(\w+)$", text, re.M)
        assert len(labels) == len(set(labels))
        assert set(re.findall(r"(?:call|goto) :(\w+)", text)) <= set(labels)


def test_windows_programs_are_started_by_full_path() -> None:
    """Another folder's curl, certutil, findstr, xcopy or where is never asked for by name alone."""
    for name in ("Micromamba_bootstrap.bat", "get_sed.bat"):
        for line in render(name).decode().splitlines():
            if not line.startswith(("rem ", "echo", "  echo", "  call :fail", "call :fail")):
                bare = r"(?:^|[&|(]|do|else) *(curl|certutil|findstr|xcopy|where|cmd)(\.exe)? "
                assert not re.search(bare, line), line


def test_the_table_ships_without_what_nobody_verified() -> None:
    table = Releases.read()
    assert table.sha256 == {}
    assert table.default.split("-")[0] not in table.known_bad
    assert {"2.6.0", "2.9.0"} <= set(table.known_bad)


def test_digests_of_the_table_reach_the_scripts() -> None:
    table = Releases("2.8.1-1", {}, {"2.8.1-1": {"win-64": "a" * 64, "linux-64": "b" * 64}})
    assert f'"2.8.1-1" set "SB_EXPECTED={"a" * 64}"'.encode() in render(SCRIPTS[0], table)
    assert f"2.8.1-1:linux-64) expected={'b' * 64} ;;".encode() in render(SCRIPTS[2], table)


@pytest.mark.parametrize(
    "fields",
    [
        {"default": "2.8.1 & calc"},
        {"known_bad": {"2.6.0": "x%PATH%"}},
        {"known_bad": {'"': "x"}},
        {"sha256": {"2.8.1-1": {"win-64": "abc"}}},
        {"sha256": {"2.8.1-1": {"win-65": "a" * 64}}},
    ],
)
def test_a_table_that_cannot_be_written_into_a_script(
    fields: dict[str, object], tmp_path: Path
) -> None:
    path = tmp_path / "releases.json"
    path.write_text(json.dumps(json.loads(TABLE.read_text()) | fields))
    with pytest.raises(UsageError):
        Releases.read(path)


# --- pin --------------------------------------------------------------------------------------


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return Path(shutil.copy(TABLE, tmp_path / "releases.json"))


def upstream(folder: Path, version: str) -> None:
    place = folder / "download" / version
    place.mkdir(parents=True)
    for subdir in SUBDIRS:
        (place / f"micromamba-{subdir}").write_bytes(subdir.encode())
        digest = hashlib.sha256(subdir.encode()).hexdigest()
        (place / f"micromamba-{subdir}.sha256").write_text(digest)


def test_pin_writes_what_it_compared(tmp_path: Path, table: Path) -> None:
    upstream(tmp_path, "2.9.1-0")
    said: list[str] = []
    with ChannelServer(tmp_path) as server:
        pin("2.9.1", base=server.base, table=table, say=said.append)
        pin("2.9.1-0", base=server.base, table=table, say=said.append)
    pinned = Releases.read(table).sha256["2.9.1-0"]
    assert pinned == {s: hashlib.sha256(s.encode()).hexdigest() for s in SUBDIRS}
    assert len(said) == 2 * len(SUBDIRS)


def test_pin_refuses_what_does_not_agree(tmp_path: Path, table: Path) -> None:
    upstream(tmp_path, "2.9.1-0")
    place = tmp_path / "download" / "2.9.1-0"
    before = table.read_bytes()
    with ChannelServer(tmp_path) as server:
        server.fail("*osx-64", flip=True)
        with pytest.raises(DigestError):
            pin("2.9.1", base=server.base, table=table, say=lambda text: None)
        server.heal()
        server.fail("*.sha256", truncate=0, honest=True)
        with pytest.raises(DigestError):
            pin("2.9.1", base=server.base, table=table, say=lambda text: None)
        server.heal()
        server.fail("*win-64", truncate=2)
        with pytest.raises((FetchError, DigestError)):
            pin("2.9.1", base=server.base, table=table, say=lambda text: None)
        server.heal()
        with pytest.raises(FetchError):
            pin("2.9.2", base=server.base, table=table, say=lambda text: None)
        with pytest.raises(UsageError):
            pin("latest", base=server.base, table=table, say=lambda text: None)
        assert table.read_bytes() == before
        pin("2.9.1", base=server.base, table=table, say=lambda text: None)
        # Upstream replaces the executable and its digest.
        (place / "micromamba-win-64").write_bytes(b"other")
        (place / "micromamba-win-64.sha256").write_text(hashlib.sha256(b"other").hexdigest())
        with pytest.raises(DigestError, match="changed since it was pinned"):
            pin("2.9.1", base=server.base, table=table, say=lambda text: None)


# --- the patch: sed and python give the same bytes ---------------------------------------------

RULES = {b"MAMBA_EXE": b"%%~fI\\Library\\bin\\mamba.exe", b"MAMBA_ROOT_PREFIX": b"%%~fI"}
LINES = st.sampled_from(
    [
        b'@SET "MAMBA_EXE=C:/a b/Library/bin/mamba.exe"',
        b'@SET "MAMBA_EXE=x" & "y"',
        b'@SET "MAMBA_ROOT_PREFIX=Z:\\a&b\\J\xc3\xbcrgen"',
        b'@SET "MAMBA_ROOT_PREFIX="',
        b'@SET "MAMBA_EXE=unfinished',
        b'@SET "MAMBA_EXE=x" ',
        b' @SET "MAMBA_EXE=x"',
        b'@set "MAMBA_EXE=x"',
        b'@SET "MAMBA_EXES=x"',
        b'@FOR %%I IN ("%~dp0..") DO @SET "MAMBA_EXE=%%~fI\\Library\\bin\\mamba.exe"',
        b"@IF [%1]==[activate]",
        b"a\rb",
        b"\\1 & \\n $",
        b"",
    ]
)


def reference(text: bytes) -> bytes:
    lines = text.replace(b"\r\n", b"\n").split(b"\n")
    for name, value in RULES.items():
        new = b'@FOR %%I IN ("%~dp0..") DO @SET "' + name + b"=" + value + b'"'
        rule = re.compile(b'@SET "' + name + b'=[^"\n]*"')
        lines = [new if rule.fullmatch(line) else line for line in lines]
    return b"\r\n".join(lines)


def by_python(text: bytes, folder: Path) -> bytes:
    (folder / "in").write_bytes(text)
    command = [sys.executable, "-I", "-c", python_patch(), str(folder / "in"), str(folder / "out")]
    subprocess.run(command, check=True)
    return (folder / "out").read_bytes()


def by_sed(text: bytes) -> bytes:
    script = render("Micromamba_bootstrap.bat").decode()
    (line,) = re.findall('^if defined SB_SED "%SB_SED%" -b -z (.*) "%~1" >', script, re.M)
    steps = re.findall('-e "([^"]*)"', line)
    command = ["sed", "-b", "-z", *(word for step in steps for word in ("-e", step))]
    return subprocess.run(command, input=text, capture_output=True, check=True).stdout


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(LINES, st.sampled_from([b"\n", b"\r\n"])), max_size=6), st.booleans())
def test_sed_and_python_give_the_same_bytes(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[tuple[bytes, bytes]], ended: bool
) -> None:
    text = b"".join(line + end for line, end in pieces)
    text = text if ended else text.rstrip(b"\r\n")
    expected = reference(text)
    assert reference(expected) == expected
    assert by_python(text, tmp_path_factory.mktemp("patch")) == expected
    if expected != text.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"):
        # A line was patched: what sealenv itself makes of such a file.
        assert patch_bytes("condabin/mamba.bat", text, Path("C:/x")) == expected
    if text and sys.platform == "linux":
        assert by_sed(text) == expected


def test_scripts_of_launchers(tmp_path: Path) -> None:
    prefix = tmp_path / "a [b] c"
    there = str(prefix).encode()
    files = {
        "Scripts/conda-script.py": (there + b"/python.exe", b"python.exe"),
        "Scripts/quoted-script.py": (b'"' + there + b'\\pythonw.exe" -E', b"pythonw.exe -E"),
        "Scripts/other-script.py": (b"C:/another/python.exe", b"C:/another/python.exe"),
        "Scripts/plain.py": (there + b"/python.exe", there + b"/python.exe"),
        "Library/bin/mamba-script.py": (there + b"/python.exe", b'"' + there + b'/python.exe"'),
        "Library/bin/sh-script.py": (b"/usr/bin/env python", b"/usr/bin/env python"),
    }
    for name, (old, _) in files.items():
        path = prefix / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"#!" + old + b"\nimport sys\n")
    for _ in range(2):
        subprocess.run([sys.executable, "-I", "-c", python_launchers(), str(prefix)], check=True)
        for name, (old, new) in files.items():
            assert (prefix / name).read_bytes() == b"#!" + new + b"\nimport sys\n", name
            if name.startswith("Scripts/"):
                before = b"#!" + old + b"\nimport sys\n"
                assert patch_bytes(name, before, prefix) == (prefix / name).read_bytes()
