"""A stand-in for micromamba, and what it was called with."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.micromamba import stand_in


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """The file of the stand-in's calls."""
    return tmp_path / "calls.jsonl"


@pytest.fixture
def exe(tmp_path: Path, log: Path) -> Path:
    """A stand-in that says it is 2.9.0."""
    return stand_in(tmp_path / "tools" / "micromamba", VERSION="2.9.0", LOG=str(log))
