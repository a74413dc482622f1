"""The exec vectors of `run`."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sealenv.activation.launch import REFUSED, command, foreign_command
from tests.activation.conftest import HOSTILE, ORDERED
from tests.shells import require_shell

Vector = Callable[..., list[str]]
BOTH = pytest.mark.parametrize("vector", [command, foreign_command], ids=lambda f: f.__name__)
SHELLS = pytest.mark.parametrize("shell", ["bash", "dash"])


def start(shell: str | None) -> str | None:
    return shell and require_shell(shell)


def run(argv: list[str], env: dict[str, str], **more: object) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(argv, env=env, capture_output=True, timeout=60, **more)  # type: ignore[call-overload,no-any-return]


@BOTH
@SHELLS
def test_any_arguments(
    vector: Vector,
    shell: str | None,
    make_prefix: Callable[[str], Path],
    environ: dict[str, str],
    tmp_path: Path,
) -> None:
    prefix = make_prefix("env $(touch PWNED) 'q'")
    words = [
        "",
        " ",
        "a b",
        "$(touch PWNED)",
        "`id`",
        "*",
        "~",
        "-n",
        "--",
        "\n",
        "x\n",
        "'\"\\",
        HOSTILE,
    ]
    code = "import sys,os; os.write(1, b'\\0'.join(map(os.fsencode, sys.argv[1:])))"
    argv = vector(prefix, [sys.executable, "-I", "-c", code, *words, "\udcff"], start(shell))
    done = run(argv, environ, cwd=tmp_path)
    assert done.stderr == b""
    assert done.stdout.split(b"\0") == [os.fsencode(word) for word in [*words, "\udcff"]]
    assert not list(tmp_path.rglob("PWNED"))


@BOTH
@SHELLS
def test_the_environment(
    vector: Vector, shell: str | None, fake_prefix: Path, environ: dict[str, str]
) -> None:
    if vector is foreign_command:
        for path in [*fake_prefix.glob("activate.*"), fake_prefix / "etc/sealenv"]:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        before = sorted(fake_prefix.rglob("*"))
    done = run(vector(fake_prefix, ["env", "-0"], start(shell)), environ)
    found = dict(line.split("=", 1) for line in done.stdout.decode().split("\0") if line)
    assert done.stderr == b""
    assert found["STEPS"].split() == [f"activate:{name}" for name in ORDERED]
    assert found["CONDA_PREFIX"] == found["SEALENV_PREFIX"] == str(fake_prefix)
    assert found["BOTH"] == "state"
    assert found["HARD"] == HOSTILE
    assert found["PATH"].startswith(f"{fake_prefix}/bin:")
    if vector is foreign_command:
        assert sorted(fake_prefix.rglob("*")) == before
    done = run(vector(fake_prefix, ["python", "--x y"], start(shell)), environ)
    assert done.stdout == b"fake python --x y\n"


@BOTH
@SHELLS
def test_exit_codes_signals_and_input(
    vector: Vector, shell: str | None, fake_prefix: Path, environ: dict[str, str]
) -> None:
    def code(*argv: str, **more: str) -> int:
        return run(vector(fake_prefix, argv, start(shell)), {**environ, **more}).returncode

    assert code("sh", "-c", "exit 7") == 7
    assert code("sh", "-c", "kill -TERM $$") == -signal.SIGTERM
    assert code("no-such-command") == 127
    assert code(str(fake_prefix / "conda-meta/history")) == 126
    assert code("true", VIRTUAL_ENV="/x") == REFUSED
    (fake_prefix / "conda-meta/sealenv.pending").write_text("token\n")
    assert code("true") == REFUSED
    assert code("true", SEALENV_CHECK_TOKEN="token") == 0
    (fake_prefix / "conda-meta/sealenv.pending").unlink()
    done = run(vector(fake_prefix, ["cat"], start(shell)), environ, input=b"stdin\n")
    assert done.stdout == b"stdin\n"
    # No parent lingers: the command has the process id of the shell.
    process = subprocess.Popen(
        vector(fake_prefix, ["sh", "-c", "echo $$"], start(shell)), env=environ, stdout=-1
    )
    assert process.communicate()[0].strip() == str(process.pid).encode()


@BOTH
@pytest.mark.parametrize("shell", [None, "bash"])
def test_nothing_of_the_callers_shell_takes_over(
    vector: Vector,
    shell: str | None,
    fake_prefix: Path,
    environ: dict[str, str],
    tmp_path: Path,
) -> None:
    start_up = tmp_path / "start-up"
    start_up.write_text("echo hijack\n")
    hostile = {"BASH_ENV": str(start_up), "ENV": str(start_up), "SHELLOPTS": "xtrace:noglob"}
    for name in ("exec", ".", "shift", "printf", "[", "eval", "unset", "builtin", "export", "hash"):
        hostile[f"BASH_FUNC_{name}%%"] = "() { echo hijack; }"
    done = run(vector(fake_prefix, ["env", "-0"], start(shell)), environ | hostile)
    assert done.stderr == b""
    # The command has the variables, but not options of the shell in between.
    found = dict(line.split("=", 1) for line in done.stdout.decode().split("\0") if line)
    assert found["CONDA_PREFIX"] == str(fake_prefix)
    assert "privileged" not in found.get("SHELLOPTS", "")
