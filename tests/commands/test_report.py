"""`sealenv report` on a real environment, on the command line."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from sealenv.tour.channel import DemoChannel
from tests.inventory.test_page import read
from tests.machine import Machine


def facts_in(page: str) -> dict[str, Any]:
    """What the page holds as data."""
    (text,) = (text for _, attributes, text in read(page) if attributes.get("id") == "facts-data")
    found: dict[str, Any] = json.loads(text)
    return found


@pytest.fixture(scope="module")
def made(
    tmp_path_factory: pytest.TempPathFactory, warm_cache: Path, demo_channel: DemoChannel
) -> tuple[Machine, Path]:
    """A machine with one environment; nothing in it may be changed."""
    machine = Machine(tmp_path_factory.mktemp("report"), cache=warm_cache)
    return machine, Path(machine.create("env", demo_channel, "--no-pyc")["prefix"])


def test_the_page_says_what_is_there(made: tuple[Machine, Path]) -> None:
    machine, prefix = made
    before = machine.snapshot(machine.cache)
    out = machine.root / "r.html"
    said = machine.json("report", prefix.name, "-o", "r.html")
    facts = facts_in(out.read_text(encoding="utf-8"))
    info = machine.json("info", prefix.name)
    assert said["bytes"] == out.stat().st_size
    assert (said["damaged"], said["findings"], said["left"]) == (False, 0, 0)
    assert facts["seal"]["lock"] == info["seal"]["lock"]["digest"]
    assert facts["seal"]["fingerprints"] == info["seal"]["fingerprints"] == facts["verify"]["now"]
    assert (facts["environment"]["files"], facts["environment"]["bytes"]) == (
        info["files"],
        info["bytes"],
    )
    packages = {p["name"]: p for p in facts["packages"]}
    assert set(packages) == {p["name"] for p in info["package_list"]}
    assert packages["python"]["chain"] == ["conda:python"]
    assert packages["python"]["asked"] == info["seal"]["spec"]["packages"][:1]
    assert sum(p["size"] for p in [*packages.values(), *facts["others"]]) == info["bytes"]
    assert facts["audit"]["left"] == 0
    out.unlink()
    assert machine.snapshot(machine.cache) == before, "nothing else was written"


def test_the_same_environment_gives_the_same_bytes(made: tuple[Machine, Path]) -> None:
    machine, prefix = made
    first = machine.run("report", prefix.name, "--fast").stdout
    machine.run("verify", prefix.name, "--fast")
    assert machine.run("report", str(prefix), "--fast", LANG="C", TZ="Asia/Tokyo").stdout == first
    sbom = ("report", prefix.name, "--format", "cyclonedx")
    assert machine.run(*sbom).stdout == machine.run(*sbom, TZ="Asia/Tokyo").stdout


def test_the_bill_of_materials(made: tuple[Machine, Path]) -> None:
    machine, prefix = made
    said = machine.json("report", prefix.name, "--format", "cyclonedx", "-o", "sbom.json")
    text = (machine.root / "sbom.json").read_text(encoding="utf-8")
    assert (said["format"], said["findings"]) == ("cyclonedx", None), "findings were not requested"
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    document = json.loads(text)
    seal = machine.json("info", prefix.name)["seal"]
    when = dt.datetime.fromisoformat(document["metadata"]["timestamp"])
    assert when == dt.datetime.fromisoformat(seal["created"])
    digests = {line.rpartition("#")[2] for line in seal["lock"]["packages"]}
    found = {
        h["content"] for c in document["components"] for h in c["hashes"] if h["alg"] == "SHA-256"
    }
    assert found == digests
    page = machine.run("report", prefix.name, "--no-findings").stdout
    (inside,) = (text for _, attributes, text in read(page) if attributes.get("id") == "sbom-data")
    assert json.loads(inside) == document
    (machine.root / "sbom.json").unlink()


def test_where_it_writes_and_where_not(made: tuple[Machine, Path], tmp_path: Path) -> None:
    machine, prefix = made
    env = prefix.name
    out = tmp_path / "r.html"
    machine.run("report", env, "--no-findings", "-o", str(out))
    first = out.read_bytes()
    refused = machine.run("report", env, "-o", str(out), code=2)
    assert "the output file already exists" in refused.stderr
    machine.run("report", env, "--no-findings", "-o", str(out), "--force")
    assert out.read_bytes() == first


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--json"], "both the report and JSON would go to stdout"),
        (["--open"], "--open needs a file to open"),
        (["--format", "spdx"], "'spdx' is not a format"),
    ],
)
def test_what_does_not_go_together(made: tuple[Machine, Path], args: list[str], said: str) -> None:
    machine, prefix = made
    done = machine.run("report", prefix.name, *args, code=2)
    assert said in done.stdout + done.stderr


def test_damage_and_drift_are_shown_and_are_no_error(
    warm_machine: Machine, demo_channel: DemoChannel
) -> None:
    made = warm_machine.create("env", demo_channel, "--no-pyc")
    prefix = Path(made["prefix"])
    record = next((prefix / "conda-meta").glob("mamba-*.json"))
    record.unlink()
    (prefix / "bin" / "pip").unlink()
    state = prefix / "conda-meta" / "state"
    state.write_text(json.dumps({"version": 1, "env_vars": {"API_KEY": "very secret"}}))
    page = warm_machine.run("report", prefix.name).stdout
    facts = facts_in(page)
    kinds = {(f["kind"], f["package"]) for f in facts["verify"]["findings"]}
    assert {("removed", "mamba"), ("missing", "pip")} <= kinds
    assert facts["verify"]["damaged"]
    assert facts["variables"] == ["API_KEY"]
    assert "very secret" not in page
