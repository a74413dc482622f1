"""Packages that a careful installer refuses, or survives without writing outside the prefix."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from sealenv.tour.archive import (
    Member,
    Package,
    Payload,
    conda_container,
    info_members,
    package_bytes,
    payload_members,
    tar_bytes,
    write_repodata,
)

ESCAPE = "sealenv-hostile-escape"
"""The name of every file that would land outside: a test searches for it."""

HOSTILE: Mapping[str, str] = {
    "hostile-dotdot": "a member and its path lead out with ..",
    "hostile-dotdot-paths": "only paths.json leads out with ..",
    "hostile-dotdot-folder": "paths.json makes a folder outside",
    "hostile-link-pair-a": "a link to a folder outside; hostile-link-pair-b writes through it",
    "hostile-link-pair-b": "a file whose path goes through the link of hostile-link-pair-a",
    "hostile-absolute": "a member and its path are absolute",
    "hostile-link-absolute": "a link to an absolute path",
    "hostile-link-outside": "a relative link that leads out of the prefix",
    "hostile-link-through": "a link to a folder outside, and a file through it",
    "hostile-link-empty": "a link with an empty target",
    "hostile-clobber-a": "has the same path as hostile-clobber-b",
    "hostile-clobber-b": "has the same path as hostile-clobber-a",
    "hostile-wrong-sha256": "repodata promises another sha256",
    "hostile-wrong-md5": "repodata promises another md5, the sha256 is right",
    "hostile-wrong-size": "repodata promises another size",
    "hostile-no-sha256": "repodata has no sha256, but an md5",
    "hostile-no-digest": "repodata has no digest at all",
    "hostile-wrong-paths-sha256": "paths.json promises another sha256 of a file",
    "hostile-truncated": "the archive is cut short, and repodata agrees with the rest",
    "hostile-plain-tar": "a .tar.bz2 that is a plain tar",
    "hostile-empty": "a .conda of no bytes",
    "hostile-case": "two paths that differ in case only",
    "hostile-entry-separator": "an entry point whose name leads out",
    "hostile-entry-shell": "an entry point with shell metacharacters in its name",
    "hostile-entry-code": "an entry point with code in its function",
    "hostile-conda-meta": "ships a record of a package that does not exist",
    "hostile-history": "ships conda-meta/history",
    "hostile-seal": "ships conda-meta/sealenv",
    "hostile-activate": "ships activate.sh in the root of the prefix",
    "hostile-placeholder-text": "a text placeholder shorter than any prefix",
    "hostile-placeholder-binary": "a binary placeholder shorter than any prefix",
    "hostile-renamed": "the archive holds a package of another name",
}
_NOTE = b"hostile\n"


def build_hostile(channel: Path) -> None:
    """Write all of them into a channel's noarch folder, with repodata."""
    noarch = channel / "noarch"
    noarch.mkdir(parents=True, exist_ok=True)
    overrides: dict[str, dict[str, object]] = {}
    for package in _plain():
        data = package_bytes(package)
        _write(noarch, package, data)
    for name, fields in _WRONG_RECORDS.items():
        package = _generic(name, _file(name))
        _write(noarch, package, package_bytes(package))
        overrides[f"{package.stem}.conda"] = fields
    for name, member in _MEMBERS.items():
        package = _generic(name, _file(name))
        _write(noarch, package, _with_payload(package, member))
    _write(
        noarch, _generic("hostile-dotdot-paths"), _lying_paths("hostile-dotdot-paths", path=True)
    )
    name = "hostile-wrong-paths-sha256"
    _write(noarch, _generic(name), _lying_paths(name, path=False))
    name = "hostile-dotdot-folder"
    _write(noarch, _generic(name), _folder_outside(name))
    overrides.update(_broken_archives(noarch))
    write_repodata(noarch, overrides)


def _file(name: str) -> Payload:
    return Payload(f"share/{name}/note.txt", data=_NOTE)


def _generic(name: str, *payload: Payload) -> Package:
    return Package(name, "1.0", payload or (_file(name),), noarch="generic", summary=HOSTILE[name])


def _python(name: str, entry_point: str) -> Package:
    module = Payload("site-packages/hostile_entry.py", data=b"def main():\n    return 0\n")
    return replace(
        _generic(name, module), noarch="python", depends=("python",), entry_points=(entry_point,)
    )


