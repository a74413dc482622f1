"""Zero trace, seen from outside: every path that a command writes, told by the kernel (strace)."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.channel import Channels
from tests.machine import SRC, Machine, tiny
from tests.shells import required

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="strace")

_CALLS = (
    "open,openat,openat2,creat,mkdir,mkdirat,rename,renameat,renameat2,link,linkat,symlink,symlinkat,"
    "unlink,unlinkat,rmdir,chmod,fchmodat,chown,lchown,fchownat,truncate,mknod,mknodat,utimensat,"
    "setxattr,lsetxattr,mount,bind,connect"
)
_LINE = re.compile(r"^(?:\d+ +)?(\w+)\((.*)\) += (\S+)")
_STRING = re.compile(r'(?:(AT_FDCWD|\d+)(?:<([^>]*)>)?, )?"((?:[^"\\]|\\.)*)"')
_WRITES = re.compile(r"O_(WRONLY|RDWR|CREAT|TRUNC|APPEND|TMPFILE)")


@pytest.fixture
def strace() -> str:
    found = shutil.which("strace")
    if found is None:
        if required("shells"):
            pytest.fail("no strace on this machine")
        pytest.skip("no strace on this machine")
    probe = subprocess.run([found, "-f", "true"], capture_output=True, text=True, check=False)
    if probe.returncode != 0:
        pytest.skip(f"strace may not trace here: {probe.stderr.strip()[-200:]}")
    return found


def unescape(text: str) -> str:
    return (
        text.encode("latin-1").decode("unicode_escape").encode("latin-1").decode("utf-8", "replace")
    )


def writes(log: Path) -> tuple[set[str], set[str]]:
    """Paths that were changed (or opened for it), and addresses that were talked to."""
    changed: set[str] = set()
    peers: set[str] = set()
    for line in log.read_text(errors="replace").splitlines():
        found = _LINE.match(line)
        if not found or found.group(3).startswith("-1"):
            continue
        call, arguments = found.group(1), found.group(2)
        if call in {"connect", "bind"}:
            peers.add(arguments)
            continue
        if call.startswith("open") and not _WRITES.search(arguments.rsplit('"', 1)[-1]):
            continue
        named = _STRING.findall(arguments)
        if call.startswith("symlink"):
            named = named[-1:]  # what comes first is the link's text
        for _, folder, name in named:
            path = unescape(name)
            # A relative path without a folder stays as it is, and fails the test.
            changed.add(
                path if path.startswith("/") or not folder else f"{unescape(folder)}/{path}"
            )
    return changed, peers


def traced(strace: str, machine: Machine, *args: str, envs: tuple[str, ...] = ("e",)) -> set[str]:
    """Run a command under strace; the paths it changed that are not in prefix, cache or temp."""
    log = machine.root / "strace.log"
    # -y tells the folders behind descriptors and AT_FDCWD.
    command = [strace, "-f", "-y", "-qq", "-s", "4096", "-e", f"trace={_CALLS}", "-o", str(log)]
    done = subprocess.run(
        [*command, *machine.command(*args)], env=machine.env, cwd=machine.root,
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    changed, _ = writes(log)
    assert list(machine.tmp.iterdir()) == []
    folders = [*(str(machine.envs / name) for name in envs), str(machine.cache), str(machine.tmp)]
    devices = ("/dev/", "/proc/self/fd/")
    return {
        path
        for path in changed
        if not any(path == folder or path.startswith(f"{folder}/") for folder in folders)
        and not path.startswith(devices)
        and path != str(machine.envs)
    }


def test_the_reader_of_traces_sees_what_is_written(strace: str, tmp_path: Path) -> None:
    """A test that finds nothing must be able to find something."""
    log = tmp_path / "log"
    script = "cd sub; echo x > out.txt; mkdir d; mv out.txt d/moved; ln -s /nowhere l; cat d/moved"
    (tmp_path / "sub").mkdir()
    subprocess.run(
        [strace, "-f", "-y", "-qq", "-e", f"trace={_CALLS}", "-o", str(log), "sh", "-c", script],
        cwd=tmp_path, check=True, capture_output=True,
    )  # fmt: skip
    changed, _ = writes(log)
    sub = str(tmp_path / "sub")
    assert {f"{sub}/out.txt", "d", f"{sub}/d/moved", f"{sub}/l"} <= changed
    assert "/nowhere" not in changed
    assert not any(p.endswith("libc.so.6") for p in changed)


@pytest.mark.slow
def test_the_whole_life_of_an_environment_leaves_no_trace(
    strace: str, machine: Machine, channels: Channels
) -> None:
    """From the first command on a machine to the last, with an empty HOME."""
    packages = tiny(
        "python", "pip", "demo-hello", "post-link-ok", "post-link-home", "activate-hooks"
    )
    create = ("create", "e", "-c", channels.main_url, *packages)
    assert traced(strace, machine, *create) == set()
    both = ("e", "moved")
    for args in (
        ("run", "e", "--", "demo-hello"),
        ("verify", "e"),
        ("audit", "e"),
        ("which", "e", "demo-hello"),
        ("list",),
        ("info", "e"),
        ("repair", "e"),
        ("cache", "info"),
        ("move", "e", "moved"),
        ("clone", "moved", "e"),
        ("verify", "moved"),
        ("remove", "moved", "-y"),
        ("remove", "e", "-y"),
    ):
        assert traced(strace, machine, *args, envs=both) == set(), args
    assert list(machine.home.iterdir()) == []
    assert list(machine.envs.iterdir()) == []


def test_a_trace_report_writes_itself_alone(
    strace: str, machine: Machine, channels: Channels
) -> None:
    """What it looks at it does not touch; and what it says is what the kernel says."""
    report = machine.root / "report.json"
    args = ("create", "e", "-c", channels.main_url, *tiny("prio"), "--trace-report", str(report))
    others = traced(strace, machine, *args)
    assert {path for path in others if not path.startswith(f"{machine.root}/.")} == {str(report)}
    # Two more names were removed: the probe before the work, and the temporary name of the report.
    assert len(others) <= 3
    told = json.loads(report.read_text())
    # strace's own log is in the current folder, and is reported. Nothing else is.
    assert told["elsewhere"] == [str(machine.root / "strace.log")]
    assert set(told["way"]) <= {str(machine.envs), str(machine.cache)}


def test_what_only_looks_writes_nothing_at_all(
    strace: str, machine: Machine, channels: Channels
) -> None:
    machine.tiny("e", channels.main_url, "prio")
    log = machine.root / "strace.log"
    for args in (
        ("verify", "e"),
        ("list",),
        ("info", "e"),
        ("cache", "info"),
        ("run", "e", "--", "true"),
    ):
        traced(strace, machine, *args)
        changed, _ = writes(log)
        inside = (str(machine.envs), str(machine.cache))
        assert {
            p for p in changed if p.startswith(inside) and not p.endswith("/sealenv.pending")
        } == set()


def test_no_network_but_the_channel(strace: str, machine: Machine, channels: Channels) -> None:
    """A file channel needs none: no name service, no telemetry."""
    traced(strace, machine, "create", "e", "-c", channels.main_url, *tiny("prio"))
    _, peers = writes(machine.root / "strace.log")
    assert {p for p in peers if "AF_UNIX" not in p} == set()


def test_sealenv_compiles_itself_only_where_it_may(machine: Machine, channels: Channels) -> None:
    """PYTHONDONTWRITEBYTECODE holds for the engine too, whose python is isolated (-I)."""
    copy = machine.root / "src"
    shutil.copytree(SRC, copy, ignore=shutil.ignore_patterns("__pycache__"))
    args = ("create", "e", "-c", channels.main_url, "-q", *tiny("prio"))
    command = [part.replace(str(SRC), str(copy)) for part in machine.command(*args)]
    subprocess.run(command, env=machine.env, cwd=machine.root, check=True, capture_output=True)
    assert list(copy.rglob("__pycache__")) == []
