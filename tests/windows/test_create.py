"""`sealenv create`, list, info, verify and remove on Windows Python, in folders with a space."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sealenv.seals.seal import read_seal
from tests.channel import Channels
from tests.machine import Machine
from tests.windows.user import User

Made = tuple[User, Path]


def test_it_is_made_checked_and_listed(made: Made) -> None:
    user, prefix = made
    (listed,) = user.json("list")["environments"]
    assert listed["prefix"] == user.path(prefix)
    assert listed["state"] == "sealed"
    info = user.json("info", "shared_3_12")
    assert info["seal"]["platform"] == "win-64"
    assert info["seal"]["checked"] is True
    assert info["seal"]["check"]["python"] == info["seal"]["python"]
    assert sorted(info["seal"]["check"]["tools"]) == ["conda", "mamba", "pip"]
    assert all(name in said for name, said in info["seal"]["check"]["tools"].items())
    assert (prefix / "python.exe").is_file()
    assert list((prefix / "Lib").rglob("__pycache__"))


def test_verify_finds_nothing_and_then_what_was_changed(user: User, breakable: Path) -> None:
    assert user.json("verify", "small_3_12")["findings"] == []
    victim = breakable / "Lib/site-packages/sealenv_stand_in_conda.py"
    data = victim.read_bytes()
    victim.unlink()  # a hard link into the cache: replaced, not written into
    victim.write_bytes(data + b"# changed\n")
    found = user.json("verify", "small_3_12", code=1)["findings"]
    assert {(f["kind"], f["package"]) for f in found} == {("altered", "conda")}


def test_a_folder_that_is_not_empty_is_left_alone(user: User, channels: Channels) -> None:
    target = user.envs / "full_3_12"
    target.mkdir(parents=True)
    (target / "mine.txt").write_text("mine")
    user.run("create", "full", "3.12", "-c", user.path(channels.main), code=7)
    assert [path.name for path in target.iterdir()] == ["mine.txt"]


def test_a_path_with_an_ampersand_and_no_space(user: User, channels: Channels) -> None:
    """Nothing behind the ampersand is taken for a command, in the check neither."""
    target = user.root / "R&D" / "env"
    user.run("create", "-p", user.path(target), "3.12", "-c", user.path(channels.main), "--no-pyc")
    done = user.run("run", user.path(target), "--", "conda", "--version")
    assert done.stdout.startswith("conda 0.0.0")


def test_letters_beyond_ascii(user: User, channels: Channels) -> None:
    name = "grün é"
    user.run("create", name, "3.12", "-c", user.path(channels.main), "--no-pyc")
    (listed,) = user.json("list")["environments"]
    assert listed["name"] == f"{name}_3_12"
    source = "import sys; print(ascii(sys.prefix))"
    done = user.run("run", f"{name}_3_12", "--", "python", "-c", source)
    assert done.stdout.strip() == ascii(user.path(user.envs / f"{name}_3_12"))
    assert list(user.home.rglob("*")) == []
    assert list(user.tmp.rglob("*")) == []


def test_letters_that_launchers_cannot_open_are_refused(newcomer: User) -> None:
    ask = "import locale; print(locale.getencoding())"
    if newcomer.python(ask).stdout.strip() in {"utf-8", "cp65001"}:
        pytest.skip("this Windows uses UTF-8")
    done = newcomer.run("create", "grün Пример", "3.12", code=2)  # no code page has both
    assert "code page" in done.stderr
    assert not newcomer.envs.exists()


def test_hostile_names_are_refused(newcomer: User) -> None:
    done = newcomer.run("create", 'x" & y', "3.12", code=2)
    assert done.stderr.startswith("error: ")
    assert not newcomer.envs.exists()


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("C:env", "cannot use this form of a path"),
        (r"\\server\share\env", "map a drive to it"),
        (r"C:\a%b\env", "contains '%'"),
        ("C:\\" + "d" * 220, "cmd.exe allows at most"),
        (r"Q:\none\env", "drive Q: does not exist"),
    ],
)
def test_odd_places_get_a_clear_answer(newcomer: User, place: str, words: str) -> None:
    assert words in newcomer.run("create", "-p", place, "3.12", code=2).stderr


def test_a_path_beyond_260_is_refused_before_the_first_write(
    user: User, channels: Channels
) -> None:
    # Long enough that the longest file of a package is too long, and the prefix itself is not.
    target = user.envs / ("d" * 60) / ("e" * (190 - len(user.path(user.envs)) - 63))
    done = user.run(
        "create", "-p", user.path(target), "3.12", "-c", user.path(channels.main), code=None
    )
    if done.returncode == 0:
        assert _long_paths_enabled(user)
        return
    assert done.returncode == 6
    assert "LongPathsEnabled" in done.stderr
    assert not target.parent.exists()


def _long_paths_enabled(user: User) -> bool:
    key = r"HKLM\SYSTEM\CurrentControlSet\Control\FileSystem"
    return "0x1" in user.windows.cmd(f"reg query {key} /v LongPathsEnabled").stdout


@pytest.mark.skipif(os.name == "nt", reason="makes the other half of the comparison on Linux")
def test_linux_makes_the_same_tree(made: Made, channels: Channels, tmp_path: Path) -> None:
    """All but what names the prefix, what a check leaves, and what only Windows can compile."""
    _, prefix = made
    linux = Machine(tmp_path / "linux")
    linux.create("shared", channels.main_url, "3.12", "--platform", "win-64")
    other = linux.envs / "shared_3_12"
    ours, theirs = _content(prefix, "Z:" + str(prefix)), _content(other, str(other))
    assert sorted(set(ours) ^ set(theirs)) == []
    # These name the place that the environment was made at, which cmd.exe cannot have on Linux.
    places = ["activate.bat", "etc/sealenv/env.ps1", "etc/sealenv/prefix.txt"]
    assert sorted(path for path in ours if ours[path] != theirs[path]) == places
    prints = [read_seal(p).fingerprints for p in (prefix, other)]
    assert prints[0] is not None
    assert prints[1] is not None
    assert prints[0].packages == prints[1].packages


def _content(prefix: Path, text: str) -> dict[str, bytes]:
    """Path to content, with the prefix (both slash directions) as one word."""
    found = {}
    for path in prefix.rglob("*"):
        name = path.relative_to(prefix).as_posix()
        if path.is_symlink() or not path.is_file():
            continue
        if "__pycache__" in name or name.startswith(("conda-meta/", "pkgs/")):
            continue
        data = path.read_bytes()
        for form in (text, text.replace("\\", "/"), text.replace("/", "\\")):
            data = data.replace(form.encode(), b"<prefix>")
        if name == ".condarc":  # it names the channel, which lies on drive Z: there
            data = data.replace(b"file:///Z:/", b"file:///")
        found[name] = data
    return found


def test_the_null_device_is_no_terminal(user: User, channels: Channels) -> None:
    """Nobody can be asked there; the C library of Windows takes it for a terminal."""
    program = """
import subprocess, sys
nul = subprocess.DEVNULL
done = subprocess.run(sys.argv[1:], stdin=nul, stdout=subprocess.PIPE, stderr=nul)
print(done.returncode)
"""
    argv = user.windows.sealenv_argv("create", "e", "3.12", "-c", user.path(channels.main))
    assert user.python(program, *argv, "--no-pyc").stdout.split() == ["0"]
