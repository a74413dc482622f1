"""Whatever the activation scripts quote a place with, it is found there, and another takes its place."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sealenv.errors import SpecError
from sealenv.portability.occurrences import occurrences
from sealenv.portability.rewriting.change import Change
from sealenv.portability.spellings import spellings
from sealenv.quoting import QUOTE, quote_cmd, quote_csh, quote_ps1
from tests.portability.places import POSIX, WINDOWS

Quote = Callable[[str], str]

ANY_PLACE: dict[str, Quote] = {
    **QUOTE,
    "csh pattern": lambda text: quote_csh(text, pattern=True),
    "ps1": quote_ps1,
}
BATCH: dict[str, Quote] = {
    "cmd": lambda text: f'"{quote_cmd(text)}"',
    "cmd delayed": lambda text: f'"{quote_cmd(text, delayed=True)}"',
}
"""For places of Windows in ASCII."""
OF_WINDOWS: dict[str, Quote] = {
    "ps1": quote_ps1,
    "nu": QUOTE["nu"],
    "xsh": QUOTE["xsh"],
}


def quoted(quote: Quote, place: str) -> bytes:
    """A line of a script; places that this shell has no word for are none of this test."""
    try:
        return b"set x = " + quote(place).encode("utf-8", "surrogateescape") + b"\n"
    except SpecError:
        assume(False)
        raise


@pytest.mark.parametrize("shell", ANY_PLACE)
@given(place=POSIX)
def test_a_place_in_a_script_is_found(shell: str, place: str) -> None:
    line = quoted(ANY_PLACE[shell], place)
    assert len(list(occurrences(line, spellings(place, "linux-64")))) == 1


@pytest.mark.parametrize("shell", BATCH)
@given(place=st.text("aB1 !%^&()[]{}=;',`~+-_@#$.", min_size=1).map("C:\\{}x".format))
def test_a_place_in_a_batch_file_is_found(shell: str, place: str) -> None:
    line = quoted(BATCH[shell], place)
    assert len(list(occurrences(line, spellings(place, "win-64")))) == 1


@pytest.mark.parametrize("shell", OF_WINDOWS)
@given(place=WINDOWS)
def test_a_place_of_windows_in_a_script_is_found(shell: str, place: str) -> None:
    line = quoted(OF_WINDOWS[shell], place)
    assert len(list(occurrences(line, spellings(place, "win-64")))) == 1


PLACES = ["/envs/it's é\\ !", "/envs/!\\é'é x", "/envs/\\'!ü", "/envs/é!/'\\/é"]
"""With the same that is special in each: else what was found could be of several forms."""


@pytest.mark.parametrize("shell", ANY_PLACE)
@given(old=st.sampled_from(PLACES), new=st.sampled_from(PLACES))
def test_another_place_is_quoted_the_same_way(shell: str, old: str, new: str) -> None:
    assume(old != new)
    change = Change.between(old, new, "linux-64")
    assert change.apply(quoted(ANY_PLACE[shell], old)) == quoted(ANY_PLACE[shell], new)
