"""What a profile leaves in a shell: set by the real shell's own file, in a HOME of the test."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.machine import Machine
from tests.shells import require_shell

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="profiles of POSIX shells")

EXPORT = "export PIP_USER=1 PIP_TARGET=/elsewhere\n"
PROFILES = {
    "bash": (".bashrc", EXPORT, ["bash", "-i", "-c"]),
    "zsh": (".zshrc", EXPORT, ["zsh", "-i", "-c"]),
    "fish": (
        ".config/fish/config.fish",
        "set -gx PIP_USER 1\nset -gx PIP_TARGET /elsewhere\n",
        ["fish", "-c"],
    ),
    "tcsh": (
        ".tcshrc",
        "setenv PIP_USER 1\nsetenv PIP_TARGET /elsewhere\n",
        ["tcsh", "-c"],
    ),
    "xonsh": (
        ".xonshrc",
        "$PIP_USER = '1'\n$PIP_TARGET = '/elsewhere'\n",
        ["xonsh", "-i", "-c"],
    ),
    "nu": (
        ".config/nushell/env.nu",
        "$env.PIP_USER = '1'\n$env.PIP_TARGET = '/elsewhere'\n",
        ["nu", "--env-config", "ENV_FILE", "-c"],
    ),
}


@pytest.mark.parametrize("shell", sorted(PROFILES))
def test_what_a_profile_exports_is_found(shell: str, tmp_path: Path) -> None:
    machine = Machine(tmp_path / "machine")
    name, content, words = PROFILES[shell]
    program = require_shell(shell)
    profile = tmp_path / name
    profile.parent.mkdir(parents=True, exist_ok=True)
    profile.write_text(content)
    caller = tmp_path / "doctor.sh"
    caller.write_text(
        f"#!/bin/sh\nexec {shlex.join(machine.command('doctor', '--only', 'shell', '--json'))}\n"
    )
    caller.chmod(0o755)
    words = [str(program), *(w.replace("ENV_FILE", str(profile)) for w in words[1:]), str(caller)]
    done = subprocess.run(
        words,
        env=machine.env | {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / ".config")},
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,  # no job control of this terminal
    )
    assert "{" in done.stdout, done.stderr
    found = json.loads(done.stdout[done.stdout.index("{") : done.stdout.rindex("}") + 1])
    assert [finding["name"] for finding in found["shell"]["findings"]] == ["PIP_TARGET", "PIP_USER"]
