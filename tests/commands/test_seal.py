"""Seal again: what was wanted is kept and shown; another tool's environment is adopted."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from sealenv.commands.seal import Sealed, seal
from sealenv.commands.verify import verify
from sealenv.layout import FILES, SEAL
from sealenv.seals.seal import read_seal
from tests.commands.test_verify import add_distribution, site, write_record
from tests.machine import Machine


@pytest.fixture
def made(warm_machine: Machine, own_environment: Path) -> tuple[Machine, Path]:
    return warm_machine, own_environment


def install(prefix: Path) -> None:
    """As conda does."""
    (prefix / "share").mkdir(exist_ok=True)
    (prefix / "share" / "new.txt").write_text("new\n")
    write_record(prefix, "new", "1.0", ["share/new.txt"])
    with (prefix / "conda-meta/history").open("a") as file:
        file.write(
            "==> 2030-01-01 00:00:00 <==\n# cmd: conda install new\n# conda version: 26.1.0\n"
            "+x/noarch::new-1.0-0\n# update specs: ['new>=1']\n"
        )


def test_a_package_and_a_distribution(made: tuple[Machine, Path]) -> None:
    machine, prefix = made
    before = read_seal(prefix)
    install(prefix)
    add_distribution(prefix, "thing", "1.2")
    (prefix / "own.txt").write_text("mine\n")
    planned = machine.json("seal", str(prefix), "--dry-run")
    assert {(f["kind"], f["package"]) for f in planned["findings"]} == {
        ("untracked", None), ("added", "new"), ("added", "thing"),
    }  # fmt: skip
    assert read_seal(prefix) == before
    answer = machine.json("seal", str(prefix), "-y")
    assert answer["fingerprints"]["now"] != answer["fingerprints"]["before"]
    assert verify(prefix).findings == ()
    seal = read_seal(prefix)
    assert [note.name for note in seal.pip] == ["thing"]
    assert "new>=1" in seal.spec["packages"]
    assert any("/new-1.0-0.conda#" in line for line in seal.lock.packages)
    assert seal.checked is False
    assert seal.engine == before.engine
    assert machine.json("seal", str(prefix), "-y")["findings"] == []
    (prefix / "share" / "new.txt").unlink()
    assert [(f.kind, f.package) for f in verify(prefix).findings] == [("missing", "new")]


def test_what_came_after_it_was_shown_is_not_sealed(made: tuple[Machine, Path]) -> None:
    _, prefix = made
    (prefix / "wanted.txt").write_text("x\n")

    def meanwhile(change: Sealed) -> None:
        assert [f.path for f in change.findings] == ["wanted.txt"]
        (prefix / "evil.py").write_text("x\n")
        typed = site(prefix, "pip/py.typed")
        typed.unlink()  # its bytes are shared with the cache
        typed.write_text("other\n")
        (prefix / "wanted.txt").write_text("other\n")

    seal(prefix, confirm=meanwhile)
    assert {(f.kind, f.path.rpartition("/")[2]) for f in verify(prefix).findings} == {
        ("untracked", "evil.py"), ("altered", "py.typed"), ("altered", "wanted.txt"),
    }  # fmt: skip


class TestAdopt:
    @pytest.fixture
    def foreign(self, made: tuple[Machine, Path]) -> tuple[Machine, Path]:
        machine, prefix = made
        for path in (SEAL, FILES, *read_seal(prefix).activation):
            (prefix / path).unlink()
        shutil.rmtree(prefix / "etc/sealenv")
        history = prefix / "conda-meta/history"
        text = history.read_text().replace("# sealenv version: ", "# conda version: ")
        history.write_text(text)
        return machine, prefix

    def test_it_gets_a_seal(self, foreign: tuple[Machine, Path], python_minor: str) -> None:
        machine, prefix = foreign
        answer = machine.json("seal", str(prefix), "-y")
        assert answer["adopted"] is True
        seal = read_seal(prefix)
        assert seal.engine.name == "conda"
        assert seal.checked is False
        assert "pip" in seal.spec["packages"]
        assert verify(prefix).findings == ()
        assert machine.json("list")["environments"][0]["state"] == "sealed"
        if os.name != "nt":
            done = machine.run("run", "--clean", str(prefix), "--", "python", "-V")
            assert f"Python {python_minor}" in done.stdout

    def test_what_is_refused(self, foreign: tuple[Machine, Path]) -> None:
        """A file of others where a script belongs, and a record that does not name its archive."""
        machine, prefix = foreign
        name = "activate.bat" if os.name == "nt" else "activate.sh"
        (prefix / name).write_text("mine\n")
        assert machine.json("seal", str(prefix), "-y", code=7)["details"] == [name]
        assert (prefix / name).read_text() == "mine\n"
        (prefix / name).unlink()
        path = next((prefix / "conda-meta").glob("pip-*.json"))
        record = json.loads(path.read_text())
        del record["sha256"]
        path.write_text(json.dumps(record))
        answer = machine.json("seal", str(prefix), "-y", code=5)
        assert answer["error"] == "digest"
        assert any("pip" in line for line in answer["details"])
        assert not (prefix / SEAL).exists()


def test_a_file_that_was_deleted_on_purpose(made: tuple[Machine, Path]) -> None:
    machine, prefix = made
    site(prefix, "pip/py.typed").unlink()
    assert "missing" in machine.run("seal", str(prefix), "-y").stdout
    assert verify(prefix).findings == verify(prefix, fast=True).findings == ()
    (prefix / "bin/pip").unlink()
    assert [f.kind for f in verify(prefix).findings] == ["missing"]
