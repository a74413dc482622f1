"""One package of a rattler-lock: what its entry leaves out follows from its location.

By rattler's own rules: `parse/models/v7` and `utils/derived_fields` of rattler_lock 0.32.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from sealenv.errors import DigestError
from sealenv.locks.checks import (
    NO_WHEEL,
    check_package,
    check_sha256,
    check_url,
    check_wheel,
    check_wheel_file,
    clean_url,
    file_name,
    folder_name,
    split_dist,
)
from sealenv.locks.model import LockedPackage, LockedWheel
from sealenv.locks.pixi_write import DIRECT, build_number_of, noarch_of
from sealenv.spec.yaml_nodes import Node

__all__ = ["is_place", "read_package", "read_wheel"]

_TEXTS = ("md5", "legacy_bz2_md5", "features", "license", "license_family",
          "python_site_packages_path")  # fmt: skip
_LISTS = ("depends", "constrains", "flags", "purls")
_NUMBERS = ("legacy_bz2_size", "timestamp")
_SYSTEMS = {"emscripten", "freebsd", "linux", "osx", "wasi", "win", "zos"}
_ARCHITECTURES = {"32": "x86", "64": "x86_64"}


def read_package(node: Node, base: Path) -> LockedPackage:
    """The conda package of an entry.

    Args:
        node: the entry.
        base: the folder where relative paths start.

    Raises:
        SpecError: something in it is not what it should be.
        DigestError: it has no sha256.
    """
    url = clean_url(node.key("conda").text("'conda'"), base)
    if fault := check_url(url):
        raise node.key("conda").wrong(fault)
    fn = _text(node, "file_name", file_name(url))
    record: dict[str, Any] = {"depends": []}
    said = split_dist(fn) or ("", "", "")
    for key, told in zip(("name", "version", "build"), said, strict=True):
        record[key] = _text(node, key, told)
    folder = url.rpartition("/")[0]
    subdir = record["subdir"] = _text(node, "subdir", folder_name(url))
    number = node.get("build_number")
    record["build_number"] = (
        number.number("'build_number'") if number else build_number_of(record["build"])
    )
    noarch = _noarch(node, subdir, record["build"])
    if noarch is not None:
        record["noarch"] = noarch
    system, _, machine = subdir.partition("-")
    if system in _SYSTEMS and machine:
        record |= {"platform": system, "arch": _ARCHITECTURES.get(machine, machine)}
    _read_facts(node, record)
    record["sha256"] = _sha256(node, fn)
    size = node.get("size")
    if size is not None:
        record["size"] = size.number("'size'")
    package = LockedPackage(
        url=url,
        channel=_channel(node, folder, base),
        fn=fn,
        sha256=record["sha256"],
        size=record.get("size"),
        record=record,
    )
    if fault := check_package(package):
        raise node.wrong(fault)
    return package


def read_wheel(node: Node, base: Path) -> LockedWheel:
    """The wheel of an entry; the same errors as `read_package`."""
    place = node.key("pypi")
    said = place.text("'pypi'")
    address = said.removeprefix(DIRECT)
    if why := _no_wheel(address, node):
        raise place.wrong(f"{address[:200]!r} {why}", NO_WHEEL)
    url = clean_url(address, base)
    if fault := check_url(url):
        raise place.wrong(fault)
    sha256 = _sha256(node, url[-200:])
    if fault := check_sha256(sha256):
        raise node.key("sha256").wrong(fault)
    requires = node.get("requires_dist")
    wheel = LockedWheel(
        name=canonicalize_name(node.key("name").text("'name'")),
        version=node.key("version").text("'version'"),
        url=url,
        sha256=sha256,
        requires_dist=tuple(requires.texts("'requires_dist'")) if requires else (),
        requires_python=_text(node, "requires_python", "") or None,
        index=clean_url(index, base) if (index := _text(node, "index", "")) else None,
        direct=said.startswith(DIRECT),
    )
    if fault := check_wheel_file(wheel):
        raise place.wrong(fault)
    return wheel


def _no_wheel(address: str, node: Node) -> str | None:
    """Why an entry is of no wheel; None where it may be of one."""
    editable = node.get("editable")
    if editable is not None and editable.text("'editable'") != "false":
        return "is an editable install, which is not a package: it cannot be locked with a digest"
    return check_wheel(address)


def is_place(text: str) -> bool:
    """Whether a channel is an address or a path, and no name such as conda-forge."""
    return "://" in text or text.startswith((".", "/", "\\")) or text[1:2] == ":"


def _text(node: Node, key: str, default: str) -> str:
    found = node.get(key)
    return found.text(f"{key!r}") if found is not None else default


def _read_facts(node: Node, record: dict[str, Any]) -> None:
    for key in _TEXTS:
        if (found := node.get(key)) is not None:
            record[key] = found.text(f"{key!r}")
    for key in _LISTS:
        if (found := node.get(key)) is not None:
            record[key] = found.texts(f"{key!r}")
    if (found := node.get("track_features")) is not None:  # a list here, one text in repodata
        record["track_features"] = " ".join(found.texts("'track_features'"))
    for key in _NUMBERS:
        if (found := node.get(key)) is not None:
            record[key] = found.number(f"{key!r}")
    for key in ("extra_depends", "run_exports"):
        if (found := node.get(key)) is not None:
            parts = found.mapping(f"{key!r}")
            record[key] = {name: part.texts(f"{key!r} {name!r}") for name, part in parts.items()}


def _noarch(node: Node, subdir: str, build: str) -> Any:
    found = node.get("noarch")
    if found is None:
        return noarch_of(subdir, build)
    text = found.text("'noarch'")
    if text not in {"python", "generic", "true", "false"}:
        raise found.wrong("'noarch' must be python, generic or false")
    return {"false": None, "true": True}.get(text, text)


def _channel(node: Node, folder: str, base: Path) -> str:
    text = _text(node, "channel", "")
    if not text:
        return folder.rpartition("/")[0] + "/"
    return (clean_url(text, base) if is_place(text) else text).rstrip("/") + "/"


def _sha256(node: Node, what: str) -> str:
    found = node.get("sha256")
    if found is not None:
        return found.text("'sha256'")
    raise DigestError(
        f"{what} has no sha256, so it cannot be verified",
        where=node.where,
        hint="lock it anew: sealenv lock; it takes the digest from the channel",
    )
