"""The locked wheels of a seal, and its requirements."""

from __future__ import annotations

from pathlib import Path

from sealenv.seals.distributions import Distribution
from sealenv.seals.wheels import as_found, is_of, locked_wheels

URL = "https://files.example.org/vfive-2024.7.4-py3-none-any.whl"


def test_the_version_is_the_one_in_metadata(tmp_path: Path) -> None:
    """As in the lock: the names of the file and of the folder may write it otherwise."""
    (wheel,) = locked_wheels([f"{URL}#{'ab' * 32}"])
    assert wheel.version == "2024.7.4"
    info = tmp_path / "site-packages/vfive-2024.7.4.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: vfive\nVersion: 2024.07.04\n")
    found = Distribution("vfive", "2024.7.4", "site-packages/vfive-2024.7.4.dist-info/RECORD", ())
    assert is_of(wheel, found)
    assert as_found(tmp_path, found, wheel).version == "2024.07.04"
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: vfive\nVersion: 9\n")
    assert as_found(tmp_path, found, wheel).version == "2024.7.4"
