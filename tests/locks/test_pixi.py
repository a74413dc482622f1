"""rattler-lock: what we write others read, what others write we read, what is wrong has a place."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealenv.errors import DigestError, SpecError
from sealenv.locks import LockFile
from sealenv.locks.pixi_read import read_pixi
from sealenv.locks.pixi_write import write_pixi
from sealenv.locks.read import read_lock
from tests.locks.locks import lock, lock_files, package
from tests.locks.test_golden import FILE

HERE = Path("/srv/x.lock")
SHA = "ab" * 32

PIXI_7 = f"""\
version: 7
platforms:
- name: gpu
  subdir: linux-64
  virtual-packages:
  - __cuda=12
- name: linux-64
  virtual-packages:
  - __unix=0=0
  - __glibc=2.28
environments:
  default:
    channels:
    - url: https://prefix.dev/conda-forge/
    indexes:
    - https://pypi.org/simple
    options:
      strategy: lowest-version
    packages:
      gpu:
      - conda: https://prefix.dev/conda-forge/noarch/tzdata-2024b-hc8b5060_0.conda
      linux-64:
      - conda: https://prefix.dev/conda-forge/linux-64/python-3.13.0-hbbac1ca_101_cp313.conda
      - conda: https://prefix.dev/conda-forge/noarch/tzdata-2024b-hc8b5060_0.conda
      - conda: ./built/noarch/mine-1.0-pyh_3.conda
      - pypi: https://files.pythonhosted.org/packages/8c/numpy-2.2.1-cp313-cp313-linux_x86_64.whl
  test:
    channels: []
    packages: {{}}
packages:
- conda: ./built/noarch/mine-1.0-pyh_3.conda
  subdir: noarch
  channel: ./built
  sha256: {SHA}
  depends:
  - python
- conda: https://prefix.dev/conda-forge/linux-64/python-3.13.0-hbbac1ca_101_cp313.conda
  build_number: 101
  sha256: {SHA}
  md5: {"cd" * 16}
  depends:
  - tzdata
  constrains:
  - python_abi 3.13.* *_cp313
  license: Python-2.0
  purls: []
  run_exports:
    weak:
    - python
  size: 12
  timestamp: 1728047496079
- conda: https://prefix.dev/conda-forge/noarch/tzdata-2024b-hc8b5060_0.conda
  sha256: {SHA}
  license: LicenseRef-Public-Domain
- pypi: https://files.pythonhosted.org/packages/8c/numpy-2.2.1-cp313-cp313-linux_x86_64.whl
  name: numpy
  version: 2.2.1
  sha256: {SHA}
  requires_python: '>=3.10'
"""

PIXI_6 = f"""\
version: 6
environments:
  default:
    channels:
    - url: https://conda.anaconda.org/conda-forge/
    options:
      exclude-newer: '2025-04-15T12:15:00+00:00'
    packages:
      win-64:
      - conda: https://conda.anaconda.org/conda-forge/win-64/python-3.12.0-h2628c8c_0_cpython.conda
packages:
- conda: https://conda.anaconda.org/conda-forge/win-64/python-3.12.0-h2628c8c_0_cpython.conda
  sha256: {SHA}
  arch: x86_64
  platform: win
  channel: https://conda.anaconda.org/conda-forge/
  license: Python-2.0
  size: 16140836
