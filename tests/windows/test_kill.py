"""A create that is ended by force on Windows: pending, not locked, and replaced by the next one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.channel import Channels
from tests.windows.user import User

_END_WHEN = """
import os, subprocess, sys, time
from pathlib import Path
prefix, sign, *command = sys.argv[1:]
child = subprocess.Popen(command, stderr=open("said", "w"))
deadline = time.monotonic() + 120
while child.poll() is None and not os.path.exists(os.path.join(prefix, sign)):
    assert time.monotonic() < deadline
child.terminate()  # TerminateProcess: no handler of it runs
child.wait()
print(open("said").read(), file=sys.stderr)
print(os.path.exists(os.path.join(prefix, "conda-meta", "sealenv.pending")))
# Its engine ends with it, and with the engine the lock.
from sealenv.prefix.pending import is_locked
while is_locked(Path(prefix)):
    assert time.monotonic() < deadline
print("free")
"""


@pytest.mark.parametrize("sign", ["conda-meta/sealenv.plan", "conda-meta/history"])
def test_the_next_create_replaces_it(user: User, channels: Channels, sign: str) -> None:
    prefix = user.envs / "e_3_12"
    command = ["create", "e", "3.12", "-c", user.path(channels.main), "--no-pyc"]
    argv = user.windows.sealenv_argv(*command)
    done = user.python(_END_WHEN, user.path(prefix), sign, *argv)
    assert done.stdout.split() == ["True", "free"], done.stderr
    (listed,) = user.json("list")["environments"]
    assert listed["state"] == "pending"
    refused = user.run("run", "e_3_12", "--", "python", "--version", code=125)
    assert "never finished" in refused.stderr
    user.run(*command)
    assert user.json("verify", "e_3_12")["damaged"] is False


def test_two_at_once_do_not_mix(user: User, channels: Channels, tmp_path: Path) -> None:
    command = ["create", "e", "3.12", "-c", user.path(channels.main), "--no-pyc"]
    argv = user.windows.sealenv_argv(*command)
    both = """
import subprocess, sys
started = [subprocess.Popen(sys.argv[1:], stderr=subprocess.PIPE, text=True) for _ in range(2)]
for child in started:
    said = child.communicate()[1]
    print(child.returncode, said.strip().splitlines()[-3:])
"""
    done = user.python(both, *argv)
    codes = sorted(int(line.split()[0]) for line in done.stdout.splitlines())
    assert codes == [0, 7], done.stdout
    assert user.json("verify", "e_3_12")["damaged"] is False


_END_RUN = """
import subprocess, sys, time
from pathlib import Path
from sealenv.system.processes import programs_in
prefix, *command = sys.argv[1:]
run = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
print(run.stdout.readline().strip().decode())  # the command has started
run.terminate()
run.wait()
deadline = time.monotonic() + 60
while programs_in(Path(prefix)):
    assert time.monotonic() < deadline
print("ended")
"""


def test_a_command_ends_with_run(user: User, breakable: Path) -> None:
    program = "print('up', flush=True); input()"
    argv = user.windows.sealenv_argv("run", "small_3_12", "--", "python", "-c", program)
    done = user.python(_END_RUN, user.path(breakable), *argv)
    assert done.stdout.split() == ["up", "ended"], done.stderr
