"""What a conda package brings stays what it is: pip neither replaces nor deletes it, locked or not."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from sealenv.locks import LockFile
from sealenv.locks.pixi_write import write_pixi
from sealenv.locks.read import read_file
from sealenv.tour.archive import Package, Payload, write_package, write_repodata
from sealenv.tour.channel import DemoChannel
from tests.machine import Machine
from tests.pypi.index import Index, Wheel


@pytest.fixture
def index(tmp_path: Path) -> Index:
    made = Index(tmp_path / "index")
    made.add(
        Wheel("foo", "2.0", files={"foo2.py": f"{str(tmp_path)!r}\n"}),
        Wheel("needsfoo", files={"needsfoo.py": f"{str(tmp_path)!r}\n"}, requires=["foo>=1"]),
    )
    return made


def channel(machine: Machine, minor: str, metadata: str, *depends: str) -> str:
    """A channel with a conda package of foo 1.0, whose metadata lies where it is said."""
    site = f"lib/python{minor}/site-packages"
    text = f"Metadata-Version: 2.1\nName: foo\nVersion: 1.0\n# {machine.root}\n"
    payload = [
        Payload(f"{site}/foo.py", b"VALUE = 1\n"),
        Payload(f"{site}/{metadata}", text.encode()),
    ]
    folder = metadata.rpartition("/")[0]
    if metadata.endswith("METADATA"):
        record = f"foo.py,,\n{metadata},,\n{folder}/RECORD,,\n"
        payload.append(Payload(f"{site}/{folder}/RECORD", record.encode()))
    elif folder:
        payload.append(Payload(f"{site}/{folder}/installed-files.txt", b"../foo.py\nPKG-INFO\n"))
    place = machine.root / "channel"
    for package in (
        Package("foo", "1.0", tuple(payload), subdir="linux-64", depends=depends),
        Package("between", "1.0", (), subdir="linux-64", depends=(f"python={minor}",)),
    ):
        write_package(package, place / "linux-64")
    write_repodata(place / "linux-64")
    write_repodata(place / "noarch")
    return place.as_uri()


def spec(machine: Machine, channels: list[str], index: Index, conda: str, pip: str) -> str:
    path = machine.root / "environment.yml"
    path.write_text(
        f"name: app\nchannels: {json.dumps(channels)}\ndependencies: [python, pip, {conda}\n"
        f"  {{pip: [--index-url {index.url}, {pip}]}}]\n"
    )
    return str(path)


@pytest.mark.parametrize(
    ("metadata", "depends"),
    [
        ("foo-1.0.dist-info/METADATA", "python>=3.8"),
        ("Foo-1.0.dist-info/METADATA", "PYTHON [version='>=3.8']"),
        ("foo-1.0.dist-info/METADATA", "between"),
        ("foo-1.0-py3.egg/EGG-INFO/PKG-INFO", "python >=3.8"),
        ("foo-1.0-py3.egg-info/PKG-INFO", "python >=3.8"),
    ],
)
def test_it_is_seen(
    warm_machine: Machine,
    demo_channel: DemoChannel,
    index: Index,
    python_minor: str,
    metadata: str,
    depends: str,
) -> None:
    machine = warm_machine
    own = channel(machine, python_minor, metadata, depends)
    file = spec(machine, [own, demo_channel.url], index, "foo,", "needsfoo")
    planned = machine.json("create", "-f", file, "--dry-run")
    assert [w["name"] for w in planned["wheels"]] == ["needsfoo"]


def both(machine: Machine, demo: DemoChannel, index: Index, own: str) -> Path:
    """A lock with the conda package and the wheel, which sealenv itself would not write."""
    found = []
    for number, (conda, pip) in enumerate((("foo, between,", "needsfoo"), ("", "needsfoo"))):
        file = spec(machine, [own, demo.url], index, conda, pip)
        machine.run("lock", "-f", file, "-o", f"{number}.lock")
        read = read_file(machine.root / f"{number}.lock")
        assert isinstance(read, LockFile)
        found.append(read.locks[0])
    path = machine.root / "both.lock"
    one = msgspec.structs.replace(found[0], wheels=found[1].wheels)
    path.write_bytes(write_pixi(LockFile(locks=(one,))).encode())
    return path


def test_a_lock_with_both_is_refused(
    warm_machine: Machine, demo_channel: DemoChannel, index: Index, python_minor: str
) -> None:
    machine = warm_machine
    own = channel(machine, python_minor, "foo-1.0.dist-info/METADATA")
    lock = both(machine, demo_channel, index, own)
    machine.run("export", str(lock), "--format", "conda-lock", "-o", "conda-lock.yml")
    for name in ("both.lock", "conda-lock.yml"):
        error = machine.json("create", "app", "-f", name, code=6)
        assert "would replace the foo of conda's foo-1.0-" in error["what"]
        assert not (machine.envs / "app").exists()
