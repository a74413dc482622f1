"""The bytes of each written format. They change only on purpose."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from sealenv.locks import LockedWheel, LockFile
from sealenv.locks.condalock import write_condalock
from sealenv.locks.explicit import write_explicit
from sealenv.locks.pixi_write import write_pixi
from sealenv.spec.environment_yml import write_environment_yml
from tests.locks.locks import CHANNELS, lock, package
from tests.store.bundling import small

GOLDEN = Path(__file__).parent / "golden"
WHEELS = (
    LockedWheel(
        name="app", version="1.0", url="https://files.example.org/app-1.0-py3-none-any.whl",
        sha256="ab" * 32, requires_dist=("helper>=1",), requires_python=">=3.9",
    ),
    LockedWheel(name="b", version="2", url="https://h/b-2-py3-none-any.whl", sha256="cd" * 32),
)  # fmt: skip
FILE = LockFile(
    locks=(
        lock(
            package("odd-build", build="abc", build_number=7, noarch="python"),
            package("py-is-nothing", build="py_0"),
            package("here", subdir="linux-64", channel=CHANNELS[2], depends=["odd-build >=1"]),
            package("epoch", version="1!2.0", build="h123_4", build_number=4, subdir="linux-64",
                    extension=".tar.bz2", license="a: b # c", md5="cd" * 16, timestamp=1728047496079.5,
                    track_features="x y", features="p q", purls=[], constrains=["z <2"],
                    extra_depends={"test": ["pytest"]}, run_exports={"weak": ["epoch"]}),
            virtual_packages=("__glibc=2.28=0",), specs=("epoch", "here >=1"),
            wheels=WHEELS, requirements=("app", "b>=1"), exclude_newer="2026-01-31T00:00:00+00:00",
            indexes=("https://pypi.org/simple",), find_links=("https://wheels.example.org/",),
        ),
        lock(package("other", subdir="win-64", channel=CHANNELS[1], size=None), platform="win-64",
             specs=("other",)),
    ),
    name="hard", variables={"B": "2 # \u2028", "A": "1"},
)  # fmt: skip


def environment_yml(file: LockFile) -> str:
    return write_environment_yml(
        name=file.name, channels=CHANNELS, dependencies=["python=3.10", "on", "a: b"],
        pip=["app==1", "--index-url https://h/simple"], variables=file.variables,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("pixi.lock", write_pixi),
        ("conda-lock.yml", write_condalock),
        ("explicit.txt", lambda file: write_explicit(file.locks[0], ["made by hand"])),
        ("environment.yml", environment_yml),
    ],
)
def test_bytes(name: str, write: Callable[[LockFile], str]) -> None:
    assert write(FILE).encode() == (GOLDEN / name).read_bytes()


def test_bytes_of_a_bundle(tmp_path: Path) -> None:
    digest = hashlib.sha256(small(tmp_path / "b").read_bytes()).hexdigest()
    assert digest == "13b1c7e4e6d570f3af2ba3f36f95509d21fd4d68782366cd74e8e8b9f7a917cc"
