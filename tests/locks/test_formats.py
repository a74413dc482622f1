"""@EXPLICIT, conda-lock.yml and environment.yml: round trips, and what is wrong has a place."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings

from sealenv.errors import DigestError, SpecError
from sealenv.locks import Lock, LockFile
from sealenv.locks.condalock import read_condalock, write_condalock
from sealenv.locks.explicit import ExplicitList, read_explicit, write_explicit
from sealenv.locks.pixi_write import write_pixi
from sealenv.locks.read import read_file, read_lock
from sealenv.spec.environment_yml import (
    EnvironmentFile,
)
from tests.locks.locks import lock, lock_files, package

HERE = Path("/srv/x.yml")
SHA = "ab" * 32
MD5 = "cd" * 16
LIST = f"""\
# This file may be used to create an environment
# platform: linux-64
@EXPLICIT

https://conda.anaconda.org/conda-forge/linux-64/bzip2-1.0.8-h93a5062_5.conda#{MD5}
https://conda.anaconda.org/conda-forge/noarch/tzdata-2024a-h0c530f3_0.conda#sha256:{SHA}
https://conda.anaconda.org/conda-forge/noarch/pip-24.0-pyhd8ed1ab_0.tar.bz2
"""


@given(lock_files())
@settings(max_examples=30)
def test_a_list_keeps_addresses_digests_and_order(file: LockFile) -> None:
    for one in file.locks:
        read = read_explicit(write_explicit(one), "x")
        assert read.platform == one.platform
        assert [(p.url, p.sha256) for p in read.packages] == [
            (p.url, p.sha256) for p in one.packages
        ]


@given(lock_files())
@settings(max_examples=30)
def test_conda_lock_keeps_what_it_has_a_place_for(file: LockFile) -> None:
    again = read_condalock(write_condalock(file), HERE)
    assert write_condalock(again) == write_condalock(file)
    for ours, theirs in zip(file.locks, again.locks, strict=True):
        assert theirs.digest() == ours.digest()
        assert (theirs.platform, theirs.channels) == (ours.platform, file.channels)
        for p in ours.packages:
            q = theirs.find(p.name)
            assert q is not None
            assert (q.url, q.fn, q.sha256, q.dist) == (p.url, p.fn, p.sha256, p.dist)
            assert q.record.get("md5") == p.record.get("md5")
            assert {d.split()[0] for d in q.record["depends"]} == {
                d.split()[0] for d in p.record["depends"]
            }


def test_conda_locks_own_model_takes_ours(tmp_path: Path) -> None:
    a = package("a", depends=["b >=1", "b <2", "__unix"], md5=MD5)
    b = package("b", md5=MD5)
    w = package("w", md5=MD5, subdir="win-64")
    file = LockFile(locks=(lock(a, b, specs=("a",)), lock(b, w, platform="win-64")))
    path = tmp_path / "conda-lock.yml"
    path.write_text(write_condalock(file))
    program = (
        "import sys\nfrom pathlib import Path\nfrom conda_lock.lockfile import parse_conda_lock_file\n"
        "lock = parse_conda_lock_file(Path(sys.argv[1]))\n"
        "assert lock.metadata.sources == ['environment.yml']\n"
        "for p in lock.package:\n"
        "    print(p.name, p.platform, p.dependencies.get('b'), p.hash.sha256, sep='|')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    said = [line.split("|") for line in done.stdout.splitlines()]
    assert sorted((s[0], s[1]) for s in said) == [
        ("a", "linux-64"), ("b", "linux-64"), ("b", "win-64"), ("w", "win-64"),
    ]  # fmt: skip
    assert next(s for s in said if s[0] == "a")[2] == ">=1,<2"


def test_a_list_of_conda_is_read() -> None:
    read = read_explicit(LIST, "list.txt")
    assert read.platform == "linux-64"
    assert list(read.lines.values()) == [5, 6, 7]
    assert (read.packages[0].record["md5"], read.packages[1].sha256) == (MD5, SHA)
    assert read.packages[0].channel == "https://conda.anaconda.org/conda-forge/"


def test_a_list_without_sha256_is_refused_with_advice() -> None:
    with pytest.raises(DigestError, match="2 of 3 packages have no sha256") as caught:
        read_explicit(LIST, "list.txt").lock_file("linux-64")
    assert caught.value.where == "list.txt:5:1"
    assert caught.value.hint
    assert "sealenv lock -f list.txt" in caught.value.hint


def test_credentials_of_a_list_are_kept_apart() -> None:
    read = read_explicit(f"@EXPLICIT\nhttps://me:pw@x.org/c/noarch/a-1-0.conda#{SHA}\n", "x")
    assert read.packages[0].url == "https://x.org/c/noarch/a-1-0.conda"
    assert read.secrets == {"https://x.org/c": "https://me:pw@x.org/c"}


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("numpy >=2", "not a file name of a package"),
        ("https://x.org/c/noarch/a-1-0.conda#xyz", "not a digest"),
        ("ftp://x.org/c/noarch/a-1-0.conda", "is not a URL of a file"),
        ("https://x.org/c/noarch/a-1-0.conda&calc", "not a file name of a package"),
        (
            "https://x.org/c/linux-64/a-1-0.conda\nhttps://x.org/c/win-64/c-1-0.conda",
            "is for win-64",
        ),
        ("# pip a @ https://x.org/a-1-py3-none-any.whl", "cannot contain pip packages"),
        ("https://x.org/c/noarch/b-1-0.conda", "twice, in lines 2 and 3"),
    ],
)
def test_a_line_that_is_wrong_has_its_number(line: str, why: str) -> None:
    with pytest.raises(SpecError) as caught:
        read_explicit(f"@EXPLICIT\nhttps://x.org/c/noarch/b-1-0.conda\n{line}\n", "x")
    assert caught.value.where in {"x:3:1", "x:4:1"}
    assert why in caught.value.what


def test_only_a_line_feed_ends_a_line(tmp_path: Path) -> None:
    """What another tool takes for one comment is one here."""
    path = tmp_path / "my.lock"
    head = "# sealenv lock 1\n# x\u2028# name: evil\n"
    path.write_text(head + write_pixi(LockFile(locks=(lock(),))), encoding="utf-8")
    assert read_lock(path, "linux-64").name is None


CONDA_LOCK = f"""\
version: 1
metadata:
  content_hash:
    linux-64: {SHA}
  channels:
  - url: conda-forge
    used_env_vars: []
  platforms:
  - linux-64
  sources:
  - environment.yml