def _plain() -> list[Package]:
    def one(name: str, path: str, data: bytes = _NOTE) -> Package:
        return _generic(name, Payload(path, data=data))

    record = {"name": "ghost", "version": "1.0", "build": "0", "build_number": 0, "files": []}
    return [
        one("hostile-clobber-a", "share/hostile-clobber/note.txt", b"a\n"),
        one("hostile-clobber-b", "share/hostile-clobber/note.txt", b"b\n"),
        _generic(
            "hostile-case",
            Payload("share/hostile-case/note.txt", data=b"lower\n"),
            Payload("share/hostile-case/NOTE.txt", data=b"upper\n"),
        ),
        _python("hostile-entry-separator", f"../../{ESCAPE} = hostile_entry:main"),
        _python("hostile-entry-shell", f"a;touch {ESCAPE};$(id) = hostile_entry:main"),
        _python("hostile-entry-code", "hostile-code = hostile_entry:main();import os;os.getcwd"),
        _generic("hostile-link-pair-a", Payload("share/pair", symlink_target="../..")),
        one("hostile-link-pair-b", f"share/pair/{ESCAPE}"),
        one("hostile-conda-meta", "conda-meta/ghost-1.0-0.json", json.dumps(record).encode()),
        one("hostile-history", "conda-meta/history", b"==> forged <==\n"),
        one("hostile-seal", "conda-meta/sealenv", b"{}\n"),
        one("hostile-activate", "activate.sh", b"echo forged\n"),
        _generic(
            "hostile-placeholder-text",
            Payload(
                "share/hostile-placeholder/a.txt",
                b"at /p/x\n",
                prefix_placeholder="/p",
                file_mode="text",
            ),
        ),
        _generic(
            "hostile-placeholder-binary",
            Payload(
                "share/hostile-placeholder/b",
                b"\0/p/x\0\0",
                prefix_placeholder="/p",
                file_mode="binary",
            ),
        ),
    ]


_WRONG_RECORDS: dict[str, dict[str, object]] = {
    "hostile-wrong-sha256": {"sha256": "0" * 64},
    "hostile-wrong-md5": {"md5": "0" * 32},
    "hostile-wrong-size": {"size": 123456},
    "hostile-no-sha256": {"sha256": None},
    "hostile-no-digest": {"sha256": None, "md5": None},
}
_MEMBERS: dict[str, tuple[Member, ...]] = {
    "hostile-dotdot": (Member(f"../../{ESCAPE}", _NOTE),),
    "hostile-absolute": (Member(f"/tmp/{ESCAPE}", _NOTE),),
    "hostile-link-absolute": (Member("share/passwd", linkname="/etc/passwd"),),
    "hostile-link-outside": (Member("share/out", linkname=f"../../../{ESCAPE}"),),
    "hostile-link-through": (
        Member("share/through", linkname="../../.."),
        Member(f"share/through/{ESCAPE}", _NOTE),
    ),
    "hostile-link-empty": (Member("share/empty", linkname=""),),
}


def _with_payload(package: Package, members: tuple[Member, ...]) -> bytes:
    """Put the members into the archive, and the same paths into its paths.json."""
    payload = tuple(
        Payload(m.name, data=m.data, symlink_target=m.linkname if m.linkname is not None else None)
        for m in members
    )
    hostile = replace(package, payload=(*package.payload, *payload))
    tar = tar_bytes([*payload_members(package), *members], in_order=True)
    return conda_container(hostile.stem, tar_bytes(info_members(hostile)), tar)


def _lying_paths(name: str, *, path: bool) -> bytes:
    package = _generic(name)
    lie = Payload(f"../../{ESCAPE}", data=_NOTE) if path else replace(_file(name), data=b"other\n")
    info = info_members(replace(package, payload=(lie,)))
    return conda_container(package.stem, tar_bytes(info), tar_bytes(payload_members(package)))


def _folder_outside(name: str) -> bytes:
    package = _generic(name)
    entries = [_file(name).paths_entry(), {"_path": f"../../{ESCAPE}", "path_type": "directory"}]
    paths = json.dumps({"paths": entries, "paths_version": 1}).encode()
    info = [
        replace(member, data=paths) if member.name == "info/paths.json" else member
        for member in info_members(package)
    ]
    return conda_container(package.stem, tar_bytes(info), tar_bytes(payload_members(package)))


def _broken_archives(noarch: Path) -> dict[str, dict[str, object]]:
    overrides: dict[str, dict[str, object]] = {}
    cases = {"hostile-truncated": "conda", "hostile-plain-tar": "tar.bz2", "hostile-empty": "conda"}
    for name, fmt in cases.items():
        package = _generic(name)
        whole = package_bytes(package)
        plain = tar_bytes([*info_members(package), *payload_members(package)])
        data = {"hostile-truncated": whole[: len(whole) * 2 // 3], "hostile-plain-tar": plain}
        overrides[f"{package.stem}.{fmt}"] = _honest(package, data.get(name, b""))
        (noarch / f"{package.stem}.{fmt}").write_bytes(data.get(name, b""))
    renamed = _generic("hostile-renamed")
    data_of_other = package_bytes(replace(renamed, name="requests"))
    overrides[f"{renamed.stem}.conda"] = _honest(renamed, data_of_other)
    (noarch / f"{renamed.stem}.conda").write_bytes(data_of_other)
    return overrides


def _honest(package: Package, data: bytes) -> dict[str, object]:
    """A complete record whose digests are those of the bytes."""
    return {
        **package.index(),
        "md5": hashlib.md5(data, usedforsecurity=False).hexdigest(),
        "sha256": hashlib.sha256(data).hexdigest(),
        "size": len(data),
    }


def _write(noarch: Path, package: Package, data: bytes) -> None:
    (noarch / f"{package.stem}.conda").write_bytes(data)
