"""docs/man/sealenv.1 is what the code says, and what groff takes without a warning."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from docs.tools import man_page


def test_the_page_is_up_to_date() -> None:
    assert man_page.PAGE.read_text(encoding="utf-8") == man_page.page(), (
        "python -m docs.tools.man_page --write"
    )


@pytest.mark.parametrize(
    "checker", [["groff", "-man", "-ww", "-z"], ["mandoc", "-Tlint", "-Wwarning"]]
)
def test_it_is_well_formed(checker: list[str]) -> None:
    if shutil.which(checker[0]) is None:
        pytest.skip(f"no {checker[0]} on this machine")
    done = subprocess.run(
        [*checker, str(man_page.PAGE)], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("", "")
