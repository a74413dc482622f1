"""A terminal shows the first findings, and how to list all."""

from __future__ import annotations

import pytest

from sealenv.cli import verify
from sealenv.cli.verify import show_findings
from sealenv.seals.findings import Finding

FINDINGS = [
    Finding("altered", "lib/x", None, "3 bytes"),
    *(Finding("missing", f"rich/{n:02}.py", "rich") for n in range(60)),
]


def test_without_a_terminal_every_finding_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    show_findings(FINDINGS, "sealenv verify e")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 61
    assert lines[:2] == ["altered        lib/x: 3 bytes", "missing        rich/00.py (rich)"]


def test_a_terminal_shows_the_first(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "is_terminal", lambda stream: True)
    show_findings(FINDINGS, "sealenv verify e")
    *lines, last = capsys.readouterr().out.splitlines()
    assert len(lines) == 20
    assert last == "... and 41 more; to list all: sealenv verify e | cat"
    show_findings(FINDINGS[:20], "sealenv verify e")
    assert len(capsys.readouterr().out.splitlines()) == 20
