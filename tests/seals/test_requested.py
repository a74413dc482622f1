"""Requirements of a seal count until their wheel is removed."""

from __future__ import annotations

from sealenv.locks import LockedWheel
from sealenv.seals.wheels import requested_of


def test_what_has_no_wheel_was_not_taken_away() -> None:
    sealed = [LockedWheel(name=name, version="1", url="", sha256="") for name in ("one", "two")]
    lines = [
        "One >=1",
        "two",
        "two<9; sys_platform == 'win32'",
        "for-windows; os_name == 'nt'",
        "[",
    ]
    assert requested_of(lines, sealed, sealed) == tuple(lines[:-1])
    assert requested_of(lines, sealed, sealed[:1]) == (lines[0], lines[3])
