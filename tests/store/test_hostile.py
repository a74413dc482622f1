"""Hostile packages: refused with their name and path, or made and reported; never outside the prefix."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sealenv.tour.archive import (
    Package,
    Payload,
    conda_container,
    info_members,
    payload_members,
    write_repodata,
)
from tests.channel import HOSTILE, Channels
from tests.channel.hostile import ESCAPE
from tests.machine import Machine, tiny

HARMLESS = {
    "hostile-clobber-a": "clobbers",
    "hostile-clobber-b": "clobbers",
    "hostile-wrong-md5": "the sha256 is right, and is what counts",
    "hostile-case": "linux tells the names apart",
    "hostile-placeholder-text": "text may become longer",
}
# What the refusal names, where it is not a path with the name of the package in it.
NAMED = {
    "hostile-link-pair-a": "share/pair",
    "hostile-link-absolute": "share/passwd",
    "hostile-link-outside": "share/out",
    "hostile-link-through": "share/through",
    "hostile-link-empty": "share/empty",
    "hostile-entry-code": "hostile-code",
    "hostile-conda-meta": "conda-meta/ghost",
    "hostile-history": "conda-meta/history",
    "hostile-seal": "conda-meta/sealenv",
    "hostile-activate": "activate.sh",
    "hostile-renamed": "is its name, not",
}
PARTNER = {"hostile-link-pair-a": "hostile-link-pair-b", "hostile-clobber-a": "hostile-clobber-b"}


def nothing_escaped(machine: Machine) -> None:
    assert not list(machine.root.rglob(f"*{ESCAPE}*"))
    assert not Path("/tmp", ESCAPE).exists()
    assert list(machine.home.iterdir()) == []
    assert list(machine.tmp.iterdir()) == []
    unpacked = machine.cache / "unpacked"
    assert not [p for p in unpacked.iterdir() if p.is_dir()] if unpacked.is_dir() else True


@pytest.mark.parametrize("name", sorted(set(HOSTILE) - set(HARMLESS) - set(PARTNER.values())))
def test_it_is_refused_before_anything_is_linked(
    machine: Machine, channels: Channels, name: str
) -> None:
    packages = [p for p in (name, PARTNER.get(name)) if p]
    if name.startswith("hostile-entry"):
        packages.append("python")
    done = machine.run(
        "create", "e", "-c", channels.hostile_url, "-c", channels.main_url, "--no-pyc",
        *tiny(*packages), code=None,
    )  # fmt: skip
    assert done.returncode in {5, 6}, done.stderr
    assert name in done.stderr
    if "dotdot" in name or name == "hostile-absolute" or name.endswith(("separator", "shell")):
        assert ESCAPE in done.stderr
    assert NAMED.get(name, "") in done.stderr
    assert "next:" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (machine.envs / "e").exists()
    nothing_escaped(machine)


@pytest.mark.parametrize("name", sorted(set(HARMLESS) - set(PARTNER.values())))
def test_it_is_made(machine: Machine, channels: Channels, name: str) -> None:
    packages = [p for p in (name, PARTNER.get(name)) if p]
    done = machine.run("create", "e", "-c", channels.hostile_url, *tiny(*packages))
    machine.run("verify", "e")
    if name == "hostile-clobber-a":
        path = "share/hostile-clobber/note.txt"
        assert f"{path} is in hostile-clobber-a, hostile-clobber-b" in done.stderr


def test_names_that_differ_in_case_are_refused_where_they_are_one(
    machine: Machine, channels: Channels
) -> None:
    answer = machine.tiny(
        "e", channels.hostile_url, "hostile-case", args=["--platform", "win-64"], code=6
    )
    assert "are the same file on" in answer["what"]
    assert not machine.envs.exists()


# --- archives that only a hand can make


def member(name: str, data: bytes = b"x\n", kind: bytes = tarfile.REGTYPE, **fields: Any) -> Any:
    entry = tarfile.TarInfo(name)
    entry.type = kind
    entry.size = len(data) if kind == tarfile.REGTYPE else 0
    for key, value in fields.items():
        setattr(entry, key, value)
    return entry, data if kind == tarfile.REGTYPE else b""


def link(name: str, target: str) -> Any:
    return member(name, kind=tarfile.SYMTYPE, linkname=target)


def tar(members: list[Any]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for entry, data in members:
            archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def paths(*names: str, **extra: object) -> bytes:
    entries = [{"_path": name, "path_type": "hardlink", **extra} for name in names]
    return json.dumps({"paths": entries, "paths_version": 1}).encode()


Serve = Callable[..., str]


@pytest.fixture
def serve(tmp_path: Path) -> Serve:
    """Write `crafted` with these members and one good file; return the channel's URL."""

    def write(
        payload: list[Any],
        listing: bytes | None = None,
        info: list[Any] | None = None,
        package: Package | None = None,
        platform: str = "noarch",
    ) -> str:
        base = package or Package(
            "crafted", "1.0", (Payload("share/ok.txt", data=b"ok\n"),), noarch="generic"
        )
        meta = [
            member(m.name, listing if m.name == "info/paths.json" and listing else m.data)
            for m in info_members(base)
        ]
        good = [
            member(m.name, m.data) if m.linkname is None else link(m.name, m.linkname)
            for m in payload_members(base)
        ]
        folder = tmp_path / "served" / platform
        folder.mkdir(parents=True)
        data = conda_container(base.stem, tar([*meta, *(info or [])]), tar([*good, *payload]))
        (folder / f"{base.stem}.conda").write_bytes(data)
        for subdir in ("noarch", "linux-64", "win-64"):
            write_repodata(tmp_path / "served" / subdir)
        return (tmp_path / "served").as_uri()

    return write


