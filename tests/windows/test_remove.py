"""What stands in the way of a remove on Windows: open files, running programs, attributes."""

from __future__ import annotations

from pathlib import Path

from tests.windows.user import User

_HOLD = """
import subprocess, sys
hold = "import sys; f = open(sys.argv[1]); print('open', flush=True); sys.stdin.readline()"
holder = subprocess.Popen(
    [sys.executable, "-c", hold, sys.argv[1]],
    stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
assert holder.stdout.readline().strip() == "open"
import threading
import sealenv.system.deleting as deleting
deleting.PATIENCE = float(sys.argv[3])
tries = []
pause = deleting.time.sleep
def sleep(seconds):
    tries.append(seconds)
    if len(tries) == int(sys.argv[4]):
        holder.communicate("go\\n")  # it ends, and lets go
    pause(seconds)
deleting.time.sleep = sleep
from sealenv.errors import SealenvError
from sealenv.prefix.removal import remove
from pathlib import Path
try:
    remove(Path(sys.argv[2]))
except SealenvError as error:
    print(type(error).__name__, error.where)
    print(holder.pid, error.details)
print("tries", len(tries))
if holder.poll() is None:
    holder.communicate("go\\n")
"""


def test_a_file_that_is_let_go_after_a_moment_is_removed(user: User, breakable: Path) -> None:
    victim = breakable / "Lib/os.pyc"
    done = user.python(_HOLD, user.path(victim), user.path(breakable), "30", "3")
    assert "Error" not in done.stdout
    assert not breakable.exists()


def test_a_file_that_stays_open_is_named_and_nothing_is_lost_track_of(
    user: User, breakable: Path
) -> None:
    victim = breakable / "Lib/os.pyc"
    done = user.python(_HOLD, user.path(victim), user.path(breakable), "0.5", "999999")
    assert f"FilesystemError {user.path(victim)}" in done.stdout, done.stdout
    if not user.windows.wine:  # Wine's Restart Manager is a stub
        pid = done.stdout.splitlines()[1].split()[0]
        assert f"open in {pid} " in done.stdout
    (listed,) = user.json("list")["environments"]
    assert listed["state"] == "pending"
    user.run("remove", "small_3_12", "-y")
    assert not breakable.exists()


def test_read_only_files_are_removed(user: User, breakable: Path) -> None:
    user.windows.cmd(f'attrib +R "{user.path(breakable / "LICENSE.txt")}"')
    user.run("remove", "small_3_12", "-y")
    assert not breakable.exists()


def test_a_running_program_is_named(user: User, breakable: Path) -> None:
    script = f"""
import subprocess
child = subprocess.Popen([{user.path(breakable / "python.exe")!r}, "-c", "print(flush=True); input()"],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
child.stdout.readline()
import os
from sealenv.errors import SealenvError
from sealenv.prefix.removal import check_removable
from pathlib import Path
try:
    check_removable(Path({user.path(breakable)!r}), os.environ)
except SealenvError as error:
    print(error.what, [line.split()[0] == str(child.pid) for line in error.details])
child.communicate(b"\\n")
"""
    done = user.python(script)
    assert done.stdout.strip() == "programs of this environment are running [True]"


def test_paths_beyond_260_are_removed(user: User, breakable: Path) -> None:
    script = f"""
from sealenv.system.volumes import extended
from pathlib import Path
deep = extended(Path({user.path(breakable)!r}))
for _ in range(6):
    deep = deep / ("d" * 50)
    deep.mkdir()
(deep / "note.txt").write_text("mine")
print(len(str(deep)) > 300)
"""
    assert user.python(script).stdout.strip() == "True"
    user.run("remove", "small_3_12", "-y")
    assert not breakable.exists()
