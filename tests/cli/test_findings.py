"""A terminal lists the first findings of many, and says how to list all."""

from __future__ import annotations

from pathlib import Path

import pytest

from sealenv.cli import verify
from sealenv.cli.repair import _show_repaired
from sealenv.cli.verify import show_findings
from sealenv.commands.repair import LeftFinding, Repaired
from sealenv.seals.findings import Finding

FINDINGS = [
    *(Finding("missing", f"lib/{n:02}", "rich") for n in range(30)),
    Finding("altered", "x", None, "3 bytes"),
]


def test_all_are_listed_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    show_findings(FINDINGS, "sealenv verify e")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 31
    assert lines[0] == "missing        lib/00 (rich)"
    assert lines[-1] == "altered        x: 3 bytes"


def test_verify_in_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "is_terminal", lambda stream: True)
    show_findings(FINDINGS, "sealenv verify e")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 21
    assert lines[-1].startswith("and 11 more; to list all: sealenv verify e | ")
    show_findings(FINDINGS[:20], "sealenv verify e")
    assert len(capsys.readouterr().out.splitlines()) == 20


def test_repair_in_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    left = tuple(LeftFinding(f.kind, f.path, f.package, hint="see e") for f in FINDINGS[:25])
    done = Repaired(prefix=Path("/e"), dry_run=True, repaired=tuple(FINDINGS), left=left)
    _show_repaired(done, "e")
    assert len(capsys.readouterr().out.splitlines()) == 31 + 2 * 25
    monkeypatch.setattr(verify, "is_terminal", lambda stream: True)
    _show_repaired(done, "e")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "would restore  lib/00 (rich): missing"
    assert lines[20].startswith("and 11 more; to list all: sealenv repair e --dry-run | ")
    assert lines[21:23] == ["left  missing lib/00", "      see e"]
    assert lines[-1].startswith("and 5 more; ")
