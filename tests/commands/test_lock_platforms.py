"""A lock for several platforms: what one of them is given, the others keep."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import msgspec

from sealenv.locks import Lock, LockFile
from sealenv.locks.condalock import read_condalock, write_condalock
from sealenv.locks.pixi_read import read_pixi
from sealenv.locks.pixi_write import write_pixi
from sealenv.tour.archive import write_repodata
from tests.channel import Channels
from tests.locks.locks import CHANNELS, lock, package
from tests.machine import Machine

HERE = Path("/srv/x.lock")


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
    for kind in ("pixi", "conda-lock"):
        answer = machine.json("export", "sealenv.lock", "--format", kind, "-o", kind)
        assert "the platforms have different orders of channels" in answer["notes"][0]
    assert machine.json("export", "sealenv.lock", "--platform", "win-64", "-o", "w")["notes"] == []


def test_the_channel_of_what_stays_is_not_lost(machine: Machine, channels: Channels) -> None:
    machine.run("lock", "dated=1.0", "prio", "-c", channels.main_url)
    said = machine.run("lock", "--update", "prio", "-c", channels.extra_url).stderr
    assert f"{channels.main_url}/ is added as the last channel" in said
    (found,) = read(machine).values()
    assert [p.dist for p in found.packages] == ["dated-1.0-0", "prio-2.0-0"]
    assert [c.rstrip("/") for c in found.channels] == [channels.extra_url, channels.main_url]
    assert machine.json("lock")["changes"] == []


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


def test_the_comment_is_not_believed_where_the_list_was_changed() -> None:
    a = package("a")
    ours = LockFile(
        locks=(
            msgspec.structs.replace(lock(a), channels=CHANNELS[:2]),
            msgspec.structs.replace(lock(a, platform="win-64"), channels=CHANNELS[1::-1]),
        )
    )
    text = write_pixi(ours)
    assert read_pixi(text, HERE) == ours
    assert read_condalock(write_condalock(ours), HERE).channels_apart == ours.channels_apart
    body = f"    - url: {CHANNELS[1]}\n"
    assert body in text
    edited = read_pixi(text.replace(body, f"    - url: {CHANNELS[2]}\n"), HERE)
    assert {one.channels for one in edited.locks} == {(CHANNELS[0], CHANNELS[2])}
