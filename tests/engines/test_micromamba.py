"""`create --engine micromamba`, with the stand-in: what is asked of it, and what becomes of it."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from sealenv.demo.archive import Package, Payload, write_package
from sealenv.demo.repodata import write_repodata
from sealenv.layout import FILES, MARKER, SCRATCH, SEAL, State, state_of, walk
from sealenv.seals.seal import read_seal
from sealenv.seals.verify import verify
from sealenv.spec import current_platform
from tests.channel import Channels, ChannelServer
from tests.machine import Machine, tiny, traces
from tests.micromamba import calls, stand_in

pytestmark = pytest.mark.skipif(os.name == "nt", reason="tests/windows has the stand-in as .exe")

SECRET = "hunter2-of-the-test"


def tree(prefix: Path) -> dict[str, Any]:
    """Everything in a prefix but what says when and how: kind, mode, content; records parsed."""
    found: dict[str, Any] = {}
    for entry in walk(prefix):
        path = Path(entry.path)
        if entry.relative in {SEAL, FILES, "conda-meta/history"}:
            continue
        content: Any = None
        if entry.is_link:
            content = os.readlink(path)
        elif entry.relative.startswith("conda-meta/") and path.suffix == ".json":
            content = json.loads(path.read_bytes())
            content["files"].sort()
            content["paths_data"]["paths"].sort(key=lambda item: item["_path"])
        elif not entry.is_dir:
            content = path.read_bytes()
        found[entry.relative] = (entry.status.st_mode, content)
    return found


class TestTheSameEnvironment:
    def test_file_by_file(self, machine: Machine, channels: Channels, exe: Path) -> None:
        """Binary and text placeholders, links, entry points, noarch, post-link script, .pyc."""
        more = ("--with", "hello-prefix", "--with", "post-link-ok", "--with", "archive-bz2")
        args = (channels.python_minor, *more)
        made = machine.create("e", channels.main_url, *args)
        prefix = Path(made["prefix"])
        by_rattler, history = tree(prefix), (prefix / "conda-meta/history").read_text()
        fingerprint = read_seal(prefix).fingerprints
        machine.run("remove", str(prefix), "-y")
        again = machine.create("e", channels.main_url, *args, "--micromamba", str(exe))
        by_micromamba = tree(prefix)
        assert by_micromamba.keys() == by_rattler.keys()
        different = [p for p in by_rattler if by_rattler[p] != by_micromamba[p]]
        assert different == []
        assert again["lock_digest"] == made["lock_digest"]
        now = read_seal(prefix).fingerprints
        assert fingerprint is not None
        assert now is not None
        assert now.packages == fingerprint.packages
        keep = ("+", "# update")
        assert [x for x in history.splitlines() if x.startswith(keep)] == [
            x
            for x in (prefix / "conda-meta/history").read_text().splitlines()
            if x.startswith(keep)
        ]
        assert not verify(prefix).findings

    def test_the_seal_names_the_executable(
        self, machine: Machine, channels: Channels, exe: Path
    ) -> None:
        answer = machine.tiny("e", channels.main_url, "prio", args=["--micromamba", str(exe)])
        seal = read_seal(Path(answer["prefix"]))
        assert seal.engine.name == "micromamba"
        assert seal.engine.version == "2.9.0"
        assert seal.engine.origin == str(exe)
        kept = machine.cache / "archives" / str(seal.engine.sha256) / "micromamba"
        assert kept.read_bytes() == exe.read_bytes()
        assert answer["engine"] == {
            "name": "micromamba", "version": "2.9.0", "sha256": seal.engine.sha256,
            "origin": str(exe),
        }  # fmt: skip


class TestTheCall:
    def test_once_with_an_explicit_list(
        self, machine: Machine, channels: Channels, exe: Path, log: Path
    ) -> None:
        """Asked for its version when it comes in; then one call per environment."""
        for name in ("one", "two"):
            machine.tiny(name, channels.main_url, "prio", args=["--micromamba", str(exe)])
        version, *rest = calls(log)
        assert version["argv"] == ["--version"]
        assert [call["argv"][0] for call in rest] == ["install", "install"]
        argv = rest[0]["argv"]
        assert {"--yes", "--no-rc", "--offline", "--no-pyc", "--no-shortcuts"} <= set(argv)
        assert "--skip-run-link-scripts" in argv
        assert argv[argv.index("--prefix") + 1] == str(machine.envs / "one")
        assert argv[argv.index("--file") + 1].startswith(str(machine.envs / "one" / SCRATCH))

    def test_it_sees_nothing_of_the_user_and_leaves_no_trace(
        self, machine: Machine, channels: Channels, exe: Path, log: Path
    ) -> None:
        (machine.home / ".mambarc").write_text("channels: [no-such-channel]\n")
        before = machine.snapshot(machine.cache, machine.envs)
        machine.tiny(
            "e", channels.main_url, "prio", args=["--micromamba", str(exe)],
            MAMBA_ROOT_PREFIX=str(machine.root / "mine"), CONDA_PKGS_DIRS=str(machine.cache / "p"),
            CONDA_PREFIX=str(machine.root / "active"), PYTHONPATH=str(machine.root / "mine"),
            XDG_CONFIG_HOME=str(machine.root / "mine"),
        )  # fmt: skip
        after = machine.snapshot(machine.cache, machine.envs)
        after.pop(str(log))
        assert after == before
        for call in calls(log):
            seen = call["environ"]
            assert not {n for n in seen if n.startswith(("CONDA", "PYTHON", "XDG"))}
            assert {n for n in seen if n.startswith("MAMBA")} == {"MAMBA_NO_PROGRESS_BARS"}
            assert Path(seen["HOME"]) != machine.home
            assert not Path(seen["HOME"]).exists()
        assert not (machine.envs / "e" / SCRATCH).exists()

    def test_it_needs_no_network_and_gets_no_secret(
        self, machine: Machine, channels: Channels, exe: Path, log: Path
    ) -> None:
        with ChannelServer(channels.root, auth=("me", SECRET)) as server:
            answer = machine.tiny("e", server.url(), "prio", args=["--micromamba", str(exe)])
            agents = server.requests["/main/noarch/prio-1.0-0.conda"]
            record = json.loads(
                (Path(answer["prefix"]) / "conda-meta" / "prio-1.0-0.json").read_text()
            )
            assert record["url"] == f"{server.base}/main/noarch/prio-1.0-0.conda"
        assert agents == 1
        again = machine.tiny(
            "f", server.url(), "prio", args=["--micromamba", str(exe), "--offline"]
        )
        assert again["engine"]["name"] == "micromamba"
        assert SECRET not in log.read_text()
        assert traces(machine.root, SECRET.encode()) == []

    @pytest.mark.parametrize("folder", ["a b", "né", "a,b", "a-b_c.d+e"])
    def test_unusual_folders(
        self, machine: Machine, channels: Channels, exe: Path, folder: str
    ) -> None:
        prefix = machine.root / folder / "env"
        args = ("create", "-p", str(prefix), "-c", channels.main_url, *tiny("prio"))
        machine.json(*args, "--micromamba", str(exe))
        assert (prefix / "share/prio/version.txt").read_text() == "prio 1.0\n"

    def test_progress_is_told(self, machine: Machine, channels: Channels, exe: Path) -> None:
        done = machine.run(
            "create", "e", "-y", "-v", "-c", channels.main_url, *tiny("prio", "env-vars"),
            "--micromamba", str(exe),
        )  # fmt: skip
        assert "1/2 " in done.stderr
        assert "2/2 " in done.stderr
        assert "prio-1.0-0" in done.stderr


class TestLinkScripts:
    def test_they_are_ours_to_run(self, machine: Machine, channels: Channels, exe: Path) -> None:
        args = ["--micromamba", str(exe)]
        made = machine.tiny("e", channels.main_url, "post-link-ok", args=args)
        assert made["link_scripts"] == ["post-link-ok"]
        failed = machine.tiny("f", channels.main_url, "post-link-fails", args=args, code=6)
        assert failed["error"] == "link-script"
        skipped = [*args, "--no-link-scripts"]
        made = machine.tiny("g", channels.main_url, "post-link-fails", args=skipped)
        assert made["skipped_link_scripts"] == ["post-link-fails"]

    def test_an_older_micromamba_would_run_them_itself(
        self, machine: Machine, channels: Channels, tmp_path: Path, log: Path
    ) -> None:
        old = stand_in(tmp_path / "old", VERSION="2.8.1", LOG=str(log))
        args = ["--micromamba", str(old)]
        refused = machine.tiny("e", channels.main_url, "post-link-ok", args=args, code=6)
        assert "post-link-ok-1.0-0" in refused["details"]
        assert "2.9.0" in refused["hint"]
        assert [call["argv"][0] for call in calls(log)] == ["--version"]
        machine.tiny("e", channels.main_url, "prio", args=args)
        assert "--skip-run-link-scripts" not in calls(log)[-1]["argv"]


class TestFailures:
    @pytest.mark.parametrize(
        ("fail", "says"),
        [
            ("3", "failed with exit code 3"),
            ("kill", "was killed (signal SIGKILL)"),
            ("early", "ended well, and did not link prio-1.0-0"),
        ],
    )
    def test_it_fails_and_the_next_create_replaces_what_it_left(
        self,
        machine: Machine,
        channels: Channels,
        exe: Path,
        tmp_path: Path,
        fail: str,
        says: str,
    ) -> None:
        bad = stand_in(tmp_path / "bad", VERSION="2.9.0", FAIL=fail)
        answer = machine.tiny(
            "e", channels.main_url, "prio", args=["--micromamba", str(bad)], code=6
        )
        assert answer["error"] == "engine"
        assert says in answer["what"]
        assert answer["hint"]
        if fail == "3":
            assert "error    libmamba told to fail by the test" in answer["details"]
        prefix = machine.envs / "e"
        assert state_of(prefix) is State.PENDING
        assert not (prefix / SCRATCH).exists()
        machine.tiny("e", channels.main_url, "prio", args=["--micromamba", str(exe)])
        assert state_of(prefix) is State.SEALED
        assert not (prefix / "__home__").exists()

    def test_a_package_that_reaches_into_the_scratch_folder_is_refused(
        self, machine: Machine, exe: Path, tmp_path: Path
    ) -> None:
        channel = tmp_path / "channel"
        payload = (Payload(f"{SCRATCH}/r/pkgs/urls.txt", b"forged\n"),)
        write_package(Package("intruder", "1.0", payload, noarch="generic"), channel / "noarch")
        for subdir in ("noarch", current_platform()):
            write_repodata(channel / subdir)
        args = ["--micromamba", str(exe)]
        answer = machine.tiny("e", channel.as_uri(), "intruder", args=args, code=6)
        assert "lies where sealenv works while it links" in answer["what"]
        assert not (machine.envs / "e").exists()

    def test_another_platform_is_refused_with_the_reason(
        self, machine: Machine, channels: Channels, exe: Path
    ) -> None:
        args = ["--micromamba", str(exe), "--platform", "win-64"]
        answer = machine.tiny("e", channels.main_url, "prio", args=args, code=6)
        assert "links for the platform that it runs on" in answer["what"]
        assert not (machine.envs / "e").exists()

    def test_a_damaged_archive_is_fetched_anew(
        self, machine: Machine, channels: Channels, exe: Path
    ) -> None:
        args = ["--micromamba", str(exe)]
        machine.tiny("e", channels.main_url, "prio", args=args)
        (archive,) = (machine.cache / "archives").glob("*/prio-*.conda")
        size = archive.stat().st_size
        archive.unlink()
        archive.write_bytes(b"x" * size)
        machine.tiny("f", channels.main_url, "prio", args=args)
        assert (machine.envs / "f" / "share/prio/version.txt").read_text() == "prio 1.0\n"
        assert archive.read_bytes()[:1] != b"x"

    def test_nothing_is_shared_with_the_cache(
        self, machine: Machine, channels: Channels, exe: Path
    ) -> None:
        """What is written into a file of one environment does not reach another one."""
        args = ["--micromamba", str(exe)]
        machine.tiny("e", channels.main_url, "prio", args=args)
        file = machine.envs / "e" / "share/prio/version.txt"
        assert file.stat().st_nlink == 1
        assert not list((machine.cache / "unpacked").iterdir())


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
class TestTheEndOfUs:
    """tests/test_kill.py for the program that is none of ours."""

    @pytest.mark.parametrize("target", ["group", "parent", "engine"])
    def test_it_does_not_outlive_us(
        self, machine: Machine, channels: Channels, exe: Path, log: Path, tmp_path: Path,
        target: str,
    ) -> None:  # fmt: skip
        from tests.test_kill import engine_of, settle, strike

        waiting = stand_in(
            tmp_path / "waiting", VERSION="2.9.0", LOG=str(log), WAIT=str(tmp_path / "never")
        )
        args = ("create", "e", "-y", "-c", channels.main_url, *tiny("prio"))
        process = machine.start(*args, "--micromamba", str(waiting))
        prefix = machine.envs / "e"
        pid = wait_for_call(log, "install")
        engine = engine_of(process.pid)
        assert holds(pid, prefix / MARKER), "it does not hold the lock"
        strike(process, target)
        settle(process, prefix, engine)
        wait_until_gone(pid)
        assert state_of(prefix) is State.PENDING
        machine.tiny("e", channels.main_url, "prio", args=["--micromamba", str(exe)])
        assert state_of(prefix) is State.SEALED
        assert not (prefix / "__home__").exists()

    def test_ctrl_c(self, machine: Machine, channels: Channels, log: Path, tmp_path: Path) -> None:
        import signal

        waiting = stand_in(
            tmp_path / "waiting", VERSION="2.9.0", LOG=str(log), WAIT=str(tmp_path / "never")
        )
        process = machine.start(
            "create", "e", "-y", "-c", channels.main_url, *tiny("prio"),
            "--micromamba", str(waiting),
        )  # fmt: skip
        pid = wait_for_call(log, "install")
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=30)
        assert process.returncode == 130, said
        wait_until_gone(pid)
        assert state_of(machine.envs / "e") is State.PENDING


def wait_for_call(log: Path, command: str) -> int:
    """The process of a call, as soon as there is one."""
    import time

    end = time.monotonic() + 30
    while time.monotonic() < end:
        if log.exists():
            for call in calls(log):
                if call["argv"][0] == command:
                    return int(call["pid"])
        time.sleep(0.01)
    raise AssertionError(f"{command} was never called")


def holds(pid: int, file: Path) -> bool:
    """Whether a process has the file open; others of its descriptors may come and go meanwhile."""
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            if os.readlink(descriptor) == str(file):
                return True
    return False


def wait_until_gone(pid: int) -> None:
    import time

    from tests.machine import alive

    end = time.monotonic() + 30
    while alive(pid):
        assert time.monotonic() < end, "micromamba outlived sealenv"
        time.sleep(0.01)
