"""What is quoted comes back as it was, from the real shells."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sealenv.errors import SpecError
from sealenv.quoting import QUOTE
from tests.activation.dialects import Dialect

CONTROL = ["\n", "a\nb", "\r", "\r\n", "\t", "\x01", "\x7f", "\x1b[31m", "'\n'", "\\\n", "x\n"]
RAW = [os.fsdecode(raw) for raw in (b"\xff", b"\x80", b"\x81\x82\x88'\x88", b"caf\xe9")]


def echo(dialect: Dialect, texts: list[str], environ: dict[str, str]) -> list[str]:
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        dialect.run_python(work, "args", *texts)
        done = dialect.run(work, [dialect.run_python(work, "args", *texts)], environ)
        assert done.code == 0, done.said
        return done.args("args")


def quotable(dialect: Dialect, texts: list[str]) -> list[str]:
    kept = []
    for text in texts:
        try:
            QUOTE[dialect.ext](text)
        except SpecError:
            continue
        kept.append(text)
    return kept


def test_control_characters_and_raw_bytes_come_back_or_are_refused(
    dialect: Dialect, environ: dict[str, str]
) -> None:
    kept = quotable(dialect, CONTROL + RAW)
    assert echo(dialect, kept, environ) == kept
    refused = {"csh": set(CONTROL), "nu": set(RAW)}.get(dialect.ext, set())
    assert set(CONTROL + RAW) - set(kept) == refused


# What a variable or a path can hold: no NUL, no lone surrogate (os.fsdecode's are in RAW).
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)
NASTY = st.text(st.sampled_from("'\"\\!$`%&|;()<>{}[]*?~#^=@ é日\n\t-aAnx0"), max_size=12)


@settings(max_examples=4, suppress_health_check=list(HealthCheck))
@given(texts=st.lists(TEXT | NASTY, min_size=100, max_size=150))
def test_any_text(texts: list[str], dialect: Dialect, environ: dict[str, str]) -> None:
    kept = quotable(dialect, texts)
    assert echo(dialect, kept, environ) == kept


@pytest.mark.parametrize("ext", sorted(QUOTE))
def test_what_no_language_can_hold_is_refused(ext: str) -> None:
    for text in ("\0", "a\0b", "\ud800", "x\udfff"):
        with pytest.raises(SpecError):
            QUOTE[ext](text)
