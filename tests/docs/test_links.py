"""Every relative link and every anchor in the documentation leads somewhere."""

from __future__ import annotations

import re

import pytest

from tests.docs.reader import ROOT, pages

ALL = [*pages(), "CHANGELOG.md"]
LINK = re.compile(r"\]\((?!https?://|mailto:)([^)#\s]*)(?:#([^)\s]*))?\)")
REFERENCE = re.compile(r"^\[[^\]]+\]: +(?!https?://)([^#\s]*)(?:#(\S*))?$", re.M)


def prose(page: str) -> str:
    """The text without code blocks and code in lines."""
    text = (ROOT / page).read_text(encoding="utf-8")
    text = re.sub(r"^ *(```+|~~~+).*?^ *\1 *$", "", text, flags=re.M | re.S)
    return re.sub(r"`+[^`\n]*`+", "", text)


def anchors(page: str) -> list[str]:
    """The anchors that GitHub gives a page's headings, and those that are written out."""
    text = (ROOT / page).read_text(encoding="utf-8")
    written = re.findall(r"<a (?:id|name)=\"([^\"]+)\"", text)
    text = re.sub(r"^ *(```+|~~~+).*?^ *\1 *$", "", text, flags=re.M | re.S)
    slugs: list[str] = []
    for head in re.findall(r"^#{1,6} (.+?)(?: #+)?$", text, re.M):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", head)
        slug = re.sub(r"[^\w -]", "", plain.strip().lower()).replace(" ", "-")
        slugs.append(slug)
    return written + slugs


@pytest.mark.parametrize("page", ALL)
def test_links_lead_somewhere(page: str) -> None:
    text = prose(page)
    for target, anchor in LINK.findall(text) + REFERENCE.findall(text):
        found = ((ROOT / page).parent / target).resolve() if target else ROOT / page
        assert found.exists(), target
        assert found.is_relative_to(ROOT), target
        if anchor:
            assert anchor in anchors(found.relative_to(ROOT).as_posix()), f"{target}#{anchor}"


@pytest.mark.parametrize("page", ALL)
def test_an_anchor_that_is_linked_is_there_once(page: str) -> None:
    """GitHub and the site number equal headings differently, so no page may link to one."""
    here = anchors(page)
    twice = {slug for slug in here if here.count(slug) > 1}
    linked = {
        anchor
        for other in ALL
        for target, anchor in LINK.findall(prose(other))
        if ((ROOT / other).parent / target if target else ROOT / other).resolve() == ROOT / page
    }
    assert linked & twice == set()


def test_lists_begin_after_an_empty_line() -> None:
    """MkDocs takes a list that follows a line of text for more of that text; GitHub does not."""
    wrong = [
        f"{page}: {found[0].strip()[:60]}"
        for page in ALL
        for found in re.finditer(r"^(?![ \-*|>#<]|\d+\. )\S.*\n(?:[-*] |1\. ).*", prose(page), re.M)
    ]
    assert wrong == []
