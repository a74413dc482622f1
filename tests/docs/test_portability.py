"""docs/reference/portability.md names every form, and finds its examples."""

from __future__ import annotations

import pytest

from sealenv.relocation.find import FORMS, Paths, occurrences
from sealenv.relocation.rewrite import longest_shebang
from tests.docs.tables import REFERENCE, rows

FILE = "portability.md"


def test_every_form() -> None:
    assert [row[0] for row in rows(FILE, "Forms")] == list(FORMS)


@pytest.mark.parametrize("row", rows(FILE, "Where a path begins and ends"), ids=lambda row: row[0])
def test_what_is_before(row: list[str]) -> None:
    wanted = Paths.of(["/envs/e"], "linux-64")
    for example in row[1].split(", ")[:1]:
        if "/envs/e" in example:
            assert len(list(occurrences(example.encode(), wanted))) == 1


def test_the_limit_of_a_first_line() -> None:
    text = (REFERENCE / FILE).read_text("utf-8")
    limits = longest_shebang("linux-64"), longest_shebang("osx-64")
    assert f"{limits[0]} bytes on Linux, {limits[1]} elsewhere" in text
