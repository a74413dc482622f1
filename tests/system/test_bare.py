"""Bare interpreters that are begun early."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from sealenv.system import bare
from sealenv.system.processors import processors as usable

WAITING = """
import sys
import time
from sealenv.system import bare
bare.start_early(2)
print(bare._early[0].pid, flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="no pidfd here")
def test_helpers_end_with_us_even_when_we_are_killed() -> None:
    if usable() < 2:
        pytest.skip("one processor: there is none")
    with subprocess.Popen(
        [sys.executable, "-c", WAITING], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as us:
        assert us.stdout
        helper = os.pidfd_open(int(us.stdout.readline()))
        us.kill()
        us.wait()
    try:
        wait_for(lambda: gone(helper))
    finally:
        os.close(helper)


STOPPED = """
import os
import signal
import sys
from sealenv.system import bare
bare.start_early(2)
os.kill(bare._early[0].pid, signal.SIGSTOP)
print(bare._early[0].pid, flush=True)
sys.stdin.readline()
sys.argv = ["sealenv", "verify", "nobody"]
from sealenv.__main__ import script
script()
"""


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="no pidfd here")
@pytest.mark.skipif(usable() < 2, reason="one processor: there is none")
def test_one_that_is_stopped_does_not_outlive_a_command() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STOPPED],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    ) as us:  # fmt: skip
        assert us.stdout
        helper = os.pidfd_open(int(us.stdout.readline()))
        us.communicate(b"\n", timeout=60)
        assert us.returncode == 7
    try:
        wait_for(lambda: gone(helper))
    finally:
        os.close(helper)


def gone(pidfd: int) -> bool:
    try:
        signal.pidfd_send_signal(pidfd, 0)
    except ProcessLookupError:
        return True
    import select

    return bool(select.select([pidfd], [], [], 0.1)[0])


def wait_for(condition: Callable[[], bool]) -> None:
    for _ in range(600):
        if condition():
            return
    raise AssertionError("it goes on")


def test_where_there_can_be_no_more_processes_none_is_begun(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*args: object, **options: object) -> None:
        raise OSError(errno.EAGAIN, "no more processes")

    monkeypatch.setattr(bare, "_early", [])
    monkeypatch.setattr(subprocess, "Popen", refuse)
    bare.start_early(8)
    assert bare._early == []
    with pytest.raises(OSError, match="no more processes"):
        bare.start()


@pytest.mark.skipif(usable() < 2, reason="one processor: there is none")
def test_what_is_begun_early_is_taken_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bare, "_early", [])
    bare.start_early(2)
    (early,) = bare._early
    taken, another = bare.start(), bare.start()
    assert taken is early
    assert another.pid != early.pid
    for process in (taken, another):
        process.communicate(timeout=60)
        assert process.returncode == 3