"""


@given(lock_files())
@settings(max_examples=60)
def test_nothing_is_lost_and_the_bytes_are_the_same(file: LockFile) -> None:
    text = write_pixi(file)
    again = read_pixi(text, HERE)
    assert again == file
    assert write_pixi(again) == text


def by_py_rattler(tmp_path: Path, *texts: str) -> list[Any]:
    """What py-rattler reads in locks: platform -> records, each as JSON."""
    paths = []
    for number, text in enumerate(texts):
        paths.append(tmp_path / f"{number}.lock")
        paths[-1].write_text(text, encoding="utf-8")
    program = (
        "import json, os, sys\nfrom rattler import LockFile\nfound = []\n"
        "for path in sys.argv[1:]:\n"
        "    e = LockFile.from_path(path).default_environment()\n"
        "    found.append({'channels': [str(c) for c in e.channels()],\n"
        "        'platforms': {p.name: p.virtual_packages for p in e.platforms()},\n"
        "        'conda': {p: [json.loads(r.to_json()) for r in rs]\n"
        "                  for p, rs in e.conda_repodata_records().items()},\n"
        "        'pypi': {getattr(p, 'name', p): [[w.name, w.version, w.location,\n"
        "            w.hashes.sha256.hex()] for w in ws] for p, ws in e.pypi_packages().items()}})\n"
        "print(json.dumps(found)); sys.stdout.flush(); os._exit(0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, paths)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: list[Any] = json.loads(done.stdout)
    return found


def test_py_rattler_reads_what_we_write(tmp_path: Path) -> None:
    (read,) = by_py_rattler(tmp_path, write_pixi(FILE))
    assert read["channels"] == list(dict.fromkeys(c for k in FILE.locks for c in k.channels))
    assert read["platforms"] == {"linux-64": ["__glibc=2.28=0"], "win-64": []}
    for ours in FILE.locks:
        theirs = {r["fn"]: r for r in read["conda"][ours.platform]}
        assert set(theirs) == {p.fn for p in ours.packages}
        for p in ours.packages:
            record = theirs[p.fn]
            assert (record["url"], record["channel"]) == (p.url, p.channel)
            for key, value in p.record.items():
                if key not in {"run_exports", "timestamp"}:  # left out in its JSON; a fraction
                    assert record.get(key) == value, (p.fn, key)
            assert record.get("noarch") == p.record.get("noarch")


def test_pixi_locks_of_version_7_are_read() -> None:
    file = read_pixi(PIXI_7, Path("/project/pixi.lock"))
    assert file.platforms == ("linux-64",)
    one = file.locks[0]
    assert one.virtual_packages == ("__unix=0=0", "__glibc=2.28")
    assert [p.name for p in one.packages] == ["tzdata", "python", "mine"]
    python = one.find("python")
    assert python is not None
    assert python.build == "hbbac1ca_101_cp313"
    assert python.record["build_number"] == 101
    assert python.record["run_exports"] == {"weak": ["python"]}
    mine = one.find("mine")
    assert mine is not None
    assert mine.url == "file:///project/built/noarch/mine-1.0-pyh_3.conda"
    assert mine.channel == "file:///project/built/"
    assert mine.is_noarch_python
    assert mine.record["build_number"] == 3
    assert [w.name for w in one.wheels] == ["numpy"]


def test_pixi_locks_of_version_6_are_read() -> None:
    one = read_pixi(PIXI_6, HERE).lock_for("win-64")
    assert one.exclude_newer == "2025-04-15T12:15:00+00:00"
    assert one.packages[0].record["arch"] == "x86_64"


@pytest.mark.parametrize("text", [PIXI_6, PIXI_7])
def test_py_rattler_and_we_read_the_same(tmp_path: Path, text: str) -> None:
    ours = read_pixi(text, tmp_path / "pixi.lock")
    again = write_pixi(ours)
    alone = msgspec.structs.replace(ours, other_environments=())
    assert read_pixi(again, tmp_path / "pixi.lock") == alone
    absolute = text.replace("channel: ./", f"channel: file://{tmp_path}/").replace(
        "./", f"{tmp_path}/"
    )
    theirs, of_ours = by_py_rattler(tmp_path, absolute, again)
    platform = ours.platforms[0]
    assert of_ours["conda"][platform] == theirs["conda"][platform]
    assert of_ours["pypi"] == {k: v for k, v in theirs["pypi"].items() if k == platform}


WRONG = [
    ("version: 7", "version: 8", "version '8' of rattler-lock"),
    (f"  sha256: {SHA}\n  md5", "  md5", "no sha256"),
    (f"  sha256: {SHA}\n  md5", "  sha256: 00\n  md5", "$.sha256"),
    ("  build_number: 101", "  build: ../../x", "$.record.build"),
    ("  build_number: 101", "  file_name: ../../x.conda", "to build from source"),
    ("noarch/tzdata-2024b-hc8b5060_0.conda\n      linux-64:", "noarch/t-1-0.conda\n      linux-64:",
     "not described"),
    ("  name: numpy", "  name: scipy", "is not a wheel of scipy"),
    ("noarch/tzdata", "noarch/..%2f..%2ftzdata", ""),
    ("noarch/tzdata", "noarch/$(id)-tzdata", ""),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "why"), WRONG, ids=[w[1][:30] for w in WRONG])
def test_a_wrong_lock_is_refused(tmp_path: Path, old: str, new: str, why: str) -> None:
    assert old in PIXI_7
    path = tmp_path / "pixi.lock"
    path.write_text(PIXI_7.replace(old, new, 1))
    with pytest.raises((SpecError, DigestError)) as caught:
        read_lock(path, "linux-64")
    assert why in caught.value.what
    assert str(caught.value.where).startswith(str(path))
    assert caught.value.hint


def test_a_nest_that_would_exhaust_a_stack_is_refused() -> None:
    # The second are the words of a libyaml that looks itself.
    with pytest.raises(SpecError, match=r"too deeply|nesting depth"):
        read_pixi("version: " + "[" * 200_000, HERE)


def test_a_lock_rewritten_by_another_tool_loses_the_comments_alone() -> None:
    file = LockFile(locks=(lock(package("a", depends=["b"]), package("b"), specs=("a >=1",)),))
    bare = "\n".join(x for x in write_pixi(file).splitlines() if not x.startswith("#"))
    again = read_pixi(bare, HERE)
    assert again.locks[0].specs == ()
    assert msgspec.structs.replace(again.locks[0], specs=("a >=1",)) == file.locks[0]


@given(st.integers(0, len(PIXI_7)), st.integers(0, 30), st.text(max_size=12))
@settings(max_examples=200)
def test_no_damage_is_more_than_an_error_of_ours(at: int, length: int, new: str) -> None:
    with contextlib.suppress(SpecError, DigestError):
        read_pixi(PIXI_7[:at] + new + PIXI_7[at + length :], HERE)


def test_what_is_no_wheel_is_refused_when_it_is_read() -> None:
    wheel = "https://files.pythonhosted.org/packages/8c/numpy-2.2.1-cp313-cp313-linux_x86_64.whl"
    text = PIXI_7.replace(wheel, "https://host/six-1.17.0.tar.gz")
    line = text[: text.index("\n- pypi: https://host/six")].count("\n") + 2
    with pytest.raises(SpecError, match="not a wheel") as caught:
        read_pixi(text, HERE)
    assert caught.value.where == f"{HERE}:{line}:9"
    assert "build a wheel" in str(caught.value.hint)
