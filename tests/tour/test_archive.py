"""The archives of the demo channel: reproducible, and linked by py-rattler."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from sealenv.tour.archive import (
    PLACEHOLDER,
    ArchiveFormat,
    Package,
    Payload,
    package_bytes,
    record_of,
    write_package,
    write_repodata,
    zstd,
)
from tests.channel.link import link

SAMPLE = Package(
    name="sample",
    version="1.0",
    noarch="python",
    depends=("python >=3.8",),
    entry_points=("sample = sample:main",),
    payload=(
        Payload("site-packages/sample.py", data=b"def main():\n    return 0\n"),
        Payload(
            "bin/tool",
            data=f"#!/bin/sh\necho '{PLACEHOLDER}'\n".encode(),
            executable=True,
            prefix_placeholder=PLACEHOLDER,
            file_mode="text",
        ),
        Payload("bin/link", symlink_target="tool"),
    ),
)


@pytest.mark.parametrize("fmt", ["conda", "tar.bz2"])
def test_same_package_same_bytes(fmt: ArchiveFormat) -> None:
    reordered = Package(**{**SAMPLE.__dict__, "payload": SAMPLE.payload[::-1]})
    assert package_bytes(SAMPLE, fmt) == package_bytes(reordered, fmt)


@pytest.mark.parametrize("fmt", ["conda", "tar.bz2"])
def test_repodata_has_the_digests_of_the_file(fmt: ArchiveFormat, tmp_path: Path) -> None:
    archive = write_package(SAMPLE, tmp_path / "noarch", fmt)
    record = record_of(archive)
    assert record["sha256"] == hashlib.sha256(archive.read_bytes()).hexdigest()
    assert record["size"] == archive.stat().st_size
    plain = json.loads(write_repodata(tmp_path / "noarch").read_text())
    packed = (tmp_path / "noarch" / "repodata.json.zst").read_bytes()
    assert json.loads(zstd.decompress(packed)) == plain
    group = "packages.conda" if fmt == "conda" else "packages"
    assert plain[group][archive.name] == record


@pytest.mark.parametrize("fmt", ["conda", "tar.bz2"])
def test_py_rattler_links_it(fmt: ArchiveFormat, tmp_path: Path) -> None:
    plain = Package("plain", "1.0", SAMPLE.payload[1:], noarch="generic")
    archive = write_package(plain, tmp_path / "noarch", fmt)
    done = link(tmp_path / "a prefix", [archive], tmp_path / "cache")
    assert done.returncode == 0, done.stderr
    tool = (tmp_path / "a prefix" / "bin" / "tool").read_text()
    assert PLACEHOLDER not in tool
    assert str(tmp_path / "a prefix") in tool