package:
- name: ca-certificates
  version: 2025.10.5
  manager: conda
  platform: linux-64
  dependencies:
    __unix: ''
  url: https://conda.anaconda.org/conda-forge/noarch/ca-certificates-2025.10.5-hbd8a1cb_0.conda
  hash:
    md5: {MD5}
    sha256: {SHA}
  category: main
  optional: false
- name: black
  version: '25.1'
  manager: conda
  platform: linux-64
  dependencies: {{}}
  url: https://conda.anaconda.org/conda-forge/noarch/black-25.1-0.conda
  hash:
    md5: {MD5}
  category: dev
  optional: true
"""


def test_a_conda_lock_is_read() -> None:
    one = read_condalock(CONDA_LOCK, HERE).lock_for("linux-64")
    assert [p.dist for p in one.packages] == ["ca-certificates-2025.10.5-hbd8a1cb_0"]
    assert one.packages[0].record["depends"] == ["__unix"]
    assert one.channels == ("conda-forge",)


@pytest.mark.parametrize(
    ("old", "new", "at", "why"),
    [
        ("version: 1", "version: 2", "1:10", "only version 1"),
        ("  - linux-64\n", "  - osx-64\n", "16:13", "not among the platforms"),
        ("manager: conda", "manager: npm", "15:12", "Invalid enum value 'npm'"),
        (f"    sha256: {SHA}\n  category", "  category", "13:3", "no sha256"),
        ("  url: https", "  uri: https", "13:3", "missing required field `url`"),
    ],
)
def test_a_conda_lock_that_is_wrong_has_a_place(old: str, new: str, at: str, why: str) -> None:
    with pytest.raises((SpecError, DigestError)) as caught:
        read_condalock(CONDA_LOCK.replace(old, new, 1), HERE)
    assert caught.value.where == f"{HERE}:{at}"
    assert why in caught.value.what


def test_the_content_tells_the_format(tmp_path: Path) -> None:
    one = lock(package("a"))
    texts = {
        "a.txt": (write_explicit(one), ExplicitList),
        "b": (write_condalock(LockFile(locks=(one,))), LockFile),
        "c.yml": (write_pixi(LockFile(locks=(one,))), LockFile),
        "d": ("dependencies:\n- python\n", EnvironmentFile),
        "e.txt": ("# some specs\npython=3.12\nnumpy >=2\n", EnvironmentFile),
    }
    for name, (text, kind) in texts.items():
        path = tmp_path / name
        path.write_text(text)
        assert isinstance(read_file(path), kind), name
    assert isinstance(read_lock(tmp_path / "a.txt", "linux-64").locks[0], Lock)
    with pytest.raises(SpecError, match="locks nothing"):
        read_lock(tmp_path / "d", "linux-64")


@pytest.mark.parametrize("data", [b"\xff\xfe", b"version: 1\npackages: []\n", b"", b"{"])
def test_what_is_no_format_is_refused_with_words(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x"
    path.write_bytes(data)
    with pytest.raises(SpecError) as caught:
        read_file(path)
    assert str(path) in str(caught.value.where)
