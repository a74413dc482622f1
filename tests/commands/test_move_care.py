"""What `move` and `clone` preserve: concurrent writes, owners, hard links."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from sealenv.commands.move import move
from sealenv.commands.verify import verify
from sealenv.errors import PrefixChangedError
from sealenv.layout import MARKER, walk
from sealenv.prefix.pending import REMOVING, write_plan
from sealenv.progress import Reporter
from sealenv.seals.seal import read_seal, write_seal
from tests.channel import Channels
from tests.commands.test_full_disk import Mount, mount
from tests.machine import Machine

__all__ = ["mount"]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="counts on POSIX, tmpfs and root")
_ROOT = sys.platform != "win32" and os.geteuid() == 0
as_root = pytest.mark.skipif(not _ROOT, reason="owners are root's to give")


@pytest.fixture
def env(machine: Machine, channels: Channels) -> Path:
    """Small, and without python."""
    machine.tiny("e", channels.main_url, "prio", "dated")
    return machine.envs / "e"


def is_whole(prefix: Path) -> bool:
    """Return whether `verify` reports only the files that these tests add."""
    found = [(f.kind, f.path) for f in verify(prefix).findings]
    odd = [item for item in found if item[0] != "untracked"]
    assert not odd
    return read_seal(prefix).prefix == str(prefix)


class Proof(Reporter):
    """Writes into the original after the copy was read."""

    def __init__(self, write: Callable[[], object]) -> None:
        self.write = write

    def phase(self, name: str, what: str) -> None:
        if name == "proof":
            self.write()


def another_link(env: Path) -> None:
    (env / "link").unlink()
    (env / "link").symlink_to("precious")


WRITES: dict[str, Callable[[Path], object]] = {
    "new in __home__": lambda e: (e / "__home__/new").write_text("precious"),
    "gone": lambda e: (e / "__home__/mine").unlink(),
    "another link": another_link,
}


@pytest.mark.parametrize("what", WRITES)
def test_written_after_it_was_copied(machine: Machine, env: Path, what: str) -> None:
    (env / "__home__").mkdir()
    (env / "__home__/mine").write_text("mine")
    (env / "link").symlink_to("old")
    place = machine.envs / "copied"
    with pytest.raises(PrefixChangedError) as caught:
        move(env, place, copy=True, reporter=Proof(lambda: WRITES[what](env)))
    assert f"sealenv remove {env}" in str(caught.value.hint)
    assert caught.value.exit_code == 7
    assert is_whole(env)
    assert is_whole(place)
    assert not (env / MARKER).exists()
    machine.run("move", "e", "copied", code=7)
    assert is_whole(env)


def test_killed_while_the_old_one_was_removed(machine: Machine, env: Path) -> None:
    """The new one is whole, the old one pending; `move` says how to remove it."""
    place = machine.envs / "copied"
    machine.run("clone", "e", "copied")
    came = msgspec.structs.replace(read_seal(env), prefix=str(place))
    seal = msgspec.structs.replace(read_seal(place), created=came.created)
    write_seal(place, seal)  # as if `move` had copied it
    write_plan(env, [e.relative for e in walk(env) if not e.is_dir])
    (env / MARKER).write_bytes(REMOVING)
    (env / "conda-meta/history").unlink()
    answer = machine.json("move", "e", "copied", code=7)
    assert f"sealenv remove {env}" in answer["hint"]
    assert f"the environment is at {place}" in answer["details"]
    machine.run("remove", "e", "-y")
    assert not env.exists()
    assert is_whole(place)


def test_a_copy_that_was_killed_in_the_user_folder(machine: Machine, env: Path) -> None:
    """Its files are replaced; files of others and links are never written to."""
    place = machine.envs / "copied"
    home = place / "__home__"
    (env / "__home__/sub").mkdir(parents=True)
    for name in ("one", "two", "sub/three"):
        (env / "__home__" / name).write_text(name)
    home.mkdir(parents=True)
    (place / "conda-meta").mkdir()
    (place / MARKER).write_bytes(b"token\n")
    write_plan(place, [f"__home__/{name}" for name in ("one", "two", "sub/three", "gone")])
    for name in (".two.0123456789abcdef.part", "one", "theirs"):
        (home / name).write_text("x")
    (home / "sub").symlink_to(machine.root)
    answer = machine.json("move", "e", "copied", "--copy", code=9)
    assert answer["where"] == str(home / "sub")
    assert is_whole(env)
    assert not (machine.root / "three").exists()
    (home / "sub").unlink()
    machine.run("move", "e", "copied", "--copy")
    assert (home / "theirs").read_text() == "x"
    assert sorted(p.name for p in home.iterdir()) == ["one", "sub", "theirs", "two"]
    for name in ("one", "two", "sub/three"):
        assert (home / name).read_text() == name


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["move", "e", "f"], "sealenv move --here"),
        (["move", "e", "f", "--copy"], "is as it was, and"),
        (["clone", "e", "f"], "the next clone replaces it"),
    ],
)
def test_an_interruption_says_where_the_environment_is(
    machine: Machine, env: Path, options: list[str], says: str
) -> None:
    program = (
        "import os, sys\n"
        f"sys.path.insert(0, {str(Path(__file__).parents[2] / 'src')!r})\n"
        "def strike(event, args):\n"
        "    if event == 'os.rename' and str(args[1]).endswith('f/activate.sh'):\n"
        f"        os.kill(os.getpid(), {int(signal.SIGTERM)})\n"
        "sys.addaudithook(strike)\n"
        f"sys.argv = {['sealenv', *options]!r}\n"
        "from sealenv.__main__ import main\n"
        "sys.exit(main())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=machine.env, cwd=machine.root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 130, done.stderr
    assert says in done.stderr
    assert str(machine.envs / "f") in done.stderr
    machine.run(*options)
    assert is_whole(machine.envs / "f")


def test_into_and_out_of_a_mount_point(machine: Machine, env: Path, mount: Mount) -> None:
    disk = mount(64 << 20)
    machine.run("move", "e", str(disk))
    assert is_whole(disk)
    assert not env.exists()
    machine.run("move", str(disk), "e")
    assert is_whole(env)
    assert list(disk.iterdir()) == []


@as_root
def test_owners_stay(machine: Machine, env: Path) -> None:
    (env / "__home__").mkdir()
    (env / "__home__/link").symlink_to("nowhere")
    subprocess.run(["chown", "-Rh", "1234:2345", str(env)], check=True)
    env.chmod(0o700)
    machine.run("move", "e", "f", "--copy")
    place = machine.envs / "f"
    for path in (place, *place.rglob("*")):
        status = path.lstat()
        if "pkgs" not in path.relative_to(place).parts:
            assert (status.st_uid, status.st_gid) == (1234, 2345), path
    assert stat.S_IMODE(place.stat().st_mode) == 0o700


@pytest.mark.parametrize("command", [["move"], ["move", "--copy"], ["clone"]])
def test_a_file_with_a_name_outside(machine: Machine, env: Path, command: list[str]) -> None:
    """That keeps its bytes, and files and links keep their time."""
    outside = machine.root / "outside"
    outside.write_text(f"at={env}/x\n")
    os.link(outside, env / "one")
    (env / "link").symlink_to(env / "one")
    for name in ("one", "link"):
        os.utime(env / name, (1e9, 1e9), follow_symlinks=False)
    machine.run("seal", "e", "-y")
    machine.run(command[0], "e", "f", *command[1:])
    place = machine.envs / "f"
    assert (place / "one").read_text() == f"at={place}/x\n"
    assert outside.read_text() == f"at={env}/x\n"
    assert os.readlink(place / "link") == str(place / "one")
    assert {(place / name).lstat().st_mtime for name in ("one", "link")} == {1e9}
    assert is_whole(place)


@pytest.mark.parametrize("command", ["clone", "move --copy"])
def test_hard_links_stay(machine: Machine, env: Path, command: str) -> None:
    (env / "one").write_text("same")
    os.link(env / "one", env / "two")
    machine.run(*command.split(), "e", "f")
    place = machine.envs / "f"
    assert (place / "one").stat().st_ino == (place / "two").stat().st_ino
