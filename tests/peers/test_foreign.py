"""Environments of conda and micromamba, and every command that reads one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealenv.layout import FILES, SEAL
from sealenv.spec.model import current_platform
from tests.channel import Channels
from tests.machine import Machine, tiny
from tests.peers.writers import make_foreign, rewrite_record

PACKAGES = ("python", "pip", "requests", "tabulate", "hello-prefix", "activate-hooks")


_PLACES = ("miniforge3/envs/work", "miniforge3/envs/win-64")
PAGE = Path(__file__).parents[2] / "docs/how-to/migrate.md"


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    return Machine(tmp_path_factory.mktemp("peers"))


@pytest.fixture(scope="module")
def made(machine: Machine, channels: Channels) -> dict[str, Path]:
    """Platform -> an environment of sealenv, in a folder of its own."""
    found = {}
    for platform in (current_platform(), "win-64"):
        packages = PACKAGES if platform != "win-64" else PACKAGES[:4]
        answer = machine.json(
            "create", "-p", str(machine.home / _PLACES[platform == "win-64"]), "-c", channels.main_url,
            "--platform", platform, "--no-pyc", *tiny(*packages),
        )  # fmt: skip
        found[platform] = Path(answer["prefix"])
    return found


@pytest.fixture(
    params=[("conda", "here"), ("micromamba", "here"), ("conda", "win-64")], ids="-".join
)
def foreign(
    request: pytest.FixtureRequest, machine: Machine, made: dict[str, Path]
) -> Iterator[Path]:
    """An environment as its writer has left it."""
    writer, platform = request.param
    yield from left_by(
        writer, made[current_platform() if platform == "here" else platform], machine
    )


def left_by(writer: str, prefix: Path, machine: Machine) -> Iterator[Path]:
    """It lies where it was made: a writer has put its path into files."""
    kept = prefix.with_name(f"{prefix.name}-kept")
    shutil.copytree(prefix, kept, symlinks=True)
    make_foreign(prefix, machine.cache, writer)
    yield prefix
    shutil.rmtree(prefix)
    kept.rename(prefix)


def damage(machine: Machine, env: Path | str) -> list[dict[str, str]]:
    """Return the findings of verify."""
    found: list[dict[str, str]] = machine.json("verify", str(env), code=None)["findings"]
    return found


def platform(prefix: Path) -> list[str]:
    """The option that says which platform an environment is for, where it is another one's."""
    return ["--platform", "win-64"] if prefix.name == "win-64" else []


def unseal(prefix: Path) -> None:
    """Leave what its writer has of it: the records alone."""
    for name in (SEAL, FILES):
        (prefix / name).unlink()


def spellings(prefix: Path) -> list[str]:
    """The paths of a noarch package as its record has them."""
    (record,) = (prefix / "conda-meta").glob("tabulate-*.json")
    raw = json.loads(record.read_bytes())
    return [entry["_path"] for entry in raw.get("paths_data", {}).get("paths", [])]


def test_it_is_read_and_exported_without_a_finding(machine: Machine, foreign: Path) -> None:
    env = str(foreign)
    assert damage(machine, env) == []
    assert machine.json("info", env)["state"] == "foreign"
    assert "foreign" in machine.run("list", SEALENV_ENVS=str(foreign.parent)).stdout
    assert machine.json("audit", env)["left"] == 0
    assert machine.json("diff", env, env)["equal"]
    planned = machine.json("repair", env, "--dry-run")
    assert planned["repaired"] == planned["left"] == []
    page = machine.root / "page.html"
    machine.run("report", env, "-o", str(page), "--force")
    assert "tabulate" in page.read_text()
    script = "bat" if foreign.name == "win-64" else "sh"
    for kind in ("pixi", "explicit", "conda-lock", "environment-yml", script):
        text = machine.run("export", env, "--format", kind).stdout
        assert "tabulate" in text, kind
        assert "pypi" not in text, kind
        assert "pip:" not in text, kind


def test_a_bundle_of_it(machine: Machine, foreign: Path) -> None:
    out = machine.root / "foreign.sealenv"
    machine.run("bundle", str(foreign), "--default-name", "again", "-o", str(out), "--force")
    made = machine.json(
        "create", "again", "-f", str(out), "--offline", "--no-pyc", *platform(foreign)
    )
    try:
        compared = machine.json("diff", str(foreign), made["prefix"])
        assert compared["equal"], compared
    finally:
        machine.run("remove", made["prefix"], "-y")


def test_repair_puts_back_what_its_package_ships(machine: Machine, foreign: Path) -> None:
    (module,) = foreign.rglob("site-packages/tabulate/__init__.py")
    text = module.read_bytes()
    for seal in (False, True):
        if seal:
            machine.run("seal", str(foreign), "-y")
        module.unlink()  # it is a hard link into the cache
        module.write_text("edited\n")
        assert [f["kind"] for f in damage(machine, foreign)] == ["altered"]
        machine.run("repair", str(foreign))
        assert module.read_bytes() == text
        assert damage(machine, foreign) == []


def test_it_is_sealed_moved_and_cloned(machine: Machine, foreign: Path) -> None:
    adopted = machine.json("seal", str(foreign), "-y")
    assert adopted["findings"] == []
    assert damage(machine, foreign) == []
    written = spellings(foreign)
    moved = machine.home / "its new place"
    machine.run("move", str(foreign), str(moved))
    try:
        assert damage(machine, moved) == []
        copied = machine.json("clone", str(moved), str(machine.root / "cloned"))["prefix"]
        assert damage(machine, copied) == []
        machine.run("remove", copied, "-y")
        # The records are unchanged.
        unseal(moved)
        # The activation scripts of sealenv belong to no package.
        assert [f for f in damage(machine, moved) if f["package"]] == []
        assert spellings(moved) == written
    finally:
        shutil.move(moved, foreign)


def test_the_migrate_page_verifies_and_adopts_an_environment_of_conda(
    machine: Machine, made: dict[str, Path]
) -> None:
    """The commands of the page, with an environment where the page has it."""
    left = left_by("conda", made[current_platform()], machine)
    conda = next(left)
    lines = [line for line in PAGE.read_text().splitlines() if "~/miniforge3/envs/work" in line]
    commands = [line.split()[1:] for line in lines if line.startswith("sealenv ")]
    assert [words[0] for words in commands] == ["verify", "seal"]
    for words in commands:
        more = ["-y"] if words[0] == "seal" else []  # no terminal
        places = [word.replace("~", str(machine.home)) for word in words]
        assert machine.run(*places, "-q", *more).stdout == ""
    assert machine.json("info", str(conda))["state"] == "sealed"
    assert list(left) == []  # it is put back


def test_what_conda_installs_into_a_sealed_environment_is_not_damage(
    machine: Machine, made: dict[str, Path], channels: Channels
) -> None:
    """`conda install tabulate` into an environment of sealenv: one record of conda's."""
    prefix = made[current_platform()]
    (record,) = (prefix / "conda-meta").glob("tabulate-*.json")
    ours = record.read_bytes()
    rewrite_record(prefix, machine.cache, "conda", record)
    try:
        found = damage(machine, prefix)
        assert {f["kind"] for f in found} == {"changed"}
        text = machine.run("export", str(prefix), "--format", "environment-yml").stdout
        assert "pip:" not in text
        assert machine.json("diff", str(prefix), str(prefix))["equal"]
        planned = machine.json("repair", str(prefix), "--dry-run", code=None)
        assert planned["repaired"] == []
    finally:
        record.write_bytes(ours)
