"""Verify at record level: every kind of finding, on a real environment."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from sealenv.activation.scripts import write_scripts
from sealenv.demo.channel import DemoChannel
from sealenv.layout import MARKER, SEAL
from sealenv.seal.verify import verify
from tests.machine import Machine


@pytest.fixture(scope="module")
def original(
    tmp_path_factory: pytest.TempPathFactory, warm_cache: Path, demo_channel: DemoChannel
) -> Path:
    machine = Machine(tmp_path_factory.mktemp("verify"), cache=warm_cache)
    return Path(machine.create("e", demo_channel, "--no-pyc")["prefix"])


@pytest.fixture
def prefix(original: Path, tmp_path: Path) -> Path:
    """A copy that may be damaged; its seal says the truth about where it is."""
    copy = tmp_path / "e"
    shutil.copytree(original, copy, symlinks=True)
    seal = json.loads((copy / SEAL).read_text())
    seal["prefix"] = str(copy)
    (copy / SEAL).write_text(json.dumps(seal))
    write_scripts(copy, platform=seal["platform"])
    return copy


def site(prefix: Path, name: str) -> Path:
    return next(prefix.glob(f"lib/python3.*/site-packages/{name}"))


def test_untouched_is_clean(prefix: Path) -> None:
    report = verify(prefix)
    assert report.findings == ()
    assert report.files > 1000


def rewrite(prefix: Path) -> Path:
    path = site(prefix, "pip/__init__.py")
    path.write_bytes(path.read_bytes()[:-1] + b"#")
    return path


def lengthen(prefix: Path) -> Path:
    path = site(prefix, "pip/__main__.py")
    path.write_text("# other\n")
    return path


def delete(prefix: Path) -> Path:
    path = site(prefix, "pip/py.typed")
    path.unlink()
    return path


def link_instead(prefix: Path) -> Path:
    path = site(prefix, "pip/__pip-runner__.py")
    path.unlink()
    path.symlink_to("/etc/passwd")
    return path


def file_instead_of_link(prefix: Path) -> Path:
    path = prefix / "bin" / "python"
    path.unlink()
    path.write_text("#!/bin/sh\n")
    return path


@pytest.mark.parametrize(
    ("damage", "kind"),
    [
        (rewrite, "altered"),
        (lengthen, "altered"),
        (delete, "missing"),
        (link_instead, "wrong-type"),
        (file_instead_of_link, "wrong-type"),
    ],
)
def test_damage_is_found_with_its_owner(
    prefix: Path, damage: Callable[[Path], Path], kind: str
) -> None:
    path = damage(prefix)
    report = verify(prefix)
    assert report.damaged
    (found,) = report.findings
    assert found.kind == kind
    assert found.path == path.relative_to(prefix).as_posix()
    assert found.package in {"pip", "python"}


def test_a_record_cut_short_is_named(prefix: Path) -> None:
    record = next((prefix / "conda-meta").glob("pip-*.json"))
    record.write_bytes(record.read_bytes()[:100])
    (found,) = [f for f in verify(prefix).findings if f.kind == "record"]
    assert found.path == f"conda-meta/{record.name}"


def test_pending_and_moved_are_findings(prefix: Path) -> None:
    moved = prefix.with_name("elsewhere")
    os.rename(prefix, moved)
    assert [f.kind for f in verify(moved).findings] == ["moved"]
    (moved / MARKER).write_text("x\n")
    assert [f.kind for f in verify(moved).findings] == ["pending"]


def test_command_line(original: Path, warm_machine: Machine) -> None:
    answer = warm_machine.json("verify", str(original))
    assert answer["damaged"] is False
    copy = warm_machine.root / "copy"
    shutil.copytree(original, copy, symlinks=True)
    delete(copy)
    answer = warm_machine.json("verify", str(copy), code=1)
    assert {f["kind"] for f in answer["findings"]} == {"missing", "moved"}
    done = warm_machine.run("verify", str(copy), code=1)
    assert "missing" in done.stdout
    assert "damaged" in done.stderr


def test_a_package_that_is_gone_with_its_record_is_missed(prefix: Path) -> None:
    next((prefix / "conda-meta").glob("pip-*.json")).unlink()
    shutil.rmtree(site(prefix, "pip"))
    (found,) = verify(prefix).findings
    assert (found.kind, found.package) == ("gone", "pip")
