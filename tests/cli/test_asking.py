"""Questions, and what a plan calls its channels."""

from __future__ import annotations

import io

import click
import pytest

from sealenv.cli.asking import agree
from sealenv.cli.created import short_names


@pytest.mark.parametrize(
    ("typed", "default", "goes_on"),
    [
        ("y\n", False, True),
        (" YES \n", False, True),
        ("n\n", True, False),
        ("\n", True, True),
        ("\n", False, False),
        ("", True, False),
        ("perhaps\ny\n", False, True),
        ("perhaps\n", True, False),
    ],
)
def test_only_a_yes_goes_on(
    typed: str,
    default: bool,
    goes_on: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    if goes_on:
        agree("Remove all of it?", default=default)
    else:
        with pytest.raises(click.Abort):
            agree("Remove all of it?", default=default)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"Remove all of it? [{'Y/n' if default else 'y/N'}]: ")
    assert said.err.count("please answer y or n") == typed.count("perhaps")


def test_a_channel_is_called_by_its_last_part_where_that_is_its_own() -> None:
    assert short_names(["https://a.example/conda-forge/", "file:///srv/main"]) == {
        "https://a.example/conda-forge/": "conda-forge",
        "file:///srv/main": "main",
    }
    two = ["https://a.example/main", "file:///srv/main/"]
    assert short_names(two) == {"file:///srv/main/": "file:///srv/main", two[0]: two[0]}
    assert short_names(["file:///"]) == {"file:///": "file:"}
