"""Tables, for people and for pipes; and small texts."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from sealenv.cli import output
from sealenv.cli.create import short_names

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


@pytest.mark.parametrize("columns", [40, 80])
def test_a_terminal_gets_what_fits_and_nothing_is_cut(
    columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr(output, "is_terminal", lambda stream: True)
    output.print_table(["NAME", "SIZE", "FOLDER"], [["my_env_3_12", "85.8 MB", LONG]])
    first, *lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= columns
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
