"""Compare locks; sort packages; find the requested ones."""

from __future__ import annotations

import msgspec

from sealenv.commands.diff import changes_between as diff
from sealenv.commands.diff import without_digest
from sealenv.locks import LockedWheel, LockFile
from sealenv.locks.model import topological
from tests.locks.locks import CHANNELS, lock, package


def files(*packages: object) -> LockFile:
    return LockFile(locks=(lock(*packages),))  # type: ignore[arg-type]


def test_added_removed_and_changed() -> None:
    before = files(package("gone"), package("same"), package("moved"), package("rebuilt"))
    after = files(
        package("new"),
        package("same"),
        package("moved", version="2.0"),
        package("rebuilt", build="1"),
    )
    changes = diff(before, after)
    assert [(c.what, c.name, c.differs) for c in changes] == [
        ("removed", "gone", ()),
        ("changed", "moved", ("version", "sha256")),
        ("added", "new", ()),
        ("changed", "rebuilt", ("build", "sha256")),
    ]
    assert [c.words() for c in changes] == [
        "- gone 1.0 0",
        "~ moved 1.0 -> 2.0",
        "+ new 1.0 0",
        "~ rebuilt 1.0 0 -> 1.0 1",
    ]
    assert diff(before, before) == []


def test_other_bytes_and_another_channel_are_changes() -> None:
    (bytes_,) = diff(files(package("a", sha256="1" * 64)), files(package("a", sha256="2" * 64)))
    assert bytes_.words() == "~ a 1.0 0: other bytes, 111111111111 -> 222222222222"
    (channel,) = diff(files(package("a")), files(package("a", channel=CHANNELS[1])))
    assert channel.differs == ("channel",)


def test_a_digest_that_one_side_does_not_know_is_no_change() -> None:
    bare = files(package("a", sha256="1" * 64))
    unknown = files(msgspec.structs.replace(bare.locks[0].packages[0], sha256=""))
    assert diff(bare, unknown) == []
    assert without_digest(bare, unknown) == without_digest(unknown, unknown) == ["a"]
    assert without_digest(bare, bare) == []


def test_a_platform_that_one_side_has_counts_in_full() -> None:
    one = files(package("a"))
    two = LockFile(locks=(*one.locks, lock(package("a"), package("w"), platform="win-64")))
    assert [(c.platform, c.what, c.name) for c in diff(one, two)] == [
        ("win-64", "added", "a"),
        ("win-64", "added", "w"),
    ]


def test_dependencies_come_first_and_cycles_end() -> None:
    packages = [
        package("a", depends=["c >=1", "__unix"]),
        package("b", depends=["a"]),
        package("c", depends=["a"]),
    ]
    assert [p.name for p in topological(packages)] == ["c", "a", "b"]


def test_one_address_is_in_one_channel() -> None:
    """A list contains URLs only; a channel may keep its packages elsewhere (CEP 15)."""
    a = package("a")
    guessed = msgspec.structs.replace(a, channel=CHANNELS[1])
    assert diff(files(a), files(guessed)) == []


def test_versions_of_wheels_are_compared_as_versions() -> None:
    wheel = LockedWheel(name="w", version="2024.07.04", url="https://x.org/w.whl", sha256="1" * 64)
    elsewhere = msgspec.structs.replace(wheel, version="2024.7.4", url="https://y.org/w.whl")
    newer = msgspec.structs.replace(elsewhere, version="2024.7.5")
    before = LockFile(locks=(lock(wheels=(wheel,)),))
    assert diff(before, LockFile(locks=(lock(wheels=(elsewhere,)),))) == []
    (change,) = diff(before, LockFile(locks=(lock(wheels=(newer,)),)))
    assert change.words() == "~ w 2024.07.04 -> 2024.7.5"
