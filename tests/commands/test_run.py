"""`run`: the command's own exit code, stdin and signals; refusals are 125 to 127."""

from __future__ import annotations

import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sealenv.tour.channel import DemoChannel
from tests.machine import Machine


@pytest.fixture(scope="module")
def used(
    tmp_path_factory: pytest.TempPathFactory, warm_cache: Path, demo_channel: DemoChannel
) -> Machine:
    """A machine with one environment `e`; these tests only use it."""
    machine = Machine(tmp_path_factory.mktemp("run"), cache=warm_cache)
    machine.create("e", demo_channel, "--no-pyc")
    return machine


@pytest.mark.parametrize(
    "argument",
    ["", "$(id) *", "a'b\"c", "a\nb", "-x"],
)
def test_arguments_arrive_as_they_are(used: Machine, argument: str) -> None:
    program = "import sys; sys.stdout.buffer.write(sys.argv[1].encode())"
    done = used.run("run", "e", "--", "python", "-c", program, argument)
    assert done.stdout == argument


def test_it_is_exec_and_signals_are_the_commands_own(used: Machine) -> None:
    process = used.start("run", "e", "--", "sh", "-c", "echo $$; read line")
    assert process.stdout is not None
    assert int(process.stdout.readline()) == process.pid
    process.communicate()
    process = used.start("run", "e", "--", "sh", "-c", "echo ready; exec sleep 60")
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert process.returncode == -signal.SIGTERM


