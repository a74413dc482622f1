"""The archive writer: what it writes is exact, reproducible, and read by py-rattler."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import zipfile
from pathlib import Path

import pytest

from sealenv.errors import UsageError
from sealenv.system.zstd import decompress
from sealenv.tour.archive import (
    PLACEHOLDER,
    ArchiveFormat,
    Package,
    Payload,
    package_bytes,
    write_package,
)
from sealenv.tour.repodata import record_of, write_repodata
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


def _unpack(data: bytes, part: str) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as container:
        assert all(e.compress_type == zipfile.ZIP_STORED for e in container.infolist())
        packed = container.read(next(n for n in container.namelist() if n.startswith(part)))
    tar = decompress(packed, 1 << 26)
    with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
        members = archive.getmembers()
        assert [m.name for m in members] == sorted(m.name for m in members)
        assert {(m.uid, m.gid, m.uname) for m in members} == {(0, 0, "")}
        found = {}
        for member in members:
            handle = archive.extractfile(member) if member.isfile() else None
            found[member.name] = handle.read() if handle else b""
    return found


def test_placeholder_is_as_long_as_conda_builds() -> None:
    assert len(PLACEHOLDER) == 255
    assert PLACEHOLDER.startswith("/")


@pytest.mark.parametrize("fmt", ["conda", "tar.bz2"])
def test_same_package_same_bytes(fmt: ArchiveFormat) -> None:
    reordered = Package(**{**SAMPLE.__dict__, "payload": SAMPLE.payload[::-1]})
    assert package_bytes(SAMPLE, fmt) == package_bytes(reordered, fmt)


def test_conda_archive_holds_what_the_specification_demands() -> None:
    data = package_bytes(SAMPLE)
    info, payload = _unpack(data, "info-"), _unpack(data, "pkg-")
    paths = {row["_path"]: row for row in json.loads(info["info/paths.json"])["paths"]}
    assert set(paths) == set(payload)
    for name in ("site-packages/sample.py", "bin/tool"):
        assert paths[name]["sha256"] == hashlib.sha256(payload[name]).hexdigest()
        assert paths[name]["size_in_bytes"] == len(payload[name])
    assert paths["bin/link"]["path_type"] == "softlink"
    assert paths["bin/tool"]["file_mode"] == "text"
    assert json.loads(info["info/link.json"])["noarch"]["entry_points"] == ["sample = sample:main"]
    assert json.loads(info["info/index.json"])["noarch"] == "python"


@pytest.mark.parametrize("path", ["../out", "/abs", "a/../../b", "a//b", "./a", "."])
def test_a_path_that_leaves_the_prefix_is_refused(path: str, tmp_path: Path) -> None:
    bad = Package("bad", "1", (Payload(path, data=b""),))
    with pytest.raises(UsageError):
        write_package(bad, tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_same_path_twice_and_a_bad_entry_point_are_refused(tmp_path: Path) -> None:
    twice = Package("bad", "1", (Payload("a", data=b""), Payload("a", data=b"x")))
    with pytest.raises(UsageError, match="twice"):
        write_package(twice, tmp_path)
    with pytest.raises(UsageError, match="entry point"):
        write_package(Package("bad", "1", entry_points=("a; b = c:d",)), tmp_path)


@pytest.mark.parametrize("fmt", ["conda", "tar.bz2"])
def test_repodata_tells_the_digests_of_the_file(fmt: ArchiveFormat, tmp_path: Path) -> None:
    archive = write_package(SAMPLE, tmp_path / "noarch", fmt)
    record = record_of(archive)
    assert record["sha256"] == hashlib.sha256(archive.read_bytes()).hexdigest()
    assert record["size"] == archive.stat().st_size
    plain = json.loads(write_repodata(tmp_path / "noarch").read_text())
    packed = (tmp_path / "noarch" / "repodata.json.zst").read_bytes()
    assert json.loads(decompress(packed, 1 << 26)) == plain
    group = "packages.conda" if fmt == "conda" else "packages"
    assert plain[group][archive.name] == record


def test_overrides_replace_take_out_and_leave_out(tmp_path: Path) -> None:
    name = write_package(SAMPLE, tmp_path).name
    changed = write_repodata(tmp_path, {name: {"size": 1, "md5": None}}).read_text()
    record = json.loads(changed)["packages.conda"][name]
    assert record["size"] == 1
    assert "md5" not in record
    left = write_repodata(tmp_path, {name: None}).read_text()
    assert json.loads(left)["packages.conda"] == {}


@pytest.mark.parametrize("fmt", ["conda", "tar.bz2"])
def test_py_rattler_links_it(fmt: ArchiveFormat, tmp_path: Path) -> None:
    plain = Package("plain", "1.0", SAMPLE.payload[1:], noarch="generic")
    archive = write_package(plain, tmp_path / "noarch", fmt)
    done = link(tmp_path / "a prefix", [archive], tmp_path / "cache")
    assert done.returncode == 0, done.stderr
    tool = (tmp_path / "a prefix" / "bin" / "tool").read_text()
    assert PLACEHOLDER not in tool
    assert str(tmp_path / "a prefix") in tool
