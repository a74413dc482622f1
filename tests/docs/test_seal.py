"""docs/reference/seal.md names every field of the seal: no more, no less."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from sealenv.seals.seal import (
    SCHEMA,
    TABLE_SCHEMA,
    DistributionNote,
    EngineNote,
    Fingerprints,
    LockNote,
    PatchNote,
    Seal,
)
from sealenv.spec.model import EnvironmentSpec
from tests.docs.tables import rows, section


@pytest.mark.parametrize(
    ("heading", "struct"),
    [
        ("Fields", Seal),
        ("lock", LockNote),
        ("patched", PatchNote),
        ("engine", EngineNote),
        ("pip", DistributionNote),
        ("fingerprints", Fingerprints),
    ],
)
def test_every_field_in_order(heading: str, struct: Any) -> None:
    fields = [field.encode_name for field in msgspec.structs.fields(struct)]
    assert [row[0] for row in rows("seal.md", heading)] == fields


def test_the_fields_of_the_spec() -> None:
    spec = EnvironmentSpec(packages=("python",), channels=("x",), platform="linux-64")
    assert [row[0] for row in rows("seal.md", "spec")] == list(spec.to_json())


def test_the_schema() -> None:
    assert f"`{SCHEMA}`." in section("seal.md", "Fields")
    assert f"`{TABLE_SCHEMA}`." in section("seal.md", "The file table")
