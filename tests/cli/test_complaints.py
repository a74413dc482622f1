"""Complaints of the command-line library, in our form, with what was probably meant."""

from __future__ import annotations

import pytest

from sealenv.cli.main import main


@pytest.mark.parametrize(
    ("words", "said", "advice"),
    [
        ("create python=3.12 numpy", "no name", "sealenv create my_env python=3.12 numpy"),
        ("verify", "missing argument", "sealenv verify --help"),
    ],
)
def test_what_and_next(
    words: str, said: str, advice: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words.split()) == 2
    error, hint = capsys.readouterr().err.splitlines()
    assert error.startswith("error: ")
    assert said in error
    assert "\\x" not in error
    assert hint.startswith("  next: ")
    assert advice in hint
