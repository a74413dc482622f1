"""What py-rattler 0.28 leaves to us (shared facts, 14 gaps): bytes that are not what was promised."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
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
)
from sealenv.tour.repodata import write_repodata
from tests.channel import Channels, ChannelServer
from tests.engine.bare import bare_install
from tests.machine import Machine


def note(text: str) -> Package:
    """`note`, a package with one file."""
    return Package(
        "note", "1.0", (Payload("share/note.txt", data=text.encode()),), noarch="generic"
    )


@pytest.fixture
def channel(tmp_path: Path) -> Path:
    """A channel with `note`; its index promises the good bytes."""
    folder = tmp_path / "served" / "main"
    write_package(note("good\n"), folder / "noarch")
    write_repodata(folder / "noarch")
    write_repodata(folder / "linux-64")
    return folder


def tamper(channel: Path) -> None:
    """Another archive under the same name, sound in itself; the index stays as it is."""
    (channel / "noarch" / "note-1.0-0.conda").write_bytes(package_bytes(note("evil\n")))


class TestUncheckedFileChannels:
    """Gap 1: py-rattler hashes nothing that it reads from a file:// channel."""

    @pytest.mark.quick
    def test_a_tampered_archive_is_refused(self, machine: Machine, channel: Path) -> None:
        tamper(channel)
        bare = machine.root / "bare"
        assert bare_install(channel.as_uri(), ["note"], bare, machine.root / "c").returncode == 0
        assert (bare / "share" / "note.txt").read_text() == "evil\n"

        answer = machine.tiny("e", channel.as_uri(), "note", code=5)
        assert answer["error"] == "digest"
        assert "note-1.0-0.conda" in answer["what"]
        assert not (machine.envs / "e").exists()
        assert not list(machine.cache.rglob("*.conda"))
        assert not list((machine.cache / "unpacked").iterdir())

    def test_it_does_not_poison_the_cache(self, machine: Machine, channel: Path) -> None:
        good = (channel / "noarch" / "note-1.0-0.conda").read_bytes()
        tamper(channel)
        cache, bare = machine.root / "c", machine.root / "bare"
        bare_install(channel.as_uri(), ["note"], bare, cache)
        machine.tiny("e", channel.as_uri(), "note", code=5)
        (channel / "noarch" / "note-1.0-0.conda").write_bytes(good)
        with ChannelServer(channel.parent) as server:
            again = machine.root / "again"
            assert bare_install(server.url(), ["note"], again, cache).returncode == 0
            assert (again / "share" / "note.txt").read_text() == "evil\n"
            machine.tiny("e", server.url(), "note")
        assert (machine.envs / "e" / "share" / "note.txt").read_text() == "good\n"

    def test_one_name_in_two_channels_is_two_packages(
        self, machine: Machine, channel: Path
    ) -> None:
        """The unpacked cache has one folder for a name, whatever the digest."""
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


@pytest.mark.parametrize("package", ["hostile-no-sha256", "hostile-no-digest"])
def test_a_record_without_sha256_is_refused(
    machine: Machine, channels: Channels, package: str
) -> None:
    """Gap 1: py-rattler installs what nobody promised anything about."""
    bare = bare_install(channels.hostile_url, [package], machine.root / "bare", machine.root / "c")
    assert bare.returncode == 0
    answer = machine.tiny("e", channels.hostile_url, package, code=5)
    assert answer["error"] == "digest"
    assert "no sha256" in answer["what"]
    assert not machine.envs.exists()


