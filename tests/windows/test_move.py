"""A move on Windows: launchers, scripts, and an open handle that stops a rename."""

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
import errno, os
import sealenv.system.deleting as deleting
import sealenv.system.files as files
deleting.PATIENCE = float(sys.argv[4])
rename = files.os.rename
def as_windows(source, target):
    # Wine renames a folder while a file in it is open; Windows does not.
    if holder.poll() is None:
        raise OSError(errno.EACCES, "Access is denied", str(source), 5, str(target))
    rename(source, target)
if sys.argv[6] == "wine":
    files.os.rename = as_windows
tries = []
pause = deleting.time.sleep
def sleep(seconds):
    tries.append(seconds)
    if len(tries) == int(sys.argv[5]):
        holder.communicate("go\\n")  # it ends, and lets go
    pause(seconds)
deleting.time.sleep = sleep
from sealenv.errors import SealenvError
from sealenv.commands.move import move
try:
    print(move(sys.argv[2], sys.argv[3]).how)
except SealenvError as error:
    print(type(error).__name__, error.where)
    print(holder.pid, list(error.details))
print("tries", len(tries))
if holder.poll() is None:
    holder.communicate("go\\n")
"""


def hold(user: User, victim: Path, prefix: Path, place: Path, patience: str, tries: str) -> str:
    kind = "wine" if user.windows.wine else "windows"
    paths = [user.path(p) for p in (victim, prefix, place)]
    return user.python(_HOLD, *paths, patience, tries, kind).stdout


def test_there_and_back(user: User, breakable: Path) -> None:
    place = user.envs / "a new name"
    user.run("move", "small_3_12", "a new name")
    assert not breakable.exists()
    assert user.json("verify", "a new name")["damaged"] is False
    program = "import sys; print(sys.prefix)"
    said = user.run("run", "a new name", "--", "python", "-c", program).stdout.strip()
    assert said.lower() == user.path(place).lower()
    said = user.run("run", "a new name", "--", "pip", "--version").stdout
    assert user.path(place).lower() in said.lower()
    place.rename(breakable)  # by hand
    refused = user.run("run", "small_3_12", "--", "python", "-c", program, code=125)
    assert "move --here" in refused.stderr
    user.run("move", "--here", "small_3_12")
    assert user.json("verify", "small_3_12")["damaged"] is False


def test_a_handle_that_stays_is_named_and_nothing_was_moved(user: User, breakable: Path) -> None:
    victim = breakable / "Lib/os.pyc"
    said = hold(user, victim, breakable, user.envs / "moved", "0.5", "999999")
    assert f"FilesystemError {user.path(breakable)}" in said, said
    assert f"{victim.name} is open" in said
    assert not (user.envs / "moved").exists()
    assert user.json("verify", "small_3_12")["damaged"] is False
    user.run("move", "small_3_12", "moved")


def test_a_clone(user: User, breakable: Path) -> None:
    answer = user.json("clone", "small_3_12", "second")
    assert answer["linked"] > answer["copied"]
    user.run("remove", "small_3_12", "-y")
    assert user.json("verify", "second")["damaged"] is False
    assert user.run("run", "second", "--", "python", "-c", "print(1)").stdout.strip() == "1"
