"""Bytes that differ from what the channel, the archive or the cache promised."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sealenv.layout import State, state_of
from sealenv.seals.seal import read_seal
from sealenv.tour.archive import (
    Package,
    Payload,
    conda_container,
    info_members,
    package_bytes,
    payload_members,
    tar_bytes,
    write_package,
    write_repodata,
)
from tests.channel import Channels
from tests.machine import Machine


def note(text: str) -> Package:
    """Return a package with one file."""
    return Package(
        "note", "1.0", (Payload("share/note.txt", data=text.encode()),), noarch="generic"
    )


@pytest.fixture
def channel(tmp_path: Path) -> Path:
    """A channel with `note`; its index has the digest of the good archive."""
    folder = tmp_path / "served" / "main"
    write_package(note("good\n"), folder / "noarch")
    write_repodata(folder / "noarch")
    write_repodata(folder / "linux-64")
    return folder


def tamper(channel: Path) -> None:
    """Replace the archive by a valid one with other content; keep the index."""
    (channel / "noarch" / "note-1.0-0.conda").write_bytes(package_bytes(note("evil\n")))


class TestUncheckedFileChannels:
    """py-rattler does not hash archives of a file:// channel."""

    @pytest.mark.quick
    def test_a_tampered_archive_is_refused(self, machine: Machine, channel: Path) -> None:
        tamper(channel)
        answer = machine.tiny("e", channel.as_uri(), "note", code=5)
        assert answer["error"] == "digest"
        assert "note-1.0-0.conda" in answer["what"]
        assert not (machine.envs / "e").exists()
        assert not list(machine.cache.rglob("*.conda"))
        assert not list((machine.cache / "unpacked").iterdir())

    def test_one_name_in_two_channels_is_two_packages(
        self, machine: Machine, channel: Path
    ) -> None:
        """The unpacked cache has one folder per name."""
        other = machine.root / "other"
        write_package(note("other\n"), other / "noarch")
        write_repodata(other / "noarch")
        write_repodata(other / "linux-64")
        for number in range(2):
            for url, text in ((channel.as_uri(), "good\n"), (other.as_uri(), "other\n")):
                name = f"{text.strip()}{number}"
                machine.tiny(name, url, "note")
                assert (machine.envs / name / "share" / "note.txt").read_text() == text
                machine.run("verify", name)


def test_a_record_without_sha256_is_refused(machine: Machine, channels: Channels) -> None:
    answer = machine.tiny("e", channels.hostile_url, "hostile-no-sha256", code=5)
    assert answer["error"] == "digest"
    assert "no sha256" in answer["what"]
    assert not machine.envs.exists()


class TestTrustedCache:
    """Environments are hard links into the cache, so an edit reaches it."""

    @pytest.fixture
    def first(self, machine: Machine, channel: Path) -> Path:
        machine.tiny("first", channel.as_uri(), "note")
        return machine.envs / "first"

    def unpacked(self, machine: Machine) -> Path:
        return machine.cache / "unpacked" / "note-1.0-0"

    def check(self, machine: Machine, channel: Path) -> None:
        machine.tiny("second", channel.as_uri(), "note")
        assert (machine.envs / "second" / "share" / "note.txt").read_text() == "good\n"
        machine.run("verify", "second")

    def test_an_edit_in_one_environment_does_not_reach_the_next(
        self, machine: Machine, channel: Path, first: Path
    ) -> None:
        with (first / "share" / "note.txt").open("r+") as file:
            file.write("evil")
        assert (self.unpacked(machine) / "share" / "note.txt").read_text() == "evil\n"
        self.check(machine, channel)

    def test_a_missing_unpacked_file_is_restored(
        self, machine: Machine, channel: Path, first: Path
    ) -> None:
        (self.unpacked(machine) / "share/note.txt").unlink()
        self.check(machine, channel)

    def test_a_mode_changed_in_one_environment_does_not_reach_the_next(
        self, machine: Machine, channel: Path, first: Path
    ) -> None:
        """A hard link shares its mode; py-rattler validates bytes only."""
        mode = 0o4755
        sound = (first / "share" / "note.txt").stat().st_mode
        (first / "share" / "note.txt").chmod(mode)
        assert (self.unpacked(machine) / "share" / "note.txt").stat().st_mode & 0o7777 == mode
        self.check(machine, channel)
        second = machine.envs / "second"
        assert (second / "share" / "note.txt").stat().st_mode == sound
        assert (first / "share" / "note.txt").stat().st_mode & 0o7777 == mode
        made = [read_seal(e).fingerprints for e in (first, second)]
        assert made[0]
        assert made[1]
        assert made[0].packages == made[1].packages

    def test_a_damaged_archive_is_fetched_again(
        self, machine: Machine, channel: Path, first: Path
    ) -> None:
        shutil.rmtree(machine.cache / "unpacked")
        (archive,) = (machine.cache / "archives").glob("*/*.conda")
        data = bytearray(archive.read_bytes())
        data[len(data) // 2] ^= 0xFF
        archive.write_bytes(data)
        self.check(machine, channel)
        assert archive.read_bytes() != bytes(data)


def test_a_package_that_lies_about_its_files_is_refused(machine: Machine, tmp_path: Path) -> None:
    """The size in paths.json is right and the digest is wrong."""
    folder = tmp_path / "served"
    told, held = note("told\n"), note("held\n")
    archive = conda_container(
        told.stem, tar_bytes(info_members(told)), tar_bytes(payload_members(held))
    )
    (folder / "noarch").mkdir(parents=True)
    (folder / "noarch" / f"{told.stem}.conda").write_bytes(archive)
    write_repodata(folder / "noarch")
    write_repodata(folder / "linux-64")
    for _ in range(2):
        answer = machine.tiny("e", folder.as_uri(), "note", code=6)
        assert "'share/note.txt' does not match the package's own paths.json" in answer["what"]
        assert state_of(machine.envs / "e") is State.PENDING
