"""The name in a MatchSpec, and what follows it."""

from __future__ import annotations

import pytest

from sealenv.spec.matchspec import package_name, split_spec


@pytest.mark.parametrize(
    ("text", "name", "constraint"),
    [
        ("numpy", "numpy", ""),
        ("NumPy >=2", "numpy", ">=2"),
        ("zzz>=1", "zzz", ">=1"),
        ("zzz=1.0=0", "zzz", "=1.0=0"),
        ("__glibc[version='>=2.17,<3']", "__glibc", ">=2.17,<3"),
        ('zzz[version=">=1", build=py_0]', "zzz", ">=1 py_0"),
        ("zzz[md5=abc]", "zzz", "[md5=abc]"),
        ("conda-forge::numpy=2", "numpy", "=2"),
        ("https://h/c::numpy[version='2']", "numpy", "2"),
        ("file:///a/sq%20[b]~x+&=!/ch::prio=2.0=0", "prio", "=2.0=0"),
        ("", "", ""),
    ],
)
def test_name_and_constraint(text: str, name: str, constraint: str) -> None:
    assert split_spec(text) == (name, constraint)
    assert package_name(text) == name
