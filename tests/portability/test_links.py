"""Links into a place that do not spell it out: found, and written so that they hold anywhere."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sealenv.portability.links import below, from_inside

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
    ("path", "goal", "wanted"),
    [
        ("link", "share", "share"),
        ("a/b/link", "a", ".."),
        ("a/link", "x/y", "../x/y"),
        ("l", "", "."),
    ],
)
def test_from_inside(path: str, goal: str, wanted: str, tmp_path: Path) -> None:
    assert from_inside(path, goal) == wanted
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / goal).mkdir(parents=True, exist_ok=True)
    (tmp_path / path).symlink_to(wanted)
    assert (tmp_path / path).resolve() == (tmp_path / goal).resolve()