class TestTrustedCache:
    """Gap 3: py-rattler trusts its cache, and environments are hard links into it."""

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
        bare, cache = machine.root / "bare", machine.root / "c"
        bare_install(channel.as_uri(), ["note"], bare, cache)
        with (bare / "share" / "note.txt").open("r+") as file:
            file.write("evil")
        bare_install(channel.as_uri(), ["note"], machine.root / "bare2", cache)
        assert (machine.root / "bare2" / "share" / "note.txt").read_text() == "evil\n"

        with (first / "share" / "note.txt").open("r+") as file:
            file.write("evil")
        assert (self.unpacked(machine) / "share" / "note.txt").read_text() == "evil\n"
        self.check(machine, channel)

    @pytest.mark.parametrize("lost", ["share/note.txt", "info/paths.json", "."])
    def test_what_is_missing_in_the_unpacked_cache_heals(
        self, machine: Machine, channel: Path, first: Path, lost: str
    ) -> None:
        path = self.unpacked(machine) / lost
        assert path.exists()
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
        self.check(machine, channel)

    def test_a_changed_listing_in_the_unpacked_cache_heals(
        self, machine: Machine, channel: Path, first: Path
    ) -> None:
        listing = '{"paths": [], "paths_version": 1}'
        (self.unpacked(machine) / "info" / "paths.json").write_text(listing)
        self.check(machine, channel)

    def test_a_mode_changed_in_one_environment_does_not_reach_the_next(
        self, machine: Machine, channel: Path, first: Path
    ) -> None:
        """A hard link has no mode of its own; py-rattler's validation looks at bytes alone."""
        mode = 0o4755
        sound = (first / "share" / "note.txt").stat().st_mode
        (first / "share" / "note.txt").chmod(mode)
        assert (self.unpacked(machine) / "share" / "note.txt").stat().st_mode & 0o7777 == mode
        self.check(machine, channel)
        second = machine.envs / "second"
        assert (second / "share" / "note.txt").stat().st_mode == sound
        assert (first / "share" / "note.txt").stat().st_mode & 0o7777 == mode  # not ours to change
        made = [read_seal(e).fingerprints for e in (first, second)]
        assert made[0]
        assert made[1]
        assert made[0].packages == made[1].packages

    def test_modes_that_nobody_noted_are_those_of_the_archive(
        self, machine: Machine, channel: Path, first: Path
    ) -> None:
        """The create that unpacked it was killed before it noted them."""
        (note,) = (machine.cache / "archives").glob("*/modes")
        good = note.read_bytes()
        (first / "share" / "note.txt").chmod(0o755)
        note.unlink()
        self.check(machine, channel)
        assert (machine.envs / "second" / "share" / "note.txt").stat().st_mode & 0o777 == 0o644
        assert note.read_bytes() == good

    def test_a_damaged_archive_is_fetched_anew(
        self, machine: Machine, channel: Path, first: Path
    ) -> None:
        shutil.rmtree(machine.cache / "unpacked")
        (archive,) = (machine.cache / "archives").glob("*/*.conda")
        data = bytearray(archive.read_bytes())
        data[len(data) // 2] ^= 0xFF
        archive.write_bytes(data)
        self.check(machine, channel)
        assert archive.read_bytes() != bytes(data)

    def test_a_cut_archive_is_fetched_anew_at_once(
        self, machine: Machine, channel: Path, first: Path
    ) -> None:
        shutil.rmtree(machine.cache / "unpacked")
        (archive,) = (machine.cache / "archives").glob("*/*.conda")
        archive.write_bytes(archive.read_bytes()[:-1])
        self.check(machine, channel)

    def test_a_lost_manifest_is_read_again(
        self, machine: Machine, channel: Path, first: Path
    ) -> None:
        (manifest,) = (machine.cache / "archives").glob("*/manifest")
        good = manifest.read_bytes()
        manifest.unlink()
        machine.tiny("second", channel.as_uri(), "note")
        assert manifest.read_bytes() == good


def test_a_package_that_lies_about_its_files_is_refused(machine: Machine, tmp_path: Path) -> None:
    """py-rattler compares unpacked files with paths.json only when it finds them in its cache: what
    was linked today would be damaged tomorrow. The size is right here, and the digest is not."""
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
        assert (
            "'share/note.txt' is not what the package's own paths.json promises" in answer["what"]
        )
        assert state_of(machine.envs / "e") is State.PENDING


def test_a_folder_of_its_own_is_named(machine: Machine, tmp_path: Path) -> None:
    """CEP 34 knows `path_type: directory`; py-rattler 0.28 copies it like a file, and fails."""
    folder = tmp_path / "served"
    package = note("x\n")
    info = {m.name: m for m in info_members(package)}
    listing = json.loads(info["info/paths.json"].data)
    listing["paths"].append({"_path": "share/empty", "path_type": "directory"})
    members = [
        replace(m, data=json.dumps(listing).encode()) if m.name == "info/paths.json" else m
        for m in info.values()
    ]
    payload = payload_members(package)
    (folder / "noarch").mkdir(parents=True)
    (folder / "noarch" / f"{package.stem}.conda").write_bytes(
        conda_container(package.stem, tar_bytes(members), tar_bytes(payload))
    )
    write_repodata(folder / "noarch")
    write_repodata(folder / "linux-64")
    answer = machine.tiny("e", folder.as_uri(), "note", code=6)
    assert answer["what"].startswith("note-1.0-0 lists the folder 'share/empty'")
