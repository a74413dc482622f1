"""Many findings are folded in a terminal, by kind, package and folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from sealenv.cli import verify
from sealenv.cli.repair import _show_repaired
from sealenv.cli.verify import fold, show_findings, without_folding
from sealenv.commands.repair import LeftFinding, Repaired
from sealenv.seals.findings import Finding

SITE = "lib/python3.12/site-packages"


def missing(*paths: str, package: str | None = "rich", kind: str = "missing") -> list[Finding]:
    return [Finding(kind, path, package) for path in paths]


def rich(number: int = 30) -> list[Finding]:
    """A removed folder of a package, with a folder in it of the same size."""
    names = [f"{SITE}/rich/{n:02}.py" for n in range(number)]
    return missing(*names, *[f"{SITE}/rich/__pycache__/{n:02}.pyc" for n in range(number)])


def said(findings: list[Finding], hints: list[str] | None = None) -> list[tuple[str, str, int]]:
    return [
        (line.finding.kind, line.path, line.count)
        for line in fold(findings, hints or [], terminal=True)
    ]


def test_a_removed_folder_is_one_line() -> None:
    assert said(rich()) == [("missing", f"{SITE}/rich/", 60)]


def test_kinds_packages_and_hints_are_kept_apart() -> None:
    findings = rich() + missing(*[f"{SITE}/rich/a{n}" for n in range(4)], kind="altered")
    findings += missing(*[f"{SITE}/rich/b{n}" for n in range(5)], package="other")
    assert said(findings) == [
        ("missing", f"{SITE}/rich/", 60),
        ("altered", f"{SITE}/rich/", 4),
        ("missing", f"{SITE}/rich/", 5),
    ]
    hints = ["this"] * 40 + ["that"] * (len(findings) - 40)
    lines = fold(findings, hints, terminal=True)
    assert [(line.hint, line.count) for line in lines] == [
        ("this", 40), ("that", 20), ("that", 4), ("that", 5),
    ]  # fmt: skip
    assert sum(line.count for line in lines) == len(findings)


def test_nothing_is_folded_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    findings = [*rich(), Finding("altered", "lib/x", None, "3 bytes")]
    assert len(fold(findings)) == 61
    show_findings(findings, "sealenv verify e")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 61
    assert lines[0] == f"missing        {SITE}/rich/00.py (rich)"
    assert lines[-1] == "altered        lib/x: 3 bytes"


def test_verify_in_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "is_terminal", lambda stream: True)
    show_findings([*rich(), Finding("altered", "lib/x", None, "3 bytes")], "sealenv verify e")
    assert capsys.readouterr().out.splitlines() == [
        f"missing        {SITE}/rich/ (rich): 60 files",
        "altered        lib/x: 3 bytes",
        without_folding("sealenv verify e"),
    ]
    show_findings(rich(2), "sealenv verify e")
    assert len(capsys.readouterr().out.splitlines()) == 4


def test_repair_in_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = missing(*[f"lib/own/{n}" for n in range(25)], package=None, kind="untracked")
    left_over = tuple(LeftFinding(f.kind, f.path, f.package, hint="see e") for f in own)

    def shown(dry_run: bool) -> list[str]:
        done = Repaired(prefix=Path("/e"), dry_run=dry_run, repaired=tuple(rich()), left=left_over)
        _show_repaired(done, "e")
        return capsys.readouterr().out.splitlines()

    assert len(shown(True)) == 60 + 2 * 25
    monkeypatch.setattr(verify, "is_terminal", lambda stream: True)
    left = ["left  untracked lib/own/: 25 files", "      see e"]
    assert shown(True) == [
        f"would restore  {SITE}/rich/ (rich): missing, 60 files",
        *left,
        without_folding("sealenv repair e --dry-run"),
    ]
    assert shown(False) == [
        f"restored  {SITE}/rich/ (rich): missing, 60 files",
        *left,
        without_folding("sealenv repair e --dry-run"),
    ]
