"""`create` with a `pip:` section: resolved, fetched, installed by the environment's own pip, sealed."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sealenv.tour.channel import DemoChannel
from tests.machine import Machine, traces
from tests.pypi.index import Index, Wheel, serve

TOOL = Wheel(
    "hello-tool",
    files={
        "hello_tool/__init__.py": "import helper\ndef main():\n    print('hello', helper.VALUE)\n",
        "hello_tool/broken.py": "no python at all\n",
        "hello_tool-1.0.data/scripts/plain-tool": "#!python\nprint('plain')\n",
        "hello_tool-1.0.data/data/share/hello/x.txt": "x\n",
    },
    requires=["helper", 'nowhere; sys_platform == "win32"'],
    scripts=["hello-tool = hello_tool:main"],
)


@pytest.fixture
def index(tmp_path: Path) -> Index:
    """Wheels of this test alone: the tests share a cache."""
    mark = {"hello_tool/mark.txt": f"{tmp_path}\n"}
    made = Index(tmp_path / "index")
    made.add(
        replace(TOOL, files={**TOOL.files, **mark}),
        Wheel("helper", files={"helper.py": f"VALUE = 1\n# {tmp_path}\n"}),
    )
    return made


def spec(machine: Machine, channel: DemoChannel, index: str, *lines: str, conda: str = "") -> Path:
    path = machine.root / "environment.yml"
    text = ["name: app", f"channels: [{json.dumps(channel.url)}]", "dependencies:", "  - python"]
    text += ["  - pip", *([f"  - {conda}"] if conda else []), "  - pip:"]
    text += [f"    - --index-url {index}", *(f"    - {line}" for line in lines)]
    path.write_text("\n".join(text) + "\n")
    return path


def make(machine: Machine, file: Path, *args: str, code: int = 0) -> dict[str, Any]:
    return machine.json("create", "-f", str(file), *args, code=code)


def site(prefix: Path) -> Path:
    return next((prefix / "lib").glob("python3.*")) / "site-packages"


def record(prefix: Path, dist: str) -> dict[str, list[str]]:
    with (site(prefix) / f"{dist}.dist-info/RECORD").open(newline="") as file:
        return {row[0]: row[1:] for row in csv.reader(file)}


def run(prefix: Path, *words: str) -> str:
    done = subprocess.run(
        [prefix / "bin" / words[0], *words[1:]], env={"PATH": "/usr/bin:/bin"}, check=True,
        capture_output=True, text=True,
    )  # fmt: skip
    return done.stdout


def test_the_whole_way(warm_machine: Machine, demo_channel: DemoChannel, index: Index) -> None:
    machine = warm_machine
    file = spec(machine, demo_channel, index.url, "hello_tool")
    planned = make(machine, file, "--dry-run")
    assert [w["name"] for w in planned["wheels"]] == ["helper", "hello-tool"]
    assert planned["to_fetch"] == 2
    made = make(machine, file)
    prefix = Path(made["prefix"])
    assert made["wheels"] == 2
    assert {"pip", "wheels"} <= set(made["seconds"])
    assert run(prefix, "hello-tool") == "hello 1\n"
    assert run(prefix, "plain-tool") == "plain\n"
    assert (prefix / "share/hello/x.txt").is_file()
    seal = machine.json("info", "app")["seal"]
    assert seal["spec"]["requirements"] == ["hello_tool"]
    assert seal["spec"]["indexes"] == [index.url]
    assert seal["lock"]["wheels"] == [f"{w['url']}#{w['sha256']}" for w in planned["wheels"]]
    assert seal["lock"]["digest"] == planned["lock_digest"] == made["lock_digest"]
    assert machine.json("verify", "app")["findings"] == []
    assert list(site(prefix).glob("*/direct_url.json")) == []
    assert traces(prefix, os.fsencode(machine.cache / "archives")) == []
    (cached,) = site(prefix).glob("hello_tool/__pycache__/*")  # broken.py is left uncompiled
    assert cached.read_bytes()[4:8] == b"\x03\x00\x00\x00"  # checked hash
    run(prefix, "python", "-m", "pip", "check")
    run(prefix, "python", "-m", "pip", "uninstall", "-qy", "hello-tool", "helper")
    assert [p for p in site(prefix).iterdir() if p.name.startswith(("hello", "helper"))] == []
    assert not (prefix / "bin/hello-tool").exists()


def test_offline_again_and_the_same_files(
    warm_machine: Machine, demo_channel: DemoChannel, index: Index
) -> None:
    machine = warm_machine
    file = spec(machine, demo_channel, index.url, "hello-tool")
    first = make(machine, file, "-p", str(machine.root / "first"))
    second = make(machine, file, "-p", str(machine.root / "second"), "--offline")
    assert first["lock_digest"] == second["lock_digest"]
    for dist in ("hello_tool-1.0", "helper-1.0"):
        one, two = (record(machine.root / name, dist) for name in ("first", "second"))
        scripts = {path for path in one if path.startswith("../../../bin/")}
        assert {p: d for p, d in one.items() if p not in scripts} == {
            p: d for p, d in two.items() if p not in scripts
        }
        for path in one.keys() - scripts:
            if not path.endswith("/RECORD"):
                assert (site(machine.root / "first") / path).read_bytes() == (
                    site(machine.root / "second") / path
                ).read_bytes()


def test_a_wheel_that_was_changed_in_the_index_or_the_cache(
    warm_machine: Machine, demo_channel: DemoChannel, tmp_path: Path
) -> None:
    machine = warm_machine
    wheel = Wheel(
        "fickle", files={"fickle.py": f"PLACE = {str(tmp_path)!r}\n"}
    )  # for this test alone
    index = Index(tmp_path / "other")
    index.add(wheel)
    with serve(index.root) as url:
        file = spec(machine, demo_channel, url, "fickle")
        planned = make(machine, file, "--dry-run")
        sound = index.path(wheel).read_bytes()
        index.path(wheel).write_bytes(sound + b"more")
        error = make(machine, file, "--offline", code=5)  # not in the cache
        assert error["error"] == "offline"
        error = make(machine, file, code=5)
        assert error["error"] == "digest"
        index.path(wheel).write_bytes(sound)
        make(machine, file)
        cached = machine.cache / "archives" / planned["wheels"][0]["sha256"] / wheel.file_name
        data = bytearray(sound)
        data[100] ^= 1
        cached.write_bytes(data)
        made = make(machine, file, "-p", str(machine.root / "healed"))
        assert cached.read_bytes() == sound
        assert made["checked"]


def test_what_conda_has_is_neither_replaced_nor_overwritten(
    warm_machine: Machine, demo_channel: DemoChannel, index: Index
) -> None:
    machine = warm_machine
    index.add(Wheel("pip", "99.0"))
    make(machine, spec(machine, demo_channel, index.url, "pip", "helper"))
    assert "99.0" not in machine.json("info", "app")["seal"]["check"]["tools"]["pip"]
    error = make(machine, spec(machine, demo_channel, index.url, "pip>=99"), "-p", "x", code=4)
    assert "conflicts with conda's packages" in error["what"]
    index.add(Wheel("thief", files={"pip/__init__.py": ""}))
    error = make(machine, spec(machine, demo_channel, index.url, "thief"), "-p", "y", code=6)
    assert "is a file of conda's pip" in error["what"]
    assert not (machine.root / "y").exists()


def test_a_file_that_several_wheels_ship(
    warm_machine: Machine, demo_channel: DemoChannel, tmp_path: Path
) -> None:
    """pip keeps one of them, the same each time, and the environment is whole."""
    machine = warm_machine
    index = Index(tmp_path / "other")
    mark = {"tests/data.txt": f"{tmp_path}\n"}
    for name in ("one", "two"):
        files = {**mark, f"{name}.py": "", "tests/__init__.py": f"import {name}\n"}
        index.add(Wheel(name, files=files))
    file = spec(machine, demo_channel, index.url, "one", "two")
    made = [make(machine, file, "-p", str(machine.root / name)) for name in ("a", "b")]
    assert made[0]["fingerprints"]["packages"] == made[1]["fingerprints"]["packages"]
    assert machine.json("verify", "./a")["findings"] == []
    (site(machine.root / "a") / "tests/data.txt").unlink()
    machine.run("repair", "./a")
    assert machine.json("verify", "./a")["findings"] == []


def test_killed_while_pip_works_it_is_pending_and_replaced(
    warm_machine: Machine, demo_channel: DemoChannel, tmp_path: Path
) -> None:
    """The kill comes when pip has written one of many files."""
    machine = warm_machine
    index = Index(tmp_path / "other")
    files = {f"many/m{i}.py": f"VALUE = {i}\n" for i in range(4000)}
    index.add(Wheel("many", files=files))
    file = spec(machine, demo_channel, index.url, "many")
    child = machine.start("create", "-f", str(file), "-y")
    prefix = machine.envs / "app"
    while child.poll() is None and not list(prefix.glob("lib/python3.*/site-packages/many/m*.py")):
        time.sleep(0.005)
    os.killpg(child.pid, signal.SIGKILL)
    child.communicate()
    assert child.returncode == -signal.SIGKILL
    (listed,) = machine.json("list")["environments"]
    assert listed["state"] == "pending"
    made = make(machine, file)
    assert made["wheels"] == 1
    assert not (prefix / "__home__").exists()  # every file in it was sealenv's
