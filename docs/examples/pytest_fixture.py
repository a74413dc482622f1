"""A pytest fixture that gives a sealed environment: name it conftest.py, or import it there.

    def test_the_tool_installs(sealed_env):
        sealenv.run(sealed_env, ["python", "-m", "pip", "install", "."], clean=True, check=True)

One environment is made for all tests, from the lock that `--sealenv-lock` names. Each test gets a clone
of its own, quickly and with hardly any disk, and may do with it what it likes. At the end the
environment must be as it was sealed: a test that wrote into files that the clones share is found.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import sealenv


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--sealenv-lock FILE`."""
    parser.addoption("--sealenv-lock", default="sealenv.lock", help="what sealed_env is made from")


@pytest.fixture(scope="session")
def sealed_original(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """The environment that all are cloned from; verified when the last test has ended."""
    lock = Path(request.config.getoption("--sealenv-lock"))
    prefix = tmp_path_factory.mktemp("sealed") / "original"
    sealenv.create(prefix=prefix, file=lock)
    yield prefix
    damage = [f"{f.kind}: {f.path}" for f in sealenv.verify(prefix).findings if f.damage]
    sealenv.remove(prefix)
    assert not damage, f"a test changed what environments share: {damage}"


@pytest.fixture
def sealed_env(sealed_original: Path, tmp_path: Path) -> Iterator[Path]:
    """An environment for one test, removed after it."""
    prefix = sealenv.clone(sealed_original, tmp_path / "env").prefix
    yield prefix
    sealenv.remove(prefix)
