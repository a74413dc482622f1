"""Links into a place that do not spell it out: found, and written so that they hold anywhere."""

from __future__ import annotations

import os

import pytest

from sealenv.portability.links import below, moved

pytestmark = pytest.mark.skipif(os.name == "nt", reason="links of POSIX")


@pytest.mark.parametrize(
    ("path", "text", "wanted"),
    [
        ("link", "../e/share", "share"),
        ("link", "../e", ""),
        ("a/b/link", "../../../e/a", "a"),
        ("link", "../../envs/e/share", "share"),
        ("link", "../../../../../envs/e/x", "x"),
        ("link", "/envs/./e/share", "share"),
        ("link", "//envs//e//share/", "share"),
        ("link", "/envs/e", ""),
        ("link", "share", None),
        ("a/link", "../share", None),
        ("a/link", "../e/share", None),
        ("link", "../other/share", None),
        ("link", "../e2/share", None),
        ("link", "..", None),
        ("link", "/elsewhere/e", None),
        ("link", "/envs/x/../e/share", None),
        ("link", "../x/../e/share", None),
    ],
)
def test_below(path: str, text: str, wanted: str | None) -> None:
    assert below("/envs/e", path, text) == wanted


@pytest.mark.parametrize(
    ("path", "text", "wanted"),
    [
        ("link", "../e/share", "../new name/share"),
        ("link", "../e", "../new name"),
        ("a/b/link", "../../../e/a", "../../../new name/a"),
        ("link", "../../envs/e/share", "../../data/new name/share"),
        ("a/link", "../../../envs/e", "../../../data/new name"),
        ("link", "/envs/./e/share", "/mnt/data/new name/share"),
        ("link", "share", None),
        ("link", "../other", None),
    ],
)
def test_moved(path: str, text: str, wanted: str | None) -> None:
    new = "/mnt/data/new name"
    assert moved("/envs/e", path, text, new) == wanted
    if wanted:
        assert below(new, path, wanted) == below("/envs/e", path, text)
    if wanted and wanted.startswith(".."):
        assert moved(new, path, wanted, "/envs/e") == text  # a move that was ended goes on by that


def test_moved_to_the_top() -> None:
    """There are fewer names to spell."""
    there = moved("/a/envs/e", "x/link", "../../../../a/envs/e/share", "/e")
    assert there == "../../e/share"
    assert below("/e", "x/link", there) == "share"
