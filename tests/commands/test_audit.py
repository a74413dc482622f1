"""`sealenv audit` of real environments."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import subprocess
import zipapp
from pathlib import Path
from typing import Any

import pytest

from sealenv.tour.channel import DemoChannel
from tests.machine import Machine
from tests.pypi.index import Wheel

Found = dict[str, Any]

TOOL = Wheel(
    "hello-tool",
    files={
        "hello_tool.py": "def main():\n    print('hello')\n",
        "hello_tool-1.0.data/scripts/plain-tool": "#!python\nprint('plain')\n",
    },
    scripts=["hello-tool = hello_tool:main"],
)


def by_path(answer: dict[str, Any], whose: str = "own") -> dict[str, Found]:
    return {f["path"]: f for f in answer["findings"] if f["whose"] == whose}


def site(prefix: Path) -> Path:
    return next((prefix / "lib").glob("python3.*")) / "site-packages"


def pip(prefix: Path, *words: str) -> None:
    env = {"PATH": "/usr/bin:/bin", "HOME": str(prefix.parent), "PIP_NO_INDEX": "1"}
    command = [str(prefix / "bin/python"), "-m", "pip", "install", "-q", *words]
    subprocess.run(command, env=env, check=True, stdin=subprocess.DEVNULL, capture_output=True)


def editable(root: Path) -> Path:
    """A project with a build backend of its own that installs it as setuptools does."""
    project = root / "my project"
    (project / "src").mkdir(parents=True)
    (project / "src/mine.py").write_text("def main():\n    print('mine')\n")
    (project / "pyproject.toml").write_text(
        '[project]\nname = "mine"\nversion = "1"\n[build-system]\nrequires = []\n'
        'build-backend = "backend"\nbackend-path = ["."]\n'
    )
    wheel = Wheel(
        "mine",
        files={"__editable__.mine-1.0.pth": f"{project / 'src'}\n"},
        scripts=["mine = mine:main"],
    ).write(root / "wheels")
    (project / "backend.py").write_text(
        "import os, shutil\n"
        f"def build_editable(folder, *_):\n    shutil.copy({str(wheel)!r}, folder)\n"
        f"    return {wheel.name!r}\n"
        "build_wheel = build_editable\n"
    )
    return project


@pytest.fixture(scope="module")
def made(
    tmp_path_factory: pytest.TempPathFactory, warm_cache: Path, demo_channel: DemoChannel
) -> tuple[Machine, Path]:
    """An environment with everything that pip leaves behind."""
    machine = Machine(tmp_path_factory.mktemp("audit"), cache=warm_cache)
    prefix = Path(machine.create("my-env", demo_channel)["prefix"])
    pip(prefix, str(TOOL.write(machine.root / "wheels")))
    inside = prefix / "__home__"
    inside.mkdir()
    pip(prefix, "--no-build-isolation", "-e", str(editable(inside)))
    return machine, prefix


def test_a_fresh_environment(warm_machine: Machine, demo_channel: DemoChannel) -> None:
    prefix = Path(warm_machine.create("e", demo_channel)["prefix"])
    before = warm_machine.snapshot()
    answer = warm_machine.json("audit", "e")
    found = by_path(answer)
    assert {"bin/pip", "conda-meta/sealenv", "activate.sh", "etc/sealenv/env.sh"} <= set(found)
    assert all(f["fix"] in ("move", "relative") and not f["left"] for f in found.values())
    assert answer["left"] == 0
    # Whatever plainly holds it is found; nothing else is.
    plain = subprocess.run(
        ["grep", "-rlF", "--exclude=sealenv.files", str(prefix), str(prefix)],
        capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    assert set(found) == {Path(path).relative_to(prefix).as_posix() for path in plain}
    shown = warm_machine.run("audit", "e")
    assert "it can be moved: `sealenv move` rewrites all that matters" in shown.stderr
    assert warm_machine.snapshot() == before


def test_owners_and_reasons(made: tuple[Machine, Path]) -> None:
    machine, prefix = made
    lib = site(prefix).relative_to(prefix).as_posix()
    found = by_path(machine.json("audit", str(prefix)))
    expected = {
        "activate.sh": ("sealenv", True, "move"),
        "bin/pip": ("pip", True, "relative"),
        "bin/hello-tool": ("hello-tool", True, "relative"),
        "bin/plain-tool": ("hello-tool", True, "move"),
        "bin/mine": ("mine", True, "relative"),
        f"{lib}/__editable__.mine-1.0.pth": ("mine", True, "move"),
        f"{lib}/mine-1.0.dist-info/direct_url.json": ("mine", False, "move"),
        f"{lib}/__pycache__/hello_tool.cpython-{lib[10]}{lib[12:14]}.pyc": ("hello-tool", False, "move"),
        "conda-meta/sealenv": ("sealenv", True, "move"),
    }  # fmt: skip
    told = {p: (f["owner"], f["matters"], f["fix"]) for p, f in found.items()}
    assert {path: told.get(path) for path in expected} == expected


def test_every_form_is_found(warm_machine: Machine, demo_channel: DemoChannel) -> None:
    prefix = Path(
        warm_machine.json(
            "create", "-p", str(warm_machine.root / "mein Büro/e (1)"), "-c", demo_channel.url,
            "--without=conda", "--without=mamba", "--without=pip", "--no-pyc",
        )["prefix"]
    )  # fmt: skip
    text = str(prefix)
    data = prefix / "share"
    data.mkdir(exist_ok=True)
    contents = {
        "plain": text.encode(),
        "url": prefix.as_uri().encode(),
        "json": json.dumps(text).encode(),
        "deep": bytes(5_000_000) + text.encode() + b"\0" * 5_000_000,
    }
    for name, content in contents.items():
        (data / name).write_bytes(content if name == "deep" else b"x = " + content + b"\n")
    (data / "other").write_text(f"{text}2 {text}-old /mnt{text}\n")
    (data / "link").symlink_to(prefix / "bin/python")
    (data / "short").symlink_to("../bin/python")
    answer = by_path(warm_machine.json("audit", text, code=1))
    found = {p.removeprefix("share/"): f for p, f in answer.items() if p.startswith("share/")}
    assert set(found) == {*contents, "link"}
    assert all(f["count"] == 1 for f in found.values())
    assert found["link"]["matters"]
    assert found["plain"]["owner"] is None
    # By another name of its folder: both are its path.
    other = warm_machine.root / "other name"
    other.symlink_to(prefix.parent)
    (data / "given").write_text(f"{other / 'e (1)'}\n")
    again = by_path(warm_machine.json("audit", str(other / "e (1)"), code=1))
    assert {"share/given", "share/plain"} <= set(again)
    assert (again["share/given"]["fix"], again["share/plain"]["fix"]) == ("none", "move")
    # What has no length, no sum and no unknown format can have any path.
    fixes = {p: f["fix"] for p, f in found.items()}
    assert {p for p, fix in fixes.items() if fix == "none"} == {"deep"}
    assert set(fixes.values()) == {"move", "none"}


def test_files_that_move_leaves_are_reported_before_and_after(
    warm_machine: Machine, demo_channel: DemoChannel
) -> None:
    prefix = Path(warm_machine.create("e", demo_channel, "--no-pyc")["prefix"])
    place = str(prefix)
    source = warm_machine.root / "app"
    source.mkdir()
    (source / "__main__.py").write_text("print('ran')\n")
    zipapp.create_archive(source, prefix / "bin/app", f"{place}/bin/python")
    (source / "__main__.py").write_text(f"print({place!r})\n" * 9)
    zipapp.create_archive(source, prefix / "bin/inside", f"{place}/bin/python")
    (prefix / "share").mkdir(exist_ok=True)
    with contextlib.closing(sqlite3.connect(prefix / "share/base.db")) as base:
        base.execute("create table t (x)")
        base.execute("insert into t values (?)", (place,))
        base.commit()
    (prefix / "__home__").mkdir(exist_ok=True)
    (prefix / "__home__/mine").write_text(f"{place}\n")
    found = by_path(warm_machine.json("audit", "e", code=1))
    told = {path: (f["fix"], f["left"]) for path, f in found.items()}
    expected = {
        "bin/app": ("move", False),
        "bin/inside": ("none", True),
        "share/base.db": ("none", True),
        "__home__/mine": ("none", False),
    }
    assert {path: told[path] for path in expected} == expected
    assert {path for path, (_, left) in told.items() if left} <= expected.keys()
    assert "makes it again" in found["bin/inside"]["why"]
    # move does just that, and what it left is shown from then on.
    moved = warm_machine.json("move", "e", "another-name")
    left = {path for path, (_, is_left) in told.items() if is_left}
    assert left <= {item["path"] for item in moved["left"]}
    answer = warm_machine.json("audit", "another-name", code=1)
    assert answer["former"] == [place]
    assert {p for p, f in by_path(answer, "former").items() if f["left"]} == left
    assert all(f["fix"] == "none" for f in by_path(answer, "former").values())
    shown = warm_machine.run("audit", "another-name", code=1).stderr
    assert "moved by hand" not in shown
    assert "--here" not in shown
    app = prefix.with_name("another-name") / "bin/app"
    assert subprocess.run([app], capture_output=True, text=True, check=True).stdout == "ran\n"
    # Back home it is its own path again.
    warm_machine.run("move", "another-name", "e")
    assert warm_machine.json("audit", "e", code=1)["former"] == []


def test_moved_by_hand_and_without_a_seal(warm_machine: Machine, demo_channel: DemoChannel) -> None:
    prefix = Path(warm_machine.create("e", demo_channel, "--no-pyc")["prefix"])
    place = prefix.rename(prefix.with_name("f"))
    answer = warm_machine.json("audit", "f", code=1)
    assert answer["former"] == [str(prefix)]
    assert by_path(answer) == {}
    assert by_path(answer, "former")["bin/pip"]["left"]
    assert "sealenv move --here" in warm_machine.run("audit", "f", code=1).stderr
    place.rename(prefix)
    (prefix / "conda-meta/sealenv").unlink()
    (prefix / "conda-meta/sealenv.files").unlink()
    shown = warm_machine.run("audit", "e").stderr
    assert "it can be moved" not in shown
    assert "`sealenv move` needs a seal" in shown
