"""Progress in a terminal: one line a step, however narrow it is."""

from __future__ import annotations

import pytest

from sealenv.cli.progress import BarReporter, LineReporter, make_reporter


def lines(captured: str) -> list[str]:
    return [line.rstrip() for line in captured.splitlines() if line.strip()]


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_long_text_takes_one_line(
    width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    with BarReporter() as reporter:
        reporter.phase("rewrite", f"writing [red]{'/a/long/path' * 8} into files")
        reporter.advance(3, 23, "files")
        reporter.phase("check", "running it")
        reporter.advance(5, 5, "files")
    shown = lines(capsys.readouterr().err)
    assert len(shown) == 2
    assert shown[0].startswith("rewrite  ")
    assert "[red]" in shown[0]
    assert "3/23" not in shown[0]  # it ended: a count that is not the last one says nothing
    assert "5/5 files" in shown[1]
    assert max(map(len, shown)) <= width


def test_without_a_terminal_it_is_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with make_reporter(quiet=False, verbose=0) as reporter:
        assert type(reporter) is LineReporter
        reporter.phase("solve", "solving for linux-64")
        reporter.advance(0, 0, "files")
    assert capsys.readouterr().err == "solve:        solving for linux-64\n"


def test_a_warning_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    """A warning about every locked platform is printed for the first."""
    with make_reporter(quiet=True, verbose=0) as reporter:
        for text in ("one", "two", "one"):
            reporter.warn(text)
    assert lines(capsys.readouterr().err) == ["warning: one", "warning: two"]
