"""`lock` and `create` for another machine: `--virtual-package`, `--machine`, CONDA_OVERRIDE_*."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from sealenv.locks.pixi_read import read_pixi
from sealenv.spec.model import current_platform
from sealenv.tour.archive import Package, Payload, write_package, write_repodata
from tests.machine import Machine, tiny

CUDA = ("--virtual-package", "__cuda=12.4")
GPU = """\
subdirs:
  linux-64:
    packages:
      __unix: 0
      __glibc: 2.17
      __cuda: "12.4"
      __archspec: 1 x86_64_v3
"""


@pytest.fixture
def channel(tmp_path: Path) -> str:
    """A channel with `nn 1.0` for any machine and `nn 2.0` for one with CUDA 12."""
    folder = tmp_path / "gpu"
    for version, depends in (("1.0", ()), ("2.0", ("__cuda >=12",))):
        note = Payload("share/nn/version.txt", data=version.encode())
        package = Package(
            name="nn", version=version, noarch="generic", depends=depends, payload=(note,)
        )
        write_package(package, folder / "noarch")
    write_repodata(folder / "noarch")
    return folder.as_uri()


def version(answer: dict[str, Any]) -> str:
    return str(answer["locks"][0]["packages"][0]["version"])


def lock(machine: Machine, name: str = "sealenv.lock") -> Any:
    path = machine.root / name
    return read_pixi(path.read_text(), path).locks[0]


def test_a_virtual_package_of_another_machine(machine: Machine, channel: str) -> None:
    assert version(machine.json("lock", "nn", "-c", channel, "-o", "cpu.lock")) == "1.0"
    answer = machine.json("lock", "nn", "-c", channel, *CUDA)
    assert version(answer) == "2.0"
    assert "__cuda=12.4=0" in answer["locks"][0]["virtual_packages"]
    refused = machine.json("create", "e", "-f", "sealenv.lock", code=4)
    assert refused["details"] == ["__cuda >=12 (not here): nn"]
    machine.json("create", "e", "-f", "sealenv.lock", *CUDA)
    machine.json("create", "f", "-c", channel, *tiny("nn >=2"), *CUDA)
    machine.json("create", "g", "-c", channel, *tiny("nn >=2"), code=4)


def test_an_override_of_conda_is_used_and_said(machine: Machine, channel: str) -> None:
    done = machine.run("lock", "nn", "-c", channel, CONDA_OVERRIDE_CUDA="12.4")
    assert "warning: CONDA_OVERRIDE_CUDA sets __cuda=12.4" in done.stderr
    assert lock(machine).find("nn").version == "2.0"
    machine.json("create", "e", "-f", "sealenv.lock", CONDA_OVERRIDE_CUDA="12.4")
    args = ("lock", "nn", "-c", channel, "-o", "x.lock", "--virtual-package", "__cuda=11.8")
    assert version(machine.json(*args, CONDA_OVERRIDE_CUDA="12.4")) == "1.0"
    done = machine.run("lock", "nn >=2", "-c", channel, *CUDA, CONDA_OVERRIDE_GLIBC="", code=None)
    assert "CONDA_OVERRIDE_GLIBC sets __glibc to missing" in done.stderr
    assert not [v for v in lock(machine).virtual_packages if v.startswith("__glibc")]


def test_a_lock_that_is_renewed_for_another_machine(machine: Machine, channel: str) -> None:
    machine.run("lock", "nn", "-c", channel, *CUDA)
    done = machine.run("lock")
    assert "the previous lock was solved for __cuda=12.4; to keep that: " in done.stderr
    assert "--virtual-package __cuda=12.4" in done.stderr
    assert "previous lock" not in machine.run("lock").stderr


def test_a_file_describes_the_whole_machine(machine: Machine, channel: str) -> None:
    (machine.root / "gpu.yml").write_text(GPU)
    answer = machine.json("lock", "nn", "-c", channel, "--machine", "gpu.yml")
    assert version(answer) == "2.0"
    assert answer["locks"][0]["platform"] == "linux-64"
    assert answer["locks"][0]["virtual_packages"] == [
        "__unix=0=0", "__glibc=2.17=0", "__cuda=12.4=0", "__archspec=1=x86_64_v3",
    ]  # fmt: skip
    both = machine.json(
        "lock", "nn", "-c", channel, "-o", "both.lock", "--machine", "/dev/stdin",
        "--platform", "linux-64", "--platform", "win-64", stdin=GPU,
    )  # fmt: skip
    found = {one["platform"]: one["packages"][0]["version"] for one in both["locks"]}
    assert found == {"linux-64": "2.0", "win-64": "1.0"}
    args = ("lock", "nn", "-c", channel, "-o", "x.lock", "--machine", "gpu.yml")
    assert version(machine.json(*args, "--virtual-package", "__cuda=")) == "1.0"
    other = ("--machine", "gpu.yml", "-o", "y.lock", "--platform", "win-64")
    refused = machine.json("lock", "nn", *other, code=2)
    assert refused["what"] == "it describes no machine for win-64"


def test_the_doctor_describes_this_machine(machine: Machine, channel: str) -> None:
    text = machine.run("doctor", "--write-machine", "-").stdout
    machine.run("doctor", "--write-machine", "here.yml")
    assert (machine.root / "here.yml").read_text() == text
    packages = yaml.safe_load(text)["subdirs"][current_platform()]["packages"]
    assert all(isinstance(value, str) for value in packages.values())
    machine.run("lock", "nn", "-c", channel)
    machine.run("lock", "nn", "-c", channel, "--machine", "here.yml", "-o", "there.lock")
    assert lock(machine, "there.lock") == lock(machine)
    refused = machine.run("doctor", "--write-machine", "here.yml", code=2)
    assert "the file exists" in refused.stderr


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        ("packages: {}\n", ":1:1", "this is not a machine file"),
        (GPU.replace("__cuda:", "cuda:"), ":6:13", "'cuda=12.4' is not a virtual package"),
    ],
)
def test_a_file_that_is_not_valid(machine: Machine, text: str, place: str, reason: str) -> None:
    (machine.root / "gpu.yml").write_text(text)
    answer = machine.json("lock", "nn", "--machine", "gpu.yml", code=2)
    assert reason in answer["what"]
    assert answer["where"] == f"gpu.yml{place}"
    answer = machine.json("lock", "nn", "--virtual-package", "cuda=12", code=2)
    assert answer["what"] == "'cuda=12' is not a virtual package"
