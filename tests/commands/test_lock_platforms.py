"""A lock for several platforms: what one of them is given, the others keep."""

from __future__ import annotations

import json
import shutil
from typing import Any

from sealenv.locks import Lock
from sealenv.locks.pixi_read import read_pixi
from sealenv.tour.archive import write_repodata
from tests.channel import Channels
from tests.machine import Machine


def read(machine: Machine, name: str = "sealenv.lock") -> dict[str, Lock]:
    path = machine.root / name
    return {one.platform: one for one in read_pixi(path.read_text(), path).locks}


def test_a_list_is_filled_in_beside_the_other_platforms(
    machine: Machine, channels: Channels
) -> None:
    machine.run(
        "lock", "dated", "-c", channels.main_url, "--platform", "win-64", "--platform", "linux-64"
    )
    before = read(machine)
    text = machine.run(
        "export", "sealenv.lock", "--format", "explicit", "--platform", "linux-64"
    ).stdout
    assert "dated-2.0-0" in text
    lines = [line.partition("#")[0] for line in text.splitlines() if line.startswith("file:")]
    lines = [line.replace("dated-2.0-0", "dated-1.0-0") for line in lines]
    (machine.root / "list.txt").write_text(
        "\n".join(["# platform: linux-64", "@EXPLICIT", *lines, ""])
    )
    said = machine.run("lock", "-f", "list.txt", "-o", "sealenv.lock").stderr
    assert "linux-64  ~ dated 2.0 -> 1.0" in said
    after = read(machine)
    assert after["win-64"] == before["win-64"]
    assert [p.dist for p in after["linux-64"].packages] == ["dated-1.0-0"]

    wrong = machine.json("lock", "-f", "list.txt", "--platform", "win-64", code=2)
    assert wrong["what"] == "--platform win-64: the list is for linux-64"


def test_each_platform_keeps_its_order_of_channels(machine: Machine, channels: Channels) -> None:
    main, extra = channels.main_url, channels.extra_url
    machine.run("lock", "-c", main, "-c", extra, "prio", "--platform", "linux-64")
    machine.run("lock", "-c", extra, "-c", main, "-f", "sealenv.lock", "--platform", "win-64")
    found = read(machine)
    assert [c.rstrip("/") for c in found["linux-64"].channels] == [main, extra]
    assert [c.rstrip("/") for c in found["win-64"].channels] == [extra, main]
    renewed = machine.json("lock")
    assert renewed["changes"] == []
    assert {k["platform"]: k["packages"][0]["version"] for k in renewed["locks"]} == {
        "linux-64": "1.0", "win-64": "2.0",
    }  # fmt: skip


def test_a_record_that_was_changed_between_two_solves(machine: Machine, channels: Channels) -> None:
    """One archive, other dependencies: a hot-fix of repodata."""
    own = machine.root / "own"
    shutil.copytree(channels.main / "noarch", own / "noarch")
    for path in (own / "noarch").glob("*.conda"):
        if not path.name.startswith(("dated-", "prio-")):
            path.unlink()
    write_repodata(own / "noarch")
    machine.run("lock", "dated=1.0", "-c", own.as_uri(), "--platform", "linux-64")
    index = own / "noarch/repodata.json"
    repodata: dict[str, Any] = json.loads(index.read_text())
    repodata["packages.conda"]["dated-1.0-0.conda"]["depends"] = ["prio >=1"]
    index.write_text(json.dumps(repodata))
    for path in (own / "noarch").glob("repodata.json.*"):
        path.unlink()
    machine.run("lock", "--platform", "win-64")
    found = read(machine)
    assert [p.name for p in found["linux-64"].packages] == ["dated"]
    assert [p.name for p in found["win-64"].packages] == ["dated", "prio"]
    assert found["win-64"].packages[0].record["depends"] == []
    machine.run("lock")
    assert {len(one.packages) for one in read(machine).values()} == {2}


def test_a_platform_without_packages_is_refused(machine: Machine) -> None:
    """conda-lock lists a platform that was left out with `-p`."""
    row = {"name": "x", "version": "1", "manager": "conda", "platform": "osx-64"}
    url = "https://conda.example.org/main/osx-64/x-1-0.conda"
    lock = {
        "version": 1,
        "metadata": {"channels": [{"url": "conda-forge"}], "platforms": ["linux-64", "osx-64"]},
        "package": [{**row, "dependencies": {}, "url": url, "hash": {"sha256": "a" * 64}}],
    }
    (machine.root / "conda-lock.yml").write_text(json.dumps(lock, indent=1))
    answer = machine.json("create", "e", "-f", "conda-lock.yml", "--platform", "linux-64", code=2)
    assert answer["what"] == "the lock has no packages for linux-64"
