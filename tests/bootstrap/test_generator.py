"""bootstrap/: what the generator writes, the releases, and what a lock may put into a script."""

from __future__ import annotations

import re
import stat
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealenv.bootstrap import SCRIPTS, differing, render, write
from sealenv.bootstrap.__main__ import main
from sealenv.bootstrap.rebuild import PinnedMicromamba, render_rebuild
from sealenv.bootstrap.releases import SUBDIRS, Releases, parse_digests, parse_version, pin_release
from sealenv.bootstrap.relocating import python_launchers, python_patch
from sealenv.errors import EngineError, SpecError, UsageError
from sealenv.gates.rules import RULES
from sealenv.locks import Lock, LockedPackage, LockedWheel
from sealenv.portability.patch import patch_bytes

DEFAULT = Releases.read().default
NONE = "0" * 64
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
    assert named == [rule.name for rule in RULES]


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


def test_every_platform_of_the_default_release_has_a_digest() -> None:
    table = Releases.read()
    assert table.sha256[table.default].keys() == set(SUBDIRS)
    for digests in table.sha256.values():
        assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in digests.values())
        assert f'"{table.default}" set "SB_EXPECTED={digests["win-64"]}"'.encode() in render(
            SCRIPTS[0]
        )
        for subdir in set(SUBDIRS) - {"win-64"}:
            line = f"{table.default}-{subdir}) sha256={digests[subdir]} ;;"
            assert line.encode() in render(SCRIPTS[2])


def test_digests() -> None:
    both = parse_digests([f"win-64={NONE}", f"linux-64=sha256:{'A' * 64}"], ["win-64", "linux-64"])
    assert both == {"win-64": NONE, "linux-64": "a" * 64}
    assert parse_digests([NONE], ["win-64"]) == {"win-64": NONE}
    for bad in (["abc"], [f"osx-64={NONE}"]):
        with pytest.raises(UsageError):
            parse_digests(bad, ["win-64"])
    with pytest.raises(UsageError):
        parse_digests([NONE], ["win-64", "linux-64"])
    with pytest.raises(UsageError):
        parse_version("latest & calc")
    with pytest.raises(EngineError, match="is not known for linux-64"):
        pin_release("2.9.1", {"win-64": NONE}, ["linux-64", "win-64"])
    assert pin_release("2.9.1", {"win-64": NONE}, ["win-64"]).version == "2.9.1-0"


# --- what a lock may put into a script ------------------------------------------------------------

HOSTILE = (
    *(
        "a b",
        "a;b",
        "a\nb",
        "$(touch evil)",
        "`x`",
        "a'b",
        'a"b',
        "a&b",
        "a|b",
        "a>b",
        "a^b",
        "a)b",
    ),
    *("é", ""),
)


@pytest.mark.parametrize("kind", ["sh", "bat"])
@pytest.mark.parametrize("field", ["fn", "sha256", "url"])
def test_hostile_packages(kind: str, field: str) -> None:
    platform = "win-64" if kind == "bat" else "linux-64"
    good = LockedPackage(
        url="https://x.org/noarch/a-1-0.conda",
        channel="https://x.org/",
        fn="a-1-0.conda",
        sha256=NONE,
        size=1,
        record={"name": "a", "version": "1", "build": "0"},
    )
    texts = [f"{getattr(good, field)}{word}" for word in HOSTILE[:-1]]
    texts += ["", "END", f"x{getattr(good, field)}\nEND"]
    if field == "url":
        texts += [
            "https://u:p@x.org/a-1-0.conda",
            "https://x.org/t/tk/a-1-0.conda",
            "ftp://x/a-1-0.conda",
        ]
    for text in texts:
        bad = msgspec.structs.replace(good, **{field: text})
        lock = Lock(platform=platform, channels=(), packages=(bad,))
        with pytest.raises(SpecError):
            render_rebuild(kind, [lock], "x", PinnedMicromamba(DEFAULT))
    lock = Lock(platform=platform, channels=(), packages=(good,))
    script = render_rebuild(kind, [lock], "my (env)", PinnedMicromamba(DEFAULT))
    assert f"a-1-0.conda {NONE} {good.url}".encode() in script
    for name in HOSTILE[1:-3]:  # names may have spaces, parentheses and letters of any script
        with pytest.raises(UsageError):
            render_rebuild(kind, [lock], name, PinnedMicromamba(DEFAULT))


@pytest.mark.parametrize("field", ["name", "version", "url"])
def test_hostile_wheels(field: str) -> None:
    wheel = LockedWheel(
        name="w", version="1.0", sha256=NONE, url="https://x.org/w-1.0-py3-none-any.whl"
    )
    package = LockedPackage(
        url="https://x.org/noarch/pip-1-0.conda",
        channel="https://x.org/",
        fn="pip-1-0.conda",
        sha256=NONE,
        size=1,
        record={"name": "pip", "version": "1", "build": "0"},
    )
    python = msgspec.structs.replace(
        package, fn="python-3-0.conda", record={"name": "python", "version": "3", "build": "0"}
    )
    lock = Lock(platform="linux-64", channels=(), packages=(package, python), wheels=(wheel,))
    script = render_rebuild("sh", [lock], "x", PinnedMicromamba(DEFAULT))
    assert f"{wheel.fn} {NONE} {wheel.url} w 1.0\n".encode() in script
    for word in HOSTILE[:-1]:
        bad = msgspec.structs.replace(wheel, **{field: f"{getattr(wheel, field)}{word}"})
        with pytest.raises(SpecError):
            render_rebuild(
                "sh", [msgspec.structs.replace(lock, wheels=(bad,))], "x", PinnedMicromamba(DEFAULT)
            )


# --- the patch: sed and python give the same bytes ---------------------------------------------

PATCHED = {b"MAMBA_EXE": b"%%~fI\\Library\\bin\\mamba.exe", b"MAMBA_ROOT_PREFIX": b"%%~fI"}
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
    for name, value in PATCHED.items():
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
