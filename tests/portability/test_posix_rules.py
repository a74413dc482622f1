"""What `audit --fix` makes of a file on POSIX, in the programs that read it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealenv.portability.patch import POSIX_RULES, patch_bytes

PREFIX = Path("/opt/my envs/e")
CODE = b"import sys\nfrom tool.cli import app\n\nif __name__ == '__main__':\n    sys.exit(app.main())\n"
LONG = b"""#!/bin/sh
'''exec' "/opt/my envs/e/bin/python3.12" "$0" "$@"
' '''
"""


def made(content: bytes, path: str = "bin/tool", prefix: Path = PREFIX) -> bytes:
    after = patch_bytes(path, content, prefix, platform="linux-64")
    assert patch_bytes(path, after, prefix, platform="linux-64") == after
    return after


@pytest.mark.parametrize("options", [b"", b" -s", b" -I -X=utf8"])
def test_entry_points(options: bytes) -> None:
    short = b"#!/opt/my envs/e/bin/python3.12" + options + b"\n" + CODE
    after = made(short)
    first = b'#!/bin/sh\n\'\'\'exec\' "$(dirname -- "$(realpath -- "$0")")"/python3.12' + options
    assert after == first + b" \"$0\" \"$@\"\n' '''\n" + CODE
    if not options:
        assert made(LONG + CODE) == after


@pytest.mark.parametrize(
    "content",
    [
        b"#!/opt/my envs/e2/bin/python\n" + CODE,
        b"#!/usr/bin/env python\n" + CODE,
        b"#!/opt/my envs/e/bin/perl\n" + CODE,
        b"#!/opt/my envs/e/bin/sub/python\n" + CODE,
        b"#!/opt/my envs/e/bin/python\nprint('a program of its own')\n",
        b"#!/opt/my envs/e/bin/python\n" + CODE + b"# " + b"x" * 9000,
        b"\x7fELF /opt/my envs/e/bin/python\n" + CODE,
        b"",
    ],
)
def test_anything_else_is_left(content: bytes) -> None:
    assert made(content) == content


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes(content: bytes) -> None:
    for rule in POSIX_RULES:
        path = rule.pattern.replace("*", "tool")
        assert made(content, path) == content
        made(b"#!/opt/my envs/e/bin/python\n" + content + CODE, path)


def test_a_script_starts_what_lies_beside_it(tmp_path: Path) -> None:
    folder = tmp_path / "a $(b) 'c' \"d\"" / "bin"
    folder.mkdir(parents=True)
    interpreter = folder / "python"
    interpreter.write_text('#!/bin/sh\necho "$@"\n')
    interpreter.chmod(0o755)
    script = folder / "tool"
    script.write_bytes(made(b"#!/opt/my envs/e/bin/python -s\n" + CODE))
    script.chmod(0o755)
    done = subprocess.run([script, "a b", "$x"], capture_output=True, text=True, check=True)
    assert done.stdout == f"-s {script} a b $x\n"
    compile(script.read_bytes(), "tool", "exec")


def test_conda_hook_ps1() -> None:
    before = (
        b'$Env:CONDA_EXE = "/opt/my envs/e/bin/conda"\n$Env:_CE_M = $null\n'
        b'$Env:_CONDA_ROOT = "/opt/my envs/e"\n$Env:CONDA_PYTHON_EXE = "/opt/my envs/e/bin/python"\n'
        b'$Env:_CONDA_EXE = "/opt/my envs/e2/bin/conda"\n'
    )
    assert made(before, "shell/condabin/conda-hook.ps1") == (
        b'$Env:CONDA_EXE = "$PSScriptRoot/../../bin/conda"\n$Env:_CE_M = $null\n'
        b'$Env:_CONDA_ROOT = "$PSScriptRoot/../.."\n'
        b'$Env:CONDA_PYTHON_EXE = "$PSScriptRoot/../../bin/python"\n'
        b'$Env:_CONDA_EXE = "/opt/my envs/e2/bin/conda"\n'
    )


def test_conda_fish(tmp_path: Path) -> None:
    before = (
        b'set -gx CONDA_EXE "/opt/my envs/e/bin/conda"\nset _CONDA_ROOT "/opt/my envs/e"\n'
        b"echo $CONDA_EXE $_CONDA_ROOT\n"
    )
    after = made(before, "etc/fish/conf.d/conda.fish")
    assert b"/opt" not in after
    fish = shutil.which("fish")
    if fish is None:
        pytest.skip("no fish")
    place = tmp_path / "a (b) 'c'"
    script = place / "etc/fish/conf.d/conda.fish"
    script.parent.mkdir(parents=True)
    script.write_bytes(after)
    done = subprocess.run(
        [fish, "--no-config", "-c", "source conda.fish"], cwd=script.parent,
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == f"{place}/bin/conda {place}\n"
