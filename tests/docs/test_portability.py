"""docs/reference/portability.md names every form, and finds its examples."""

from __future__ import annotations

import pytest

from sealenv.portability.occurrences import occurrences
from sealenv.portability.rewriting.shebang import longest_shebang
from sealenv.portability.spellings import FORMS, spellings
from tests.docs.tables import REFERENCE, rows, section

FILE = "portability.md"


def test_every_form() -> None:
    assert [row[0] for row in rows(FILE, "Forms")] == [
        form.name for form in FORMS if form.encoding == "utf-8"
    ]


def test_other_encodings() -> None:
    text = " ".join(section(FILE, "Forms").split())
    wide = [f.name.removesuffix(" utf-16-le") for f in FORMS if f.encoding == "utf-16-le"]
    listed = ", ".join(f"`{name}`" for name in wide[:-1]) + f" and `{wide[-1]}`"
    assert f"{listed} are looked for in UTF-16" in text
    for form in FORMS:
        if form.encoding.startswith("cp"):
            assert form.encoding[2:] in text


@pytest.mark.parametrize("row", rows(FILE, "Where a path begins and ends"), ids=lambda row: row[0])
def test_what_is_before(row: list[str]) -> None:
    wanted = spellings("/envs/e", "linux-64")
    for example in row[1].split(", ")[:1]:
        if "/envs/e" in example:
            assert len(list(occurrences(example.encode(), wanted))) == 1


def test_the_limit_of_a_first_line() -> None:
    text = (REFERENCE / FILE).read_text("utf-8")
    limits = longest_shebang("linux-64"), longest_shebang("osx-64")
    assert f"{limits[0]} bytes on Linux, {limits[1]} elsewhere" in text
