"""The programs of docs/examples run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sealenv.tour.channel import DemoChannel
from tests.machine import SRC, Machine

EXAMPLES = SRC.parent / "docs" / "examples"


def python(machine: Machine, *args: str, code: int = 0, **extra: str) -> str:
    """Run a program of a user on the machine; what it writes."""
    done = subprocess.run(
        [sys.executable, *args],
        env=machine.env | {"PYTHONPATH": str(SRC)} | extra,
        cwd=machine.root,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def lock(warm_machine: Machine, demo_channel: DemoChannel) -> str:
    file = "my_env.lock"
    warm_machine.run("lock", "python", "pip", "-c", demo_channel.url, "-o", file)
    return file


@pytest.mark.slow
def test_a_ci_job(warm_machine: Machine, lock: str) -> None:
    script = str(EXAMPLES / "ci_job.py")
    said = python(warm_machine, script, lock, "--", "python", "-c", "print('tested')")
    assert said.endswith("tested\n")
    assert "\nlink: " in said
    python(warm_machine, script, lock, "--", "python", "-c", "raise SystemExit(3)", code=3)
    change = "import sys; open(sys.prefix + '/left.txt', 'w').close()"
    python(warm_machine, script, lock, "--", "python", "-c", change, code=1)
    python(warm_machine, script, "nope.lock", "--", "true", code=2)


@pytest.mark.slow
def test_a_fleet(
    warm_machine: Machine, lock: str, demo_channel: DemoChannel, tmp_path: Path
) -> None:
    script = str(EXAMPLES / "fleet.py")
    digest = python(warm_machine, script, "pack", lock, "my_env.sealenv").strip()
    bundle = str(warm_machine.root / "my_env.sealenv")
    prints = set()
    for number in (1, 2):
        machine = Machine(tmp_path / f"machine{number}")
        install = (script, "install", bundle, digest, "opt/my_env")
        prints.add(python(machine, *install, HTTPS_PROXY="http://127.0.0.1:9"))
        next((machine.root / "opt/my_env/lib").rglob("pip/__init__.py")).unlink()
        prints.add(python(machine, *install))
    assert len(prints) == 1
    python(machine, script, "install", bundle, "0" * 64, "opt/other", code=1)
    assert not (machine.root / "opt/other").exists()
    warm_machine.run("lock", "python", "-c", demo_channel.url, "-o", "2.lock")
    second = python(warm_machine, script, "pack", "2.lock", "2.sealenv").strip()
    newer = str(warm_machine.root / "2.sealenv")
    # An install that ended after its create has left this.
    machine.run("create", "-p", "opt/.new-my_env", "-f", bundle, "--offline", "-y")
    assert python(machine, script, "install", newer, second, "opt/my_env") not in prints
    assert [p.name for p in (machine.root / "opt").iterdir()] == ["my_env"]


@pytest.mark.slow
def test_a_pytest_fixture(machine: Machine, lock: str) -> None:
    """A cache of its own: what is written in place reaches all that share the file."""
    project = machine.root / "project"
    project.mkdir()
    shutil.copy(EXAMPLES / "pytest_fixture.py", project / "conftest.py")
    (project / "test_it.py").write_text(
        "import sealenv\n"
        "def test_one(sealed_env):\n"
        "    (sealed_env / 'mine.txt').write_text('x')\n"
        "    sealenv.run(sealed_env, ['python', '-m', 'pip', '--version'], clean=True, check=True)\n"
        "def test_two(sealed_env):\n"
        "    assert not (sealed_env / 'mine.txt').exists()\n"
    )
    args = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "--sealenv-lock", lock, str(project))
    said = python(machine, *args, f"--basetemp={machine.root}/pt", PATH=os.environ["PATH"])
    assert "2 passed" in said
    shared = project / "test_it.py"
    shared.write_text(
        "def test_bad(sealed_env):\n"
        "    file = next((sealed_env / 'lib').rglob('pip/__init__.py'))\n"
        "    with file.open('a') as written:\n"
        "        written.write('# in place')\n"
    )
    said = python(machine, *args, f"--basetemp={machine.root}/pt", code=1)
    assert "a test changed shared files" in said
