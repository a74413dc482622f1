"""`sealenv lock` with a `pip:` section: for platforms that do not run here, and kept when renewed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sealenv.locks import LockFile
from sealenv.locks.read import read_file
from tests.channel import Channels
from tests.machine import Machine
from tests.pypi.index import Index, Wheel


@pytest.fixture
def index(tmp_path: Path) -> Index:
    made = Index(tmp_path / "index")
    made.add(
        Wheel("app", requires=['on-windows; os_name == "nt"', "helper"]),
        *map(Wheel, ("on-windows", "helper")),
    )
    return made


def spec(machine: Machine, channels: Channels, index: Index, python: str = "3.12") -> str:
    path = machine.root / "environment.yml"
    path.write_text(
        f"name: app\nchannels: [{json.dumps(channels.main_url)}]\ndependencies: [python={python}, pip,\n"
        f"  {{pip: [--index-url {index.url}, app]}}]\n"
    )
    return str(path)


def wheels(path: Path, platform: str) -> list[str]:
    read = read_file(path)
    assert isinstance(read, LockFile)
    return sorted(wheel.dist for wheel in read.lock_for(platform).wheels)


def test_for_windows_and_renewed(machine: Machine, channels: Channels, index: Index) -> None:
    lock = machine.root / "app.lock"
    machine.run(
        "lock", "-f", spec(machine, channels, index), "--platform", "win-64", "-o", str(lock)
    )
    assert wheels(lock, "win-64") == ["app-1.0", "helper-1.0", "on-windows-1.0"]
    said = machine.run("lock", "-f", str(lock))
    assert " packages and 3 wheels, " in said.stderr
    index.add(Wheel("helper", "2.0"), Wheel("on-windows", "2.0"))
    machine.run("lock", "-f", str(lock), "--update", "helper")
    assert wheels(lock, "win-64") == ["app-1.0", "helper-2.0", "on-windows-1.0"]
    machine.run("lock", "-f", str(lock), "--update", "On.Windows", "-o", "other.lock")
    assert wheels(machine.root / "other.lock", "win-64")[-1] == "on-windows-2.0"
    machine.run("lock", "-f", str(lock))
    assert wheels(lock, "win-64") == ["app-1.0", "helper-2.0", "on-windows-2.0"]


def test_environment_yml_keeps_where_wheels_are_from(
    machine: Machine, channels: Channels, index: Index
) -> None:
    spec(machine, channels, index)
    path = machine.root / "environment.yml"
    folder = (machine.root / "wheels").as_uri()
    (machine.root / "wheels").mkdir()
    text = path.read_text()
    path.write_text(text.replace(", app]", f", --find-links {folder}, app]"))
    machine.run("lock", "-f", "environment.yml", "--platform", "win-64", "-o", "app.lock")
    exported = machine.run("export", "app.lock", "--format", "environment-yml").stdout
    assert exported.index(f"--index-url {index.url}") < exported.index("app==1.0")
    assert f"--find-links {folder}" in exported

    lock = machine.root / "app.lock"
    direct = 'requirements: ["app @ https://x.org/app-1.0-py3-none-any.whl"]'
    lock.write_text(lock.read_text().replace('requirements: ["app"]', direct))
    exported = machine.run("export", "app.lock", "--format", "environment-yml").stdout
    assert f"app @ {index.url.rpartition('/')[0]}" in exported
    assert "app==" not in exported
    assert "helper==1.0" in exported


def test_a_place_of_this_machine_and_a_lock_without_pip(
    machine: Machine, channels: Channels, index: Index
) -> None:
    lock = machine.root / "app.lock"
    done = machine.run(
        "lock", "-f", spec(machine, channels, index, channels.python_minor), "-o", str(lock)
    )
    assert f"the lock gets wheels from a folder on this machine: {index.url}" in done.stderr
    kept = [line for line in lock.read_text().splitlines() if "/pip-" not in line or line[0] == "-"]
    lock.write_text("\n".join(kept))
    refused = machine.json("create", "app", "-f", str(lock), "--dry-run", code=2)
    assert "no pip to install them with" in refused["what"]
    assert "pixi add pip" in refused["hint"]
