"""Streaming a file with the prefix replaced is what replacing in the whole of it is."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from sealenv.seals.fingerprint import normalised_sha256, replaced

PIECES = st.lists(st.text("abc", max_size=6).map(str.encode), max_size=12)


@given(PIECES, st.text("abc", min_size=1, max_size=4), st.text("abX", max_size=3))
def test_any_pieces(pieces: list[bytes], old: str, new: str) -> None:
    whole = b"".join(pieces)
    found = b"".join(replaced(pieces, old.encode(), new.encode()))
    assert found == whole.replace(old.encode(), new.encode())


def test_a_large_file(tmp_path: Path) -> None:
    """With the prefix across the end of a piece, and an interpreter in its first line."""
    prefix = b"/home/me/env"
    body = b"x" * ((1 << 20) - 40) + prefix * 9 + b"y" * (1 << 20) + prefix[:-1]
    path = tmp_path / "f"
    path.write_bytes(b"#!" + prefix + b"/bin/python3.12\n" + body)
    wanted = (b"#!python\n" + body).replace(prefix, b"/sealenv-prefix")
    with path.open("rb") as file:
        found = normalised_sha256(file, [prefix], script=True)
    assert found == hashlib.sha256(wanted).hexdigest()
    with path.open("rb") as file:
        content = io.BytesIO(file.read()).getvalue().replace(prefix, b"/sealenv-prefix")
    with path.open("rb") as file:
        assert normalised_sha256(file, [prefix], script=False) == (
            hashlib.sha256(content).hexdigest()
        )
