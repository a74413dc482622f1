"""Create, end to end, through the command line, with a real python from a local channel."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sealenv.layout import MARKER, PLAN, SEAL, State, state_of, walk
from sealenv.tour.channel import DemoChannel
from tests.channel import Channels
from tests.machine import Machine, tiny, umask
from tests.terminal import Terminal


def small(machine: Machine, channels: Channels, *args: str, code: int = 0) -> dict[str, Any]:
    """Create an environment of one small package."""
    return machine.json("create", *args, "-c", channels.main_url, *tiny("prio"), code=code)


@pytest.mark.quick
def test_first_create_on_a_machine_writes_prefix_and_cache_alone(
    machine: Machine, demo_channel: DemoChannel, python_minor: str
) -> None:
    machine.envs.mkdir()
    before = machine.snapshot(machine.cache, machine.envs)
    answer = machine.json("create", "my_env", python_minor, "-c", demo_channel.url)
    assert machine.snapshot(machine.cache, machine.envs) == before
    assert list(machine.home.iterdir()) == []
    assert list(machine.tmp.iterdir()) == []
    assert list(machine.envs.iterdir()) == [Path(answer["prefix"])]
    assert Path(answer["prefix"]).name == f"my_env_{python_minor.replace('.', '_')}"
    assert answer["checked"] is True
    assert answer["python"] == demo_channel.python_version
    assert answer["tools"]["pip"].startswith("pip ")
    assert "stand-in" in answer["tools"]["conda"]
    assert "stand-in" in answer["tools"]["mamba"]
    sealed = machine.json("info", answer["prefix"])["bytes"]
    assert sealed // 2 < answer["bytes"] <= sealed  # the file table and the seal come later


def test_prefix_is_sealed_and_nothing_of_the_making_is_left(shared_environment: Path) -> None:
    assert state_of(shared_environment) is State.SEALED
    assert not (shared_environment / MARKER).exists()
    assert not (shared_environment / PLAN).exists()
    assert not (shared_environment / "CACHEDIR.TAG").exists()
    leftovers = [
        p.name
        for p in (shared_environment / "conda-meta").iterdir()
        if p.suffix not in {".json", ".files", ""}
    ]
    assert leftovers == []


def test_py_rattler_reads_the_sealed_prefix(shared_environment: Path) -> None:
    program = (
        "import os, sys\nfrom pathlib import Path\nfrom rattler import PrefixRecord\n"
        "for path in sorted(Path(sys.argv[1], 'conda-meta').glob('*.json')):\n"
        "    r = PrefixRecord.from_path(path)\n"
        "    print(r.name.normalized, r.url, len(r.paths_data.paths), r.requested_specs)\n"
        "sys.stdout.flush(); os._exit(0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(shared_environment)],
        capture_output=True,
        text=True,
        check=True,
    )
    names = [line.split()[0] for line in done.stdout.splitlines()]
    assert {"python", "pip", "conda", "mamba"} <= set(names)


def test_records_are_those_of_the_channel(
    shared_environment: Path, demo_channel: DemoChannel
) -> None:
    for path in (shared_environment / "conda-meta").glob("*.json"):
        record = json.loads(path.read_text())
        assert record["url"].startswith(demo_channel.url + "/")
        assert record["url"].endswith(record["fn"])
        assert len(record["sha256"]) == 64
        assert len(record["md5"]) == 32
        assert Path(record["package_tarball_full_path"]).is_file()
    python = next((shared_environment / "conda-meta").glob("python-*.json"))
    assert json.loads(python.read_text())["requested_specs"][0].startswith("python=")


def test_files_have_the_modes_of_the_umask(shared_environment: Path) -> None:
    mask = umask()
    for path in (shared_environment / "conda-meta").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~mask, path.name
    assert stat.S_IMODE((shared_environment / "bin" / "pip").stat().st_mode) == 0o777 & ~mask


def test_pyc_are_there_owned_and_free_of_the_prefix(shared_environment: Path) -> None:
    record = json.loads(next((shared_environment / "conda-meta").glob("pip-*.json")).read_text())
    compiled = [p["_path"] for p in record["paths_data"]["paths"] if p["path_type"] == "pyc_file"]
    assert len(compiled) > 100
    needle = os.fsencode(shared_environment)
    for relative in compiled:
        data = (shared_environment / relative).read_bytes()
        assert needle not in data, relative
        flags = int.from_bytes(data[4:8], "little")
        assert flags & 1, "not a hash-based .pyc"
    known = {p["_path"] for p in record["paths_data"]["paths"]}
    found = {
        e.relative
        for e in walk(shared_environment)
        if e.relative.endswith(".pyc") and "/pip/" in e.relative
    }
    assert found <= known


def test_pip_inside_installs_offline(
    own_environment: Path, warm_machine: Machine, tmp_path: Path
) -> None:
    source = tmp_path / "tiny"
    source.mkdir()
    wheel = _tiny_wheel(source)
    script = f"""
        . '{own_environment}/activate.sh' &&
        pip install --no-index --no-deps '{wheel}' && tiny-tool
    """
    done = subprocess.run(
        ["bash", "-c", script], env=warm_machine.env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == f"tiny in {own_environment}"
    assert (own_environment / "bin" / "tiny-tool").is_file()
    assert list(warm_machine.home.iterdir()) == []


def _tiny_wheel(folder: Path) -> Path:
    """A wheel with a console script, written by hand: nothing may be fetched."""
    import zipfile

    path = folder / "tiny-1.0-py3-none-any.whl"
    info = "tiny-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("tiny.py", "import sys\ndef main():\n    print('tiny in', sys.prefix)\n")
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/entry_points.txt", "[console_scripts]\ntiny-tool = tiny:main\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


@pytest.mark.parametrize("target", [("-n", "$(touch pwned)"), ("-p", "a:b")])
def test_a_bad_name_or_path_is_refused_before_anything_is_written(
    machine: Machine, demo_channel: DemoChannel, target: tuple[str, str]
) -> None:
    """All that is refused: tests/test_naming.py."""
    before = machine.snapshot()
    done = machine.run("create", "-c", demo_channel.url, *target, code=2)
    assert "error:" in done.stderr
    assert machine.snapshot() == before


class TestTarget:
    """What a create may not touch."""

    def test_only_an_empty_folder_is_a_target(self, machine: Machine, channels: Channels) -> None:
        for name in ("empty", "full", "real"):
            (machine.root / name).mkdir()
        (machine.root / "full" / "mine").write_text("x")
        (machine.root / "link").symlink_to(machine.root / "real")
        assert small(machine, channels, "-p", "full", code=7)["error"] == "prefix-exists"
        assert [p.name for p in (machine.root / "full").iterdir()] == ["mine"]
        assert "link" in small(machine, channels, "-p", "link", code=7)["what"]
        assert list((machine.root / "real").iterdir()) == []
        small(machine, channels, "-p", "empty")

    def test_an_environment_is_not(self, shared_environment: Path, machine: Machine) -> None:
        before = (shared_environment / SEAL).read_bytes()
        answer = machine.json("create", "-p", str(shared_environment), code=7)
        assert "already" in answer["what"]
        assert (shared_environment / SEAL).read_bytes() == before

    @pytest.mark.quick
    def test_what_the_user_put_into_a_pending_folder_is_kept(
        self, machine: Machine, channels: Channels
    ) -> None:
        prefix = machine.envs / "e"
        (prefix / "conda-meta").mkdir(parents=True)
        (prefix / MARKER).write_text("token\n")
        (prefix / "lib").mkdir()
        (prefix / "lib" / "notes.txt").write_text("mine")
        (prefix / "__home__").mkdir()
        (prefix / "__home__" / "build.sh").write_text("mine too")
        done = machine.run("create", "e", "-c", channels.main_url, "-y", *tiny("prio"))
        assert "files that sealenv did not write: 1" in done.stderr
        kept = prefix / "__home__" / "kept-1" / "lib" / "notes.txt"
        assert kept.read_text() == "mine"
        assert (prefix / "__home__" / "build.sh").read_text() == "mine too"


class TestPlan:
    def test_dry_run_writes_no_environment(
        self, warm_machine: Machine, demo_channel: DemoChannel, python_minor: str
    ) -> None:
        answer = warm_machine.json("create", "e", python_minor, "-c", demo_channel.url, "--dry-run")
        names = [p["name"] for p in answer["packages"]]
        assert names.index("python") < names.index("pip")
        assert answer["writes"]["prefix"] == answer["prefix"]
        assert answer["to_fetch"] == 0
        assert not Path(answer["prefix"]).exists()

    def test_environment_yml(
        self, warm_machine: Machine, demo_channel: DemoChannel, python_minor: str
    ) -> None:
        file = warm_machine.root / "environment.yml"
        file.write_text(
            f"name: from_file\nchannels: [{demo_channel.url}, nodefaults]\n"
            f"dependencies: [python={python_minor}, demo-hello]\nvariables: {{GREETING: 'a $b'}}\n"
        )
        made = warm_machine.json("create", "-f", str(file), "--no-pyc")
        assert Path(made["prefix"]).name == "from_file"
        done = warm_machine.run("run", "from_file", "--", "sh", "-c", 'echo "$GREETING"')
        assert done.stdout == "a $b\n"

    def test_what_cannot_be_locked_is_refused_with_its_place(
        self, warm_machine: Machine, demo_channel: DemoChannel
    ) -> None:
        file = warm_machine.root / "environment.yml"
        file.write_text("name: e\ndependencies:\n  - python\n  - pip:\n    - -e .\n")
        answer = warm_machine.json("create", "-f", str(file), code=2)
        assert "cannot be locked" in answer["what"]
        assert answer["where"].endswith("environment.yml:5:7")


class TestPost:
    def test_it_runs_activated_in_the_user_folder(
        self, machine: Machine, channels: Channels
    ) -> None:
        script = machine.root / "build.sh"
        script.write_text('pwd > where.txt\necho "$CONDA_PREFIX" >> where.txt\n')
        made = small(machine, channels, "e", "--post", "build.sh")
        home = Path(made["prefix"], "__home__")
        assert (home / "where.txt").read_text().split() == [str(home), made["prefix"]]
        assert (home / "build.sh").is_file()

    def test_its_failure_keeps_the_environment_and_says_so(
        self, machine: Machine, channels: Channels
    ) -> None:
        (machine.root / "build.sh").write_text("exit 3\n")
        answer = small(machine, channels, "e", "--post", "build.sh", code=10)
        assert answer["error"] == "post-script"
        assert "kept" in answer["hint"]
        assert state_of(machine.envs / "e") is State.SEALED

    def test_a_missing_one_is_refused_first(self, machine: Machine, channels: Channels) -> None:
        small(machine, channels, "e", "--post", "nowhere.sh", code=2)
        assert not machine.envs.exists()


class TestContradictions:
    """Contradicting arguments are refused before anything is written."""

    def test_a_version_and_no_name(self, machine: Machine, demo_channel: DemoChannel) -> None:
        error = machine.json("create", "3.12", code=2)
        assert "no name" in error["what"]
        assert error["hint"].startswith("name it first: sealenv create my_env 3.12;")
        assert not machine.envs.exists()
        planned = machine.json("create", "-n", "3.12", "-c", demo_channel.url, "--dry-run")
        assert planned["prefix"] == str(machine.envs / "3.12")

    def test_post_for_another_platform(self, machine: Machine) -> None:
        script = machine.root / "p.sh"
        script.write_text("true\n")
        answer = machine.json("create", "x", "--platform", "win-64", "--post", str(script), code=2)
        assert "does not run here" in answer["what"]


class TestWords:
    """`create [NAME] [PYTHON] [SPEC...]`, and -n and -p."""

    @pytest.mark.parametrize(
        ("words", "folder", "package"),
        [
            (("foo", "dated"), "envs/foo", "dated"),
            (("foo", "dated", "--with", "prio"), "envs/foo", "prio"),
            (("-n", "foo", "dated=1.0"), "envs/foo", "dated"),
            (("-p", "here", "dated >=2"), "here", "dated"),
        ],
    )
    def test_packages(
        self,
        machine: Machine,
        channels: Channels,
        words: tuple[str, ...],
        folder: str,
        package: str,
    ) -> None:
        answer = machine.json("create", *words, "-c", channels.main_url, *tiny(), "--dry-run")
        assert answer["prefix"] == str(machine.root / folder)
        assert package in {p["name"] for p in answer["packages"]}

    @pytest.mark.parametrize(
        "words",
        [
            ("foo", "MINOR", "demo-hello"),
            ("foo", "python=MINOR", "demo-hello"),
            ("foo", "demo-hello", "python=MINOR.*"),
        ],
    )
    def test_the_python_version_names_the_folder(
        self, warm_machine: Machine, demo_channel: DemoChannel, words: tuple[str, ...]
    ) -> None:
        minor = demo_channel.python_minor
        given = [word.replace("MINOR", minor) for word in words]
        answer = warm_machine.json("create", *given, "-c", demo_channel.url, "--dry-run")
        assert Path(answer["prefix"]).name == f"foo_{minor.replace('.', '_')}"
        names = {p["name"] for p in answer["packages"]}
        assert {"python", "conda", "mamba", "pip", "demo-hello"} <= names
        taken = warm_machine.json(
            "create", "-n", "foo", *given[1:], "-c", demo_channel.url, "--dry-run"
        )
        assert Path(taken["prefix"]).name == "foo"

    @pytest.mark.parametrize(
        ("words", "what"),
        [
            (("python=3.12", "numpy"), "no name"),
            (("3.12", "foo"), "no name"),
            (("foo", ">=3.10"), "not a Python version"),
            (("foo", "3.11", "3.12"), "given twice"),
            (("-n", "foo", "bar", "3.12"), "named twice"),
            (("-p", "here", "bar", "3.12"), "named twice"),
        ],
    )
    def test_refused(self, machine: Machine, words: tuple[str, ...], what: str) -> None:
        assert what in machine.json("create", *words, code=2)["what"]


class TestReport:
    """What a plain create prints."""

    def test_plan_and_end(self, machine: Machine, channels: Channels) -> None:
        """The plan is printed in logs too: no terminal is here."""
        done = machine.run("create", "e", "-c", channels.main_url, "-y", *tiny("prio"))
        lines = done.stderr.splitlines()
        (package,) = (line.split() for line in lines if line.startswith("  prio"))
        assert (package[:2], package[-1]) == (["prio", "1.0"], "main/noarch")
        assert any(line.startswith("1 package") and "to fetch" in line for line in lines)
        place = lines.index(f"sealed         {machine.envs / 'e'}")
        assert lines[place + 1].strip().startswith("1 package, ")
        assert lines[place + 1].endswith(" s")
        assert lines[place + 3] == "use it         sealenv run e -- python"
        assert lines[place + 4] == f"or activate    . {machine.envs / 'e'}/activate.sh"
        assert done.stdout == ""

    def test_quiet_prints_the_folder_alone(self, machine: Machine, channels: Channels) -> None:
        done = machine.run("create", "e", "-c", channels.main_url, "-q", *tiny("prio"))
        assert (done.stdout, done.stderr) == (f"{machine.envs / 'e'}\n", "")

    @pytest.mark.parametrize(("answer", "code"), [("n\r", 1), ("\x03", 130), ("\r", 0)])
    def test_the_question(
        self, machine: Machine, channels: Channels, answer: str, code: int
    ) -> None:
        command = machine.command("create", "e", "-c", channels.main_url, *tiny("prio"))
        terminal = Terminal(command, machine.env | {"TERM": "xterm"}, machine.root)
        terminal.wait_for("Proceed?")
        assert "prio" in terminal.said
        os.write(terminal.fd, answer.encode())
        assert terminal.end(press="\x03" if code == 130 else "") == code, terminal.said
        assert (state_of(machine.envs / "e") is State.SEALED) == (code == 0)
