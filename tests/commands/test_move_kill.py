"""A killed move leaves the old or the new environment, and the same command finishes it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sealenv.commands.verify import verify
from sealenv.layout import MOVING, State, state_of
from sealenv.seals.seal import is_at, read_seal
from tests.commands.test_move import env, holding, moved_by_hand, original
from tests.machine import Machine

__all__ = ["env", "moved_by_hand", "original"]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="counts system calls")

_KILLED = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
calls, last = 0, int(sys.argv[2])
WRITING = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.utime",
           "os.chmod", "os.truncate", "shutil.copyfile", "ctypes.dlsym"}
def strike(event, args):
    global calls
    if event in WRITING or (event == "open" and isinstance(args[2], int) and args[2] & os.O_CREAT):
        calls += 1
        if calls == last:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(strike)
sys.argv = ["sealenv", *sys.argv[3:]]
from sealenv.__main__ import main
code = main()
print("calls", calls, file=sys.stderr)
sys.exit(code)
"""
"""Kills itself before the Nth call that changes a file, or prints the number of calls."""


_PREFIX = "import sys; print(sys.prefix)"


def killed(machine: Machine, number: int, *args: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-c", _KILLED, str(Path(__file__).parents[2] / "src"), str(number), *args],
        env=machine.env, cwd=machine.root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stderr


@pytest.mark.slow
def test_one_rename_killed_before_every_kind_of_write(
    warm_machine: Machine, env: Path, original: Path
) -> None:
    """There and back and there again: each leg is killed at some calls and finished."""
    machine, here, there = warm_machine, env, warm_machine.envs / "other"
    code, said = killed(machine, 0, "move", "e", "other", "-q")
    assert code == 0, said
    calls = int(said.split("calls ")[1])
    assert calls > 20
    here, there = there, here
    early, late = (1, 2, 3, 5, 8), range(calls - 8, calls + 1)
    for number in (*early, *range(14, calls - 8, 40), *late):
        code, said = killed(machine, number, "move", str(here), str(there), "-q")
        assert code in (-signal.SIGKILL, 0), said
        if code:
            old, new = state_of(here), state_of(there)
            if old is State.SEALED:
                assert new in {State.ABSENT, State.EMPTY}, number
                assert [f for f in verify(here).findings if not _is_partial(f.path)] == []
            else:
                assert (old, new) == (State.ABSENT, State.SEALED), number
                if not is_at(read_seal(there), there):
                    asked = machine.run("run", str(there), "--", "python", "-c", _PREFIX, code=None)
                    assert asked.returncode == 125 or asked.stdout.strip() == str(there)
            if (there / MOVING).exists():
                asked = machine.run("run", str(there), "--", "python", "-c", "", code=125)
                assert "was interrupted" in asked.stderr
                left = True
            else:
                left = old is State.SEALED
                left = left or not (is_at(seal := read_seal(there), there) and seal.checked)
            machine.run("move", str(here), str(there), "-q", code=0 if left else 7)
        assert read_seal(there).checked
        findings = [f for f in verify(there).findings if not _is_partial(f.path)]
        assert findings == [], number
        assert not here.exists()
        assert not (there / MOVING).exists()
        assert holding(there, here) == []
        here, there = there, here
    assert verify(here).fingerprints.now is not None


@pytest.mark.slow
@pytest.mark.parametrize(("then", "share"), [("back", 0.3), ("on", 0.9)])
def test_killed_and_then_taken_elsewhere_by_hand(
    warm_machine: Machine, env: Path, then: str, share: float
) -> None:
    """Its files hold two paths, and it is at the one in its seal, or at a third one."""
    machine, there = warm_machine, warm_machine.envs / "other"
    machine.run("clone", "e", "rehearsal")
    code, said = killed(machine, 0, "move", "rehearsal", "rehearsed", "-q")
    assert code == 0, said
    calls = int(said.split("calls ")[1])
    code, said = killed(machine, int(calls * share), "move", "e", "other", "-q")
    assert code == -signal.SIGKILL, said
    assert (there / MOVING).exists()
    place = env if then == "back" else warm_machine.envs / "third"
    there.rename(place)
    listed = json.loads(machine.run("list", "--json").stdout)["environments"]
    assert {e["name"]: e["state"] for e in listed}[place.name] == "moved"
    assert "was interrupted" in machine.run("run", str(place), "--", "python", code=125).stderr
    done = subprocess.run(
        ["sh", "-c", '. "$1"/activate.sh', "sh", place],
        env=machine.env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode
    assert "sealenv move --here" in done.stderr
    machine.run("clone", str(place), "never", code=7)
    machine.run("move", "--here", str(place), "-q")
    assert [f for f in verify(place).findings if not _is_partial(f.path)] == []
    assert holding(place, there) == []
    assert place == env or holding(place, env) == []
    machine.run("run", str(place), "--", "pip", "--version")


@pytest.mark.slow
def test_killed_after_a_move_by_hand(warm_machine: Machine, env: Path) -> None:
    """The journal names every path that files may hold."""
    machine, by_hand, place = warm_machine, warm_machine.envs / "hand", warm_machine.envs / "new"
    env.rename(by_hand)
    (by_hand / "notes").write_text(f"{env}/bin {by_hand}/bin\n")
    code, said = killed(machine, 40, "move", "hand", "new", "-q")
    assert code == -signal.SIGKILL, said
    assert (place / MOVING).exists()
    machine.run("move", "hand", "new", "-q")
    assert (place / "notes").read_text() == f"{place}/bin {place}/bin\n"
    assert [(f.kind, f.path) for f in verify(place).findings] == [("untracked", "notes")]


def _is_partial(path: str) -> bool:
    """Return whether it is a temporary file that a kill has left."""
    name = path.rpartition("/")[2]
    return name.startswith(".") and len(name.rpartition(".")[2]) == 16


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.3, 0.97, 1.0])
def test_a_copy_killed_at_any_time(warm_machine: Machine, env: Path, share: float) -> None:
    machine, place = warm_machine, warm_machine.envs / "copied"
    machine.run("clone", "e", "rehearsal", "--copy")
    code, said = killed(machine, 0, "move", "rehearsal", "rehearsed", "--copy")
    assert code == 0, said
    calls = int(said.split("calls ")[1])
    code, said = killed(machine, int(calls * share), "move", "e", "copied", "--copy")
    assert code in (-signal.SIGKILL, 0), said
    states = state_of(env), state_of(place)
    if states[0] is State.SEALED:
        assert not verify(env).findings
        if states[1] is State.SEALED:
            machine.run("remove", str(env), "-y")
        else:
            machine.run("move", "e", "copied", "--copy")
    elif states[0] is State.PENDING:
        assert states[1] is State.SEALED
        again = machine.run("move", "e", "copied", code=None)
        if again.returncode:
            assert "sealenv remove" in again.stderr
            machine.run("remove", str(env), "-y")
    elif states[0] is State.EMPTY:  # all but the last rmdir was done
        env.rmdir()
    assert not env.exists()
    assert not verify(place).findings
    assert not (place / "__home__").exists()
