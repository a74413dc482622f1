"""Names and digests as people read them."""

from __future__ import annotations

from sealenv.naming import digests_apart


def test_digests_are_told_apart() -> None:
    one = "0123456789ab" + "c" * 52
    assert digests_apart(one, "f" * 64) == ("0123456789ab...", "ffffffffffff...")
    assert digests_apart(one, one[:-1] + "d") == (one, one[:-1] + "d")
