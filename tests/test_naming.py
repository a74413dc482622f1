"""Names and digests as people read them."""

from __future__ import annotations

from pathlib import Path

import pytest

from sealenv.errors import UsageError
from sealenv.naming import check_name, check_prefix, digests_apart


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("a:b", "contains ':'"),
        ("a/b", "contains '/'"),
        ("$(touch pwned)", r"contains '\$'"),
        ("%PATH%", "contains '%'"),
        ("a\u202eb", "contains"),
        ("a\udcffb", "contains"),
        ("base", "reserved"),
        ("con", "device"),
        ("", "must not be empty"),
        ("..", "end with"),
        ("-x", "begin with"),
    ],
)
def test_refused_names(name: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        check_name(name)


@pytest.mark.parametrize(
    "name", ["my_env", "Jürgen", "環境", "u\u0308", "c++17", "env (copy)", "a@b"]
)
def test_allowed_names(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize("part", ["a:b", 'a"b', "a$b", "a'b", "a\nb", "base"])
def test_refused_paths(part: str) -> None:
    with pytest.raises(UsageError):
        check_prefix(Path("/srv", part), "linux-64")


def test_digests_that_differ_are_shortened() -> None:
    one = "0123456789ab" + "c" * 52
    assert digests_apart(one, "f" * 64) == ("0123456789ab...", "ffffffffffff...")
    assert digests_apart(one, one[:-1] + "d") == (one, one[:-1] + "d")
