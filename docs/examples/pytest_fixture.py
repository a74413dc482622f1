"""Give each test a sealed environment. Save this file as conftest.py, or import it there.

    def test_the_tool_installs(sealed_env):
        sealenv.run(sealed_env, ["python", "-m", "pip", "install", "."], clean=True, check=True)

One environment is created for all tests, from the lock given by `--sealenv-lock`. Each test gets its own
clone, which takes little time and disk, and may change it. At the end the original is verified, which
detects a test that wrote into a shared file.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import sealenv


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--sealenv-lock FILE`."""
    parser.addoption("--sealenv-lock", default="sealenv.lock", help="the lock for sealed_env")


@pytest.fixture(scope="session")
def sealed_original(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """Create the environment that the tests clone, and verify it at the end."""
    lock = Path(request.config.getoption("--sealenv-lock"))
    prefix = tmp_path_factory.mktemp("sealed") / "original"
    sealenv.create(prefix=prefix, file=lock)
    yield prefix
    damage = [f"{f.kind}: {f.path}" for f in sealenv.verify(prefix).findings if f.damage]
    sealenv.remove(prefix)
    assert not damage, f"a test changed shared files: {damage}"


@pytest.fixture
def sealed_env(sealed_original: Path, tmp_path: Path) -> Iterator[Path]:
    """Clone the environment for one test, and remove the clone afterwards."""
    prefix = sealenv.clone(sealed_original, tmp_path / "env").prefix
    yield prefix
    sealenv.remove(prefix)
