"""Whole files: those of a real environment, and files bigger than what may be in memory."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sealenv.layout import META, walk
from sealenv.prefix.records import read_records
from sealenv.relocation.owners import Owner
from sealenv.relocation.rewrite import Change, rewrite
from tests.channel import Channels
from tests.machine import Machine
from tests.relocation.places import rewritten

PLACES = ("a", "a-somewhat-longer-path-with-ü")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, channels: Channels) -> list[Path]:
    """The same environment in two places: a binary placeholder, entry points, compiled files."""
    root = tmp_path_factory.mktemp("made")
    return [
        Path(
            Machine(root / name, cache=root / "cache").json(
                "create", "e", channels.python_minor, "-c", channels.main_url,
                "--with", "hello-prefix", "--without", "conda", "--without", "mamba",
            )["prefix"]
        )
        for name in PLACES
    ]  # fmt: skip


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="the packages are those of this platform")
@pytest.mark.parametrize(("start", "end"), [(0, 1), (1, 0)])
def test_as_if_linked_there(made: list[Path], start: int, end: int) -> None:
    """Every file of a package becomes, byte by byte, what linking it at the other path gave."""
    old, new = made[start], made[end]
    change = Change.between(str(old), str(new), "linux-64")
    entries = {entry.path: entry for r in read_records(old) for entry in r.paths_data.paths}
    changed = count = 0
    for found in walk(old):
        if found.is_link or found.is_dir or found.relative.startswith((META, "etc/sealenv")):
            continue
        if found.relative.startswith("activate.") or found.relative.endswith(".pyc"):
            continue  # written again, by what writes them
        entry = entries.get(found.relative)
        placeholder = entry.prefix_placeholder if entry else None
        mode = entry.file_mode if entry and placeholder else None
        owner = Owner(placeholder=placeholder, file_mode=mode)
        content = (old / found.relative).read_bytes()
        result = rewrite(found.relative, content, change, owner)
        assert result.apply(content) == (new / found.relative).read_bytes(), found.relative
        changed += bool(result.edits)
        count += 1
    assert changed > 3
    assert count > 300


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("lib/python3.11/site-packages/__editable__.x.pth", "OLD/src\n"),
        (
            "lib/python3.11/site-packages/__editable___x_finder.py",
            "MAPPING: dict[str, str] = {'x': 'OLD/src/x'}\nNAMESPACES: dict[str, list[str]] = {}\n",
        ),
        (
            "lib/python3.11/site-packages/x-1.dist-info/direct_url.json",
            '{"dir_info": {"editable": true}, "url": "file://OLD/src/x"}',
        ),
        ("lib/pkgconfig/x.pc", "prefix=OLD\nLibs: -LOLD/lib -Wl,-rpath,OLD/lib\n"),
    ],
)
def test_what_installers_write(path: str, content: str) -> None:
    change = Change.between("/envs/e", "/mnt/data/f", "linux-64")
    before = content.replace("OLD", "/envs/e").encode()
    assert rewritten(path, before, change) == content.replace("OLD", "/mnt/data/f").encode()


def test_compiled_python_is_deleted() -> None:
    """With the length of the string in front of the path, which looks like any letter."""
    change = Change.between("/envs/e", "/mnt/data/f", "linux-64")
    head = b"\xcb\r\r\n" + bytes(12)
    assert rewrite("x.pyc", head + b"zx/envs/e/lib/x.py\xa9", change).delete
    assert not rewrite("x.pyc", head + b"zx/envs/e2/lib/x.py\xa9", change).needed
