"""Programs: the file keeps its length, and only bytes that are known to be free are written to."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sealenv.relocation.apply import sign
from sealenv.relocation.owners import Owner
from sealenv.relocation.rewrite import Change, RefusedError, rewrite
from tests.relocation.places import rewritten

ELF = b"\x7fELF\0\0"
OLD = "/envs/e"
LONGER = Change.between(OLD, "/data/env", "linux-64")
SHORTER = Change.between(OLD, "/e", "linux-64")


def program(placeholder: int | None) -> Owner:
    return Owner(file_mode="binary", placeholder="x" * (placeholder or 0))


def done(content: bytes, change: Change, placeholder: int | None = None) -> bytes:
    after = rewritten("lib/x.so", content, change, program(placeholder))
    assert len(after) == len(content)
    return after


def test_shorter() -> None:
    assert done(ELF + b"/envs/e/lib\0x", SHORTER) == ELF + b"/e/lib\0\0\0\0\0\0x"


def test_longer_into_what_was_padded() -> None:
    before = ELF + b"/envs/e/lib\0" + bytes(13) + b"x"
    assert done(before, LONGER, 20) == ELF + b"/data/env/lib\0" + bytes(11) + b"x"


@pytest.mark.parametrize(
    ("tail", "placeholder", "over"),
    [
        (bytes(9) + b"x", None, 2),  # no record says that the zeros are free
        (b"\0x", 20, 2),  # the record does, but there are none
        (bytes(9), 8, 1),  # they are, but not so many
        (b"", 20, 2),
    ],
)
def test_what_does_not_fit(tail: bytes, placeholder: int | None, over: int) -> None:
    with pytest.raises(RefusedError) as refused:
        rewrite(
            "lib/x",
            ELF + b"/envs/e" + tail,
            LONGER,
            program(placeholder),
        )
    assert refused.value.over == over


def test_unknown_data() -> None:
    data = b"SQLite format 3\0 /envs/e/x\0"
    with pytest.raises(RefusedError, match="cannot be changed"):
        rewrite("x.db", data, SHORTER)
    assert not rewrite("x.db", b"\0/elsewhere\0", SHORTER).needed


MACHO = bytes.fromhex("cffaedfe") + b"rest"


@pytest.fixture
def fake_codesign(tmp_path: Path) -> Path:
    """Appends what it was called with to the file."""
    program = tmp_path / "codesign"
    program.write_text('#!/bin/sh\nfor last; do :; done\necho "$1 $2 $3" "${last##*/}" >>"$last"\n')
    program.chmod(0o755)
    return program


@pytest.mark.skipif(os.name == "nt", reason="macOS has a POSIX shell")
def test_it_is_called_as_conda_does(fake_codesign: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(fake_codesign.parent))
    signed = sign(MACHO, "libx.dylib")
    assert signed == MACHO + b"--force --sign - libx.dylib\n"
