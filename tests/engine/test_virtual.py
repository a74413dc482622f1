"""Requirements of packages on the machine (CEP 30), in each way to write a MatchSpec."""

from __future__ import annotations

import asyncio

import pytest

from sealenv.engine.solve import fit
from tests.locks.locks import lock, package


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ("__osx>=11.0", None),
        ("__unix", None),
        ("__osx[version='>=99']", "here is 13.0"),
        ("__cuda>=12", "not here"),
    ],
)
def test_the_requirement_is_compared(spec: str, problem: str | None) -> None:
    found = asyncio.run(fit(lock(package("a", depends=[spec]), platform="osx-arm64"), None, ()))
    assert found == ([f"{spec} ({problem}): a"] if problem else [])
