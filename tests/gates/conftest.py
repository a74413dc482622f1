"""A machine with one environment, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from sealenv.tour.channel import DemoChannel
from tests.machine import Machine


@pytest.fixture(scope="package")
def used(
    tmp_path_factory: pytest.TempPathFactory, warm_cache: Path, demo_channel: DemoChannel
) -> Machine:
    """A machine with one environment `e`; these tests only use it."""
    machine = Machine(tmp_path_factory.mktemp("gate"), cache=warm_cache)
    machine.create("e", demo_channel, "--no-pyc")
    return machine
