"""Small bundles for tests, and ways to make hostile ones."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from sealenv.locks import Lock, LockedPackage, LockedWheel, LockFile
from sealenv.store.bundle import LOCK, MANIFEST, Source, member_name, write_bundle

ARCHIVES = (b"one archive", b"", b"x" * 1025)
WHEEL_BYTES = b"a wheel"


def package(name: str, data: bytes, end: str = ".conda") -> LockedPackage:
    fn = f"{name}-1.0-0{end}"
    sha256 = hashlib.sha256(data).hexdigest()
    record = {"name": name, "version": "1.0", "build": "0", "build_number": 0, "subdir": "noarch"}
    return LockedPackage(
        url=f"https://conda.example.org/main/noarch/{fn}",
        channel="https://conda.example.org/main",
        fn=fn,
        sha256=sha256,
        size=len(data),
        record=record,
    )


PACKAGES = (
    package("a", ARCHIVES[0]),
    package("b", ARCHIVES[1], ".tar.bz2"),
    package("c", ARCHIVES[2]),
)
WHEEL = LockedWheel(
    name="w",
    version="1",
    url="https://pypi.example.org/w-1-py3-none-any.whl",
    sha256=hashlib.sha256(WHEEL_BYTES).hexdigest(),
)


def locks(packages: Sequence[LockedPackage] = PACKAGES, **more: Any) -> LockFile:
    """One lock for one platform."""
    lock = Lock(
        platform="linux-64",
        channels=("https://conda.example.org/main",),
        packages=tuple(packages),
        wheels=more.pop("wheels", (WHEEL,)),
    )
    return LockFile(locks=(lock, *more.pop("others", ())), name="my_env")


def contents(file: LockFile | None = None) -> dict[str, bytes]:
    """Member -> bytes."""
    bytes_of = dict(zip((member_name(p) for p in PACKAGES), ARCHIVES, strict=True))
    return {
        **bytes_of,
        member_name(WHEEL): WHEEL_BYTES,
        "install.sh": b"#!/bin/sh\n",
        LOCK: msgspec.json.encode(file or locks()),
    }


def small(path: Path) -> Path:
    """A bundle as `sealenv bundle` writes it."""
    sources = [Source(name, data=data) for name, data in contents().items()]
    write_bundle(path, sources, lambda done, total: None)
    return path


def raw(
    path: Path,
    given: Sequence[tuple[str, bytes]] | None = None,
    manifest: dict[str, Any] | bytes | None = None,
    **changed: Any,
) -> Path:
    """A tar of any members in any order, and any manifest; without one, the one that fits."""
    there = sorted(contents().items()) if given is None else given
    if manifest is None:
        manifest = {
            "schema": 1,
            "members": [
                {"name": n, "size": len(d), "sha256": hashlib.sha256(d).hexdigest()}
                for n, d in there
            ],
        } | changed  # fmt: skip
    data = manifest
    if not isinstance(data, bytes):
        data = json.dumps(manifest, indent=1).encode() + b"\n"
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in [(MANIFEST, data), *there]:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path
