"""`--update` of wheels: the named ones and their dependencies change, the others stay."""

from __future__ import annotations

from pathlib import Path

import pytest

from sealenv.locks import LockedWheel
from tests.pypi.asker import Asker, installed
from tests.pypi.index import Wheel


@pytest.fixture
def asker(tmp_path: Path) -> Asker:
    return Asker(tmp_path)


def without(wheels: tuple[LockedWheel, ...], *names: str) -> list[LockedWheel]:
    return [wheel for wheel in wheels if wheel.name not in names]


def test_a_wheel_that_holds_it_back_changes_too(asker: Asker) -> None:
    asker.index.add(
        Wheel("aaa", requires=["bbb<2"]), Wheel("bbb"), Wheel("ccc", requires=["ddd"]), Wheel("ddd"),
    )  # fmt: skip
    old = asker.ask("aaa", "ccc").wheels
    asker.index.add(
        Wheel("aaa", "2.0", requires=["bbb>=2"]), Wheel("bbb", "2.0"), Wheel("bbb", "3.0"),
        Wheel("ccc", "2.0"), Wheel("ddd", "2.0"),
    )  # fmt: skip
    new = asker.ask("ccc", "aaa", keep=without(old, "aaa")).wheels
    assert [w.dist for w in new] == ["bbb-3.0", "aaa-2.0", "ddd-1.0", "ccc-1.0"]
    assert set(without(new, "aaa", "bbb")) == set(without(old, "aaa", "bbb"))
    newer_first = asker.names("aaa", "ccc", keep=without(old, "ddd"))
    assert newer_first == ["bbb-1.0", "aaa-1.0", "ddd-2.0", "ccc-1.0"]


def test_the_same_file_stays(asker: Asker) -> None:
    """A local version, a newer build, a better tag and a removed file do not matter."""
    asker.index.add(Wheel("aaa"), Wheel("ccc"))
    old = asker.ask("aaa", "ccc").wheels
    (kept,) = without(old, "aaa")
    asker.index.add(
        Wheel("ccc", "1.0+local"), Wheel("ccc", "1.0-2"), Wheel("ccc", "1.0", "cp312-none-any"),
    )  # fmt: skip
    assert kept in asker.ask("aaa", "ccc", keep=[kept]).wheels
    (asker.index.root / "simple/ccc/index.html").write_text("")
    assert kept in asker.ask("aaa", "ccc", keep=[kept]).wheels


def test_unused_wheels_are_dropped(asker: Asker) -> None:
    asker.index.add(
        Wheel("aaa", requires=["bbb[more]"]), Wheel("bbb", requires=['ccc; extra == "more"', "ddd"]),
        *map(Wheel, ("ccc", "ddd")),
    )  # fmt: skip
    old = asker.ask("aaa").wheels
    assert sorted(w.name for w in old) == ["aaa", "bbb", "ccc", "ddd"]
    assert asker.ask("aaa", keep=old).wheels == old
    asker.index.add(Wheel("aaa", "2.0", requires=["bbb"]))
    assert asker.names("aaa", keep=without(old, "aaa")) == ["ddd-1.0", "bbb-1.0", "aaa-2.0"]
    assert asker.names(keep=old) == []
    needy = installed("needy", "1.0", "Requires-Dist: ddd")
    assert asker.names("needy", keep=old, conda=[needy]) == ["ddd-1.0"]
