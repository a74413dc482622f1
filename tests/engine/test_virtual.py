"""What packages ask of a machine, however the MatchSpec is written."""

from __future__ import annotations

import pytest

from sealenv.engine.solve import lacking
from tests.locks.locks import lock, package

PLATFORM = "osx-arm64"
"""Stated, never detected where these tests run: `__osx` 13.0."""


@pytest.mark.parametrize(
    "spec", ["__osx >=11.0", "__osx>=11.0", "__osx[version='>=11.0']", "__osx", "__unix"]
)
def test_it_is_there(spec: str) -> None:
    assert lacking(lock(package("a", depends=[spec]), platform=PLATFORM)) == []


@pytest.mark.parametrize("spec", ["__osx >=99", "__osx>=99", "__osx[version='>=99']"])
def test_it_is_older(spec: str) -> None:
    assert lacking(lock(package("a", depends=[spec]), platform=PLATFORM)) == [
        f"{spec} (here is 13.0): a"
    ]


def test_it_is_not_there() -> None:
    assert lacking(lock(package("a", depends=["__cuda>=12"]), platform=PLATFORM)) == [
        "__cuda>=12 (not here): a"
    ]