def test_a_dirty_shell_is_refused_with_the_list(used: Machine) -> None:
    # The interpreter of these tests would obey PYTHONPATH itself.
    command = used.command("run", "e", "--", "true")
    command[1:1] = ["-E"]
    env = used.env | {"CONDA_PREFIX": "/opt/conda", "PYTHONPATH": "/somewhere"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 125
    assert "CONDA_PREFIX=/opt/conda" in done.stderr
    assert "PYTHONPATH=/somewhere" in done.stderr
    assert "--clean" in done.stderr


def test_clean_starts_from_a_clean_environment(used: Machine) -> None:
    program = "import os; print(os.environ['CONDA_PREFIX'], os.environ.get('VIRTUAL_ENV'))"
    done = used.run(
        "run", "--clean", "e", "--", "python", "-c", program,
        CONDA_PREFIX="/opt/conda", VIRTUAL_ENV="/venv",
    )  # fmt: skip
    assert done.stdout.split() == [str(used.envs / "e"), "None"]


def test_the_virtual_environment_of_sealenv_itself_is_no_dirt(
    used: Machine, tmp_path: Path
) -> None:
    venv = tmp_path / "tool"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    site = next(venv.glob("lib/python*/site-packages"))
    site.joinpath("all.pth").write_text("\n".join(p for p in sys.path if p))
    command = used.command("run", "e", "--", "sh", "-c", 'echo "[$VIRTUAL_ENV]"; echo "$PATH"')
    command[0] = str(venv / "bin" / "python")
    env = used.env | {"VIRTUAL_ENV": str(venv), "PATH": f"{venv}/bin:{used.env['PATH']}"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "[]"
    assert str(venv) not in done.stdout


def test_exit_codes(used: Machine) -> None:
    """The command's own; those of env(1); and 125 if sealenv refuses."""
    used.run("run", "e", "--", "sh", "-c", "exit 42", code=42)
    used.run("run", "e", "--", "no-such-command", code=127)
    used.run("run", "e", "--", "/etc/passwd", code=126)
    assert used.run("run", "e", "--", code=125).stderr
    done = used.run("run", "e", "--clean", "true", code=125)
    assert "sealenv run --clean e -- " in done.stderr


def test_an_environment_of_another_platform_is_refused(used: Machine, tmp_path: Path) -> None:
    prefix = tmp_path / "windows"
    (prefix / "conda-meta").mkdir(parents=True)
    (prefix / "conda-meta" / "history").touch()
    (prefix / "python.exe").touch()
    done = used.run("run", str(prefix), "--", "python", code=125)
    assert "another platform" in done.stderr


def test_an_environment_moved_by_hand_is_refused(
    warm_machine: Machine, demo_channel: DemoChannel
) -> None:
    warm_machine.create("before", demo_channel, "--no-pyc")
    after = warm_machine.envs / "after"
    shutil.move(str(warm_machine.envs / "before"), after)
    done = warm_machine.run("run", "after", "--", "true", code=125)
    assert f"next: sealenv move --here {after} " in done.stderr
    rows = warm_machine.json("list")["environments"]
    assert [(r["name"], r["state"]) for r in rows] == [("after", "moved")]


class TestForeign:
    """An environment that another tool made."""

    @pytest.fixture
    def foreign(self, warm_machine: Machine, demo_channel: DemoChannel) -> Machine:
        """What conda would have left: history and records, nothing of ours."""
        warm_machine.create("e", demo_channel, "--no-pyc")
        prefix = warm_machine.envs / "e"
        for ours in ("conda-meta/sealenv", *(p.name for p in prefix.glob("activate.*"))):
            (prefix / ours).unlink()
        shutil.rmtree(prefix / "etc" / "sealenv")
        return warm_machine

    def test_it_is_listed_run_and_verified_and_nothing_is_written_into_it(
        self, foreign: Machine
    ) -> None:
        before = foreign.snapshot()
        rows = foreign.json("list")["environments"]
        assert [(r["name"], r["state"]) for r in rows] == [("e", "foreign")]
        done = foreign.run("run", "e", "--", "python", "-c", "import sys; print(sys.prefix)",
                           PYTHONDONTWRITEBYTECODE="1")  # fmt: skip
        assert done.stdout.strip() == str(foreign.envs / "e")
        foreign.run("verify", "e")
        foreign.run("info", "e")
        assert foreign.snapshot() == before


BUILD = """\
set -eu
. ../activate.sh
python -c 'import os, sys; print(sys.prefix, os.environ["CONDA_SHLVL"])' >> built
deactivate
echo "${CONDA_PREFIX-gone}" >> built
"""


def test_a_build_script_that_begins_with_an_activation(
    used: Machine, warm_cache: Path, demo_channel: DemoChannel, tmp_path: Path
) -> None:
    """By hand, in an active shell, by `sealenv run` and by `create --post`."""
    prefix = used.envs / "e"
    home = prefix / "__home__"
    home.mkdir(exist_ok=True)
    (home / "build.sh").write_text(BUILD)
    used.run("run", "e", "--", "sh", "-c", f"cd {home} && exec sh build.sh")
    for text in ("sh build.sh", ". ../activate.sh && bash build.sh"):
        subprocess.run(["bash", "-c", text], env=used.env, cwd=home, check=True)
    by_run, by_hand, active = (home / "built").read_text().split(f"{prefix} 1\n")[1:]
    assert (by_run, by_hand, active) == (f"{prefix}\n", "gone\n", f"{prefix}\n")
    script = tmp_path / "build.sh"
    script.write_text(BUILD)
    used.create("posted", demo_channel, "--no-pyc", "--post", str(script))
    posted = used.envs / "posted"
    assert (posted / "__home__/built").read_text() == f"{posted} 1\n{posted}\n"


def test_after_conda_activate_the_variables_are_those_of_a_clean_shell(used: Machine) -> None:
    prefix = used.envs / "e"
    expected = used.run("run", "e", "--", "env").stdout
    by_conda = {"CONDA_PREFIX": f"{prefix}", "CONDA_SHLVL": "1", "CONDA_DEFAULT_ENV": f"{prefix}"}
    by_conda["PATH"] = f"{prefix}/bin:{used.env['PATH']}"
    command = used.command("run", "e", "--", "env")
    found = subprocess.check_output(command, env=used.env | by_conda, cwd=used.root, text=True)
    assert sorted(found.splitlines()) == sorted(expected.splitlines())
    assert "PYTHONNOUSERSITE=1" in found


def test_the_active_environment_is_entered_again(used: Machine) -> None:
    sealenv = shlex.join(used.command("run", "e", "--", "sh", "-c", "echo $CONDA_SHLVL"))
    done = used.run("run", "e", "--", "sh", "-c", f"export A=1; {sealenv}")
    assert (done.stdout, done.stderr) == ("1\n", "")
    text = f'PATH="/usr/bin:$PATH"; {sealenv}; echo code $?'
    done = used.run("run", "e", "--", "sh", "-c", text)
    assert done.stdout == "code 125\n"
    assert "PATH: this environment is active, but its programs do not come first" in done.stderr
    text = f"PIP_TARGET=/elsewhere; export PIP_TARGET; {sealenv}; echo code $?"
    done = used.run("run", "e", "--", "sh", "-c", text)
    assert done.stdout == "code 125\n"
    assert "PIP_TARGET" in done.stderr
    assert "this environment is active, but" not in done.stderr