def refused(machine: Machine, url: str, *said: str, args: tuple[str, ...] = ()) -> None:
    answer = machine.tiny("e", url, "crafted", args=args, code=6)
    assert answer["error"] == "link"
    for part in ("crafted", *said):
        assert part in answer["what"], answer["what"]
    assert not machine.envs.exists()
    nothing_escaped(machine)


OUT = "../../../outside"
CASES: dict[str, tuple[list[Any], bytes | None, str]] = {
    "hard link out": ([member("share/h", kind=tarfile.LNKTYPE, linkname="/etc/passwd")], None,
                      "is a hard link"),
    "link through": ([link("share/l", OUT), member(f"share/l/{ESCAPE}")], None, "share/l"),
    "link inside, then through": ([link("share/l", "../lib"), member("share/l/x")], None,
                                  "is behind the link 'share/l'"),
    "folder outside": ([member(f"share/../../{ESCAPE}", kind=tarfile.DIRTYPE)], None, ESCAPE),
    "metadata in the payload": ([member("info/paths.json", paths(f"../../{ESCAPE}"))], None,
                                "mixes metadata and payload"),
    "link under a file's name": ([link("share/ok.txt", "x")], None, "is in the archive twice"),
    "backslashes": ([member(f"share\\..\\..\\{ESCAPE}")], None, ESCAPE),
    "device, listed": ([member("share/d", kind=tarfile.CHRTYPE, devmajor=1, devminor=3)],
                       paths("share/d"), "is neither a file nor a link"),
    "listed, not there": ([], paths("share/none"), "not in the archive"),
    "listing of numbers": ([], b'{"paths": [{"_path": 3}]}', "info/paths.json"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_crafted_archive_is_refused(machine: Machine, serve: Serve, case: str) -> None:
    payload, listing, said = CASES[case]
    refused(machine, serve(payload, listing), said)


def test_a_bomb_is_refused_before_it_is_unpacked(machine: Machine, serve: Serve) -> None:
    zeros = member("share/zeros", bytes(300 << 20))
    refused(machine, serve([zeros], paths("share/zeros")), "unpacks to far more than")


def test_links_that_lead_out_only_together(machine: Machine, serve: Serve) -> None:
    """Each is a link inside; the kernel goes through the first when it follows the second."""
    links = [link("a/b/c", "../.."), link("d", "a/b/c/../outside")]
    refused(machine, serve(links, paths("a/b/c", "d")), "'d'", "through others")


def test_links_that_stay_inside(machine: Machine, serve: Serve) -> None:
    package = Package(
        "crafted", "1.0", noarch="generic",
        payload=(
            Payload("lib/real.so.1", data=b"x\n"),
            Payload("lib/real.so", symlink_target="real.so.1"),
            Payload("bin/tool", symlink_target="../lib/real.so"),
            Payload("share/all", symlink_target=".."),
            Payload("share/nowhere", symlink_target="gone/../away"),
        ),
    )  # fmt: skip
    machine.tiny("e", serve([], package=package), "crafted")
    assert (machine.envs / "e" / "bin" / "tool").read_text() == "x\n"
    machine.run("verify", "e")


@pytest.mark.parametrize("name", ["aux.txt", "share/a:b", "a./b"])
def test_names_that_windows_takes_for_something_else(
    machine: Machine, serve: Serve, name: str
) -> None:
    package = Package("crafted", "1.0", (Payload(name, data=b"x\n"),), subdir="win-64")
    url = serve([], package=package, platform="win-64")
    refused(machine, url, "on Windows", args=("--platform", "win-64"))


def test_site_packages_outside_the_prefix(machine: Machine, serve: Serve) -> None:
    """CEP 17 and 20: it stays inside the environment."""
    python = Package(
        "python", "3.11.7", (Payload("bin/x", data=b"x\n"),), subdir="linux-64",
        python_site_packages_path="../../outside",
    )  # fmt: skip
    url = serve([], package=python, platform="linux-64")
    answer = machine.tiny("e", url, "python", args=["--no-pyc"], code=6)
    assert "python_site_packages_path leaves the prefix" in answer["what"]
    assert not machine.envs.exists()


def test_a_noarch_package_that_its_record_does_not_know(machine: Machine, serve: Serve) -> None:
    """Where its files are linked follows from the archive; what was judged, from the record."""
    good = Package("crafted", "1.0", (Payload("site-packages/x.py", data=b"\n"),), noarch="python")
    url = serve([], package=replace(good, depends=()))
    index = machine.root / "served" / "noarch" / "repodata.json"
    data = json.loads(index.read_text())
    data["packages.conda"]["crafted-1.0-0.conda"]["noarch"] = "generic"
    index.write_text(json.dumps(data))
    index.with_name("repodata.json.zst").unlink()
    refused(machine, url, "noarch")
