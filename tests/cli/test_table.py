"""Tables: as they are without a terminal, fitted in one."""

from __future__ import annotations

import pytest

from sealenv.cli import table

ROWS = [["short", "1", "b"], ["a/path/that/is/much/longer/than/the/others", "22", "c"]]


def test_without_a_terminal_nothing_depends_on_its_width(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    table.print_table(["FILE", "N", "KIND"], ROWS)
    lines = capsys.readouterr().out.splitlines()
    assert lines[2] == "a/path/that/is/much/longer/than/the/others  22  c"
    assert lines[1].split() == ["short", "1", "b"]
    assert (
        len({line.rindex(word) for line, word in zip(lines, ["KIND", "b", "c"], strict=True)}) == 1
    )
    assert table.fitted("word " * 30) == "word " * 30


def test_in_a_narrow_terminal_a_long_cell_stands_alone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    monkeypatch.setattr(table, "is_terminal", lambda stream: True)
    table.print_table(["FILE", "N", "KIND"], ROWS)
    lines = capsys.readouterr().out.splitlines()
    assert lines[2] == ROWS[1][0]  # never cut
    assert lines[3].split() == ["22", "c"]
    assert lines[3].index("22") == lines[1].index("1")
    assert max(len(line) for line in lines if line != ROWS[1][0]) <= 30
    text = table.fitted("a sentence that is longer than thirty columns", 4)
    assert text.splitlines() == ["a sentence that is longer than", "    thirty columns"]


def test_a_long_last_cell_stands_below_its_row(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    monkeypatch.setattr(table, "is_terminal", lambda stream: True)
    table.print_table(["NAME", "SIZE", "FOLDER"], [["my_env_3_12", "85.8 MB", "/a/long/" * 4]])
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["my_env_3_12", "85.8", "MB"]
    assert lines[2] == "  " + "/a/long/" * 4  # never cut


def test_one_long_cell_widens_no_other_line_of_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    """And each row stays one line."""
    table.print_table(["FILE", "KIND"], [["a", "text"], ["n" * 255, "data"]])
    assert capsys.readouterr().out.splitlines() == [
        f"{'FILE':100}  KIND",
        f"{'a':100}  text",
        f"{'n' * 255}  data",
    ]
