"""Tables, findings and progress, in a terminal and elsewhere; and small texts."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from sealenv.cli import output
from sealenv.cli.create import short_names
from sealenv.cli.progress import BarReporter, LineReporter, make_reporter
from sealenv.cli.verify import show_findings
from sealenv.seals.findings import Finding

ROWS = [["short", "1", "b"], ["a/path/that/is/much/longer/than/the/others", "22", "c"]]
LONG = "/a/long/folder" * 9


def test_a_pipe_gets_a_row_a_line_whatever_its_length(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.setenv("FORCE_COLOR", "1")
    output.print_table(["FILE", "N", "KIND"], [*ROWS, ["[red]:smile:", "3", LONG]])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert lines[0] == f"{'FILE':42}  N   KIND"
    assert lines[2] == "a/path/that/is/much/longer/than/the/others  22  c"
    assert lines[3] == f"{'[red]:smile:':42}  3   {LONG}"
    assert output.fitted("word " * 30) == "word " * 30


def test_a_terminal_gets_what_fits_and_nothing_is_cut(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setattr(output, "is_terminal", lambda stream: True)
    output.print_table(["NAME", "SIZE", "FOLDER"], [["my_env_3_12", "85.8 MB", LONG]])
    first, *lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 40
    assert lines[0].startswith("my_env_3_12  85.8 MB  /a/long/folder")
    assert "".join(line[first.index("FOLDER") :] for line in lines) == LONG


def test_no_color_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    assert output.paint("x", fg="red") != "x"
    monkeypatch.setenv("NO_COLOR", "1")
    assert output.paint("x", fg="red") == "x"


def test_a_channel_is_called_by_its_last_part_where_that_is_its_own() -> None:
    assert short_names(["https://a.example/conda-forge/", "file:///srv/main"]) == {
        "https://a.example/conda-forge/": "conda-forge",
        "file:///srv/main": "main",
    }
    two = ["https://a.example/main", "file:///srv/main/"]
    assert short_names(two) == {"file:///srv/main/": "file:///srv/main", two[0]: two[0]}
    assert short_names(["file:///"]) == {"file:///": "file:"}


@pytest.mark.parametrize("words", [["--version"], ["run", "nowhere", "--", "python"]])
def test_version_and_run_start_without_the_command_line_library(words: list[str]) -> None:
    code = (
        "import sys; from sealenv.__main__ import main\n"
        "try: main()\n"
        "finally: print('click' in sys.modules, 'rich' in sys.modules, 'msgspec' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        env={**os.environ, "PYTHONPATH": "src"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "False False False"


FINDINGS = [
    Finding("altered", "lib/x", None, "3 bytes"),
    *(Finding("missing", f"rich/{n:02}.py", "rich") for n in range(60)),
]


def test_without_a_terminal_every_finding_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    show_findings(FINDINGS, "sealenv verify e")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 61
    assert lines[:2] == ["altered        lib/x: 3 bytes", "missing        rich/00.py (rich)"]


def lines(captured: str) -> list[str]:
    return [line.rstrip() for line in captured.splitlines() if line.strip()]


def test_a_long_text_takes_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
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
    assert max(map(len, shown)) <= 80


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
