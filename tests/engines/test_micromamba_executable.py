"""Where micromamba comes from, and what is checked before it is run."""

from __future__ import annotations

import hashlib
import os
import shutil
import struct
import time
from pathlib import Path
from typing import Any

import pytest

from sealenv.engines import releases
from sealenv.engines.executable import check_unchanged
from sealenv.engines.messages import Executable
from sealenv.engines.releases import check_version, choose_source, release_url
from sealenv.errors import EngineError, UsageError
from sealenv.spec import current_platform
from tests.channel import Channels, ChannelServer
from tests.machine import Machine, alive, traces
from tests.micromamba import add_package, calls, stand_in

pytestmark = pytest.mark.skipif(os.name == "nt", reason="tests/windows has the stand-in as .exe")

ENGINE = ("--engine", "micromamba")


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def make(machine: Machine, url: str, *args: str, code: int = 0, mirror: str = "") -> dict[str, Any]:
    """A small create; the prefix is gone afterwards."""
    extra = {"SEALENV_MICROMAMBA_URL": mirror}
    answer = machine.tiny("e", url, "prio", args=args, code=code, **extra)
    shutil.rmtree(machine.envs / "e", ignore_errors=True)
    return answer


class TestFromTheChannel:
    def test_the_newest_that_can_be_used(
        self, machine: Machine, channels: Channels, tmp_path: Path, log: Path
    ) -> None:
        for version in ("2.0.5", "2.5.0", "2.6.2"):
            exe = stand_in(tmp_path / version, VERSION=version, LOG=str(log))
            channel = add_package(channels, tmp_path, exe, version)
        answer = make(machine, channel.as_uri(), *ENGINE)
        assert answer["engine"]["version"] == "2.5.0"
        assert answer["engine"]["sha256"] == digest(tmp_path / "2.5.0")
        name = f"{channels.subdir}/micromamba-2.5.0-0.conda"
        archive = digest(channel / name)
        assert answer["engine"]["origin"] == f"{channel.as_uri()}/{name}#{archive}"
        assert answer["packages"] == 1
        assert not list((machine.cache / "pkgs").glob("micromamba*")), "offered to conda"

    def test_it_is_fetched_once_and_needs_no_network_then(
        self, machine: Machine, channels: Channels, exe: Path, tmp_path: Path, log: Path
    ) -> None:
        channel = add_package(channels, tmp_path, exe)
        with ChannelServer(channel.parent) as server:
            url = server.url(channel.name)
            make(machine, url, *ENGINE)
            make(machine, url, *ENGINE)
            name = f"/{channel.name}/{channels.subdir}/micromamba-2.9.0-0.conda"
            assert server.requests[name] == 1
        make(machine, url, *ENGINE, "--offline")
        asked = [call["argv"][0] for call in calls(log)]
        assert asked == ["--version", "install", "install", "install"]

    def test_the_plan_names_it_and_does_not_bring_it_in(
        self, machine: Machine, channels: Channels, exe: Path, tmp_path: Path, log: Path
    ) -> None:
        channel = add_package(channels, tmp_path, exe)
        planned = make(machine, channel.as_uri(), *ENGINE, "--dry-run")
        assert planned["engine"] == {"name": "micromamba", "version": "2.9.0"}
        assert planned["to_fetch"] == 1
        assert not list(machine.cache.rglob("micromamba*.conda"))
        assert not log.exists()

    def test_a_version_of_it(
        self, machine: Machine, channels: Channels, exe: Path, tmp_path: Path
    ) -> None:
        channel = add_package(channels, tmp_path, exe)
        older = stand_in(tmp_path / "older", VERSION="2.8.1")
        add_package(channels, tmp_path, older, "2.8.1")
        answer = make(machine, channel.as_uri(), "--micromamba", "2.8.1")
        assert answer["engine"]["version"] == "2.8.1"
        answer = make(machine, channel.as_uri(), "--micromamba", "2.7.0", code=6)
        assert "have no micromamba ==2.7.0" in answer["what"]

    def test_a_channel_without_it(self, machine: Machine, channels: Channels) -> None:
        answer = make(machine, channels.main_url, *ENGINE, code=6)
        assert "--micromamba PATH" in answer["hint"]
        assert "--micromamba-sha256" in answer["hint"]
        assert not (machine.envs / "e").exists()

    def test_a_package_that_holds_none(
        self, machine: Machine, channels: Channels, exe: Path, tmp_path: Path
    ) -> None:
        windows = exe.rename(exe.with_suffix(".exe"))
        channel = add_package(channels, tmp_path, windows)
        (archive,) = (channel / "win-64").glob("micromamba-*")
        here = channel / channels.subdir
        shutil.move(archive, here / archive.name)
        from sealenv.demo.repodata import write_repodata

        write_repodata(here)
        answer = make(machine, channel.as_uri(), *ENGINE, code=6)
        assert "holds no bin/micromamba" in answer["what"]

    def test_a_tampered_archive(
        self, machine: Machine, channels: Channels, exe: Path, tmp_path: Path, log: Path
    ) -> None:
        channel = add_package(channels, tmp_path, exe)
        archive = channel / channels.subdir / "micromamba-2.9.0-0.conda"
        data = bytearray(archive.read_bytes())
        data[len(data) // 2] ^= 1
        archive.write_bytes(data)
        assert make(machine, channel.as_uri(), *ENGINE, code=5)["error"] == "digest"
        assert not log.exists(), "it was started"


class TestFromAPath:
    def test_a_digest_that_it_has_not(
        self, machine: Machine, channels: Channels, exe: Path, log: Path
    ) -> None:
        args = ("--micromamba", str(exe), "--micromamba-sha256", "0" * 64)
        answer = make(machine, channels.main_url, *args, code=5)
        assert answer["error"] == "digest"
        assert f"sha256 found {digest(exe)}" in answer["details"]
        assert not log.exists(), "it was started"
        args = ("--micromamba", str(exe), "--micromamba-sha256", f"sha256:{digest(exe).upper()}")
        make(machine, channels.main_url, *args)

    def test_what_was_changed_in_the_cache_is_not_run(
        self, machine: Machine, channels: Channels, exe: Path, tmp_path: Path, log: Path
    ) -> None:
        """Between admission and use too: what is run is hashed last."""
        channel = add_package(channels, tmp_path, exe)
        answer = make(machine, channel.as_uri(), *ENGINE)
        kept = machine.cache / "archives" / answer["engine"]["sha256"] / "micromamba"
        kept.write_text(f"#!/bin/sh\ntouch {tmp_path}/evil\n")
        make(machine, channel.as_uri(), *ENGINE)
        assert digest(kept) == answer["engine"]["sha256"]
        assert not (tmp_path / "evil").exists()

    @pytest.mark.parametrize(
        ("content", "what"),
        [
            (b"#!/bin/sh\necho micromamba 2.9.0\n", "this is no micromamba"),
            (b"#!/bin/sh\nexit 1\n", "this is no micromamba"),
            (b"#!/bin/sh\n", "this is no micromamba"),
            (b"MZ" + bytes(400), "no program for this machine"),
            (b"#!/no/such/interpreter\n", "cannot be started"),
        ],
        ids=["another tool", "fails", "silent", "another system", "broken"],
    )
    def test_what_is_none(
        self, machine: Machine, channels: Channels, tmp_path: Path, content: bytes, what: str
    ) -> None:
        bad = tmp_path / "bad"
        bad.write_bytes(content)
        answer = make(machine, channels.main_url, "--micromamba", str(bad), code=6)
        assert what in answer["what"], answer
        assert answer["hint"]
        assert not (machine.envs / "e").exists()

    def test_a_program_for_another_processor(
        self, machine: Machine, channels: Channels, tmp_path: Path
    ) -> None:
        program = bytearray(Path("/bin/sh").resolve().read_bytes())
        if program[:4] != b"\x7fELF":
            pytest.skip("no ELF here")
        struct.pack_into("<H", program, 18, 0x5A)  # e_machine: one that no Linux runs here
        bad = tmp_path / "bad"
        bad.write_bytes(program)
        answer = make(machine, channels.main_url, "--micromamba", str(bad), code=6)
        assert "no program for this machine" in answer["what"]

    @pytest.mark.parametrize("version", ["2.0.8", "1.5.10", "2.6.0", "2.6.2"])
    def test_a_version_that_cannot_be_used(
        self, machine: Machine, channels: Channels, tmp_path: Path, log: Path, version: str
    ) -> None:
        old = stand_in(tmp_path / "old", VERSION=version, LOG=str(log))
        answer = make(machine, channels.main_url, "--micromamba", str(old), code=6)
        assert f"micromamba {version} cannot be used here" in answer["what"]
        assert [call["argv"] for call in calls(log)] == [["--version"]]

    def test_one_that_never_stops_talking(
        self, machine: Machine, channels: Channels, tmp_path: Path
    ) -> None:
        """It is ended after a few kilobytes, with what it has started."""
        exe = tmp_path / "flood"
        exe.write_text(f"#!/bin/sh\nsleep 1000 &\necho $! > {tmp_path}/child\nexec yes 2.9.0\n")
        exe.chmod(0o755)
        answer = make(machine, channels.main_url, "--micromamba", str(exe), code=6)
        assert answer["details"][0] == "2.9.0"
        child = int((tmp_path / "child").read_text())
        deadline = time.monotonic() + 20
        while alive(child):
            assert time.monotonic() < deadline

    def test_one_that_is_not_there(self, machine: Machine, channels: Channels) -> None:
        answer = make(machine, channels.main_url, "--micromamba", "./nope", code=2)
        assert answer["where"] == str(machine.root / "nope")


def test_what_was_changed_after_it_was_brought_in_is_not_run(tmp_path: Path, exe: Path) -> None:
    """The last look, before each call."""
    executable = Executable(path=str(exe), sha256=digest(exe), version="2.9.0", origin=str(exe))
    check_unchanged(executable)
    exe.write_text("#!/bin/sh\n")
    with pytest.raises(EngineError, match="was changed in the cache"):
        check_unchanged(executable)
    assert not exe.exists()


class TestFromARelease:
    @pytest.fixture
    def released(self, tmp_path: Path, exe: Path) -> Path:
        """A folder as the releases are; the digest has no line end, as upstream's."""
        place = tmp_path / "releases" / "download" / "2.9.0-0"
        place.mkdir(parents=True)
        asset = place / f"micromamba-{current_platform()}"
        shutil.copyfile(exe, asset)
        asset.with_name(f"{asset.name}.sha256").write_text(digest(exe))
        return asset

    def test_with_its_digest(
        self, machine: Machine, channels: Channels, released: Path, log: Path
    ) -> None:
        args = ("--micromamba", "2.9.0", "--micromamba-sha256", digest(released))
        with ChannelServer(released.parents[2]) as server:
            mirror = f"{server.base}/"
            answer = make(machine, channels.main_url, *args, mirror=mirror)
            make(machine, channels.main_url, *args, mirror=mirror)
            path = f"/download/2.9.0-0/{released.name}"
            assert server.requests == {path: 1}
        assert answer["engine"]["origin"] == f"{server.base}{path}"
        assert answer["engine"]["sha256"] == digest(released)
        make(machine, channels.main_url, *args, "--offline", mirror=mirror)

    @pytest.mark.parametrize("fault", ["wrong digest", "truncated", "404"])
    def test_not_what_was_promised(
        self, machine: Machine, channels: Channels, released: Path, log: Path, fault: str
    ) -> None:
        promised = "0" * 64 if fault == "wrong digest" else digest(released)
        args = ("--micromamba", "2.9.0", "--micromamba-sha256", promised)
        with ChannelServer(released.parents[2]) as server:
            if fault == "truncated":
                server.fail("*/micromamba-*", truncate=40, honest=True)
            if fault == "404":
                server.fail("*/micromamba-*", status=404)
            mirror = server.base
            answer = make(machine, channels.main_url, *args, code=5, mirror=mirror)
        assert answer["error"] == ("fetch" if fault == "404" else "digest")
        assert not log.exists(), "it was started"
        assert not list(machine.cache.rglob("micromamba*"))
        assert not list((machine.cache / "tmp").iterdir())

    def test_published_is_taken_once_and_asked_of_every_later_download(
        self, machine: Machine, channels: Channels, released: Path, tmp_path: Path
    ) -> None:
        args = ("--micromamba", "2.9.0", "--micromamba-sha256", "published")
        mirror = released.parents[2].as_uri()
        first = make(machine, channels.main_url, *args, mirror=mirror)
        shutil.rmtree(machine.cache / "archives" / first["engine"]["sha256"])
        released.write_text(f"#!/bin/sh\ntouch {tmp_path}/evil\n")
        released.with_name(f"{released.name}.sha256").write_text(digest(released))
        answer = make(machine, channels.main_url, *args, code=5, mirror=mirror)
        assert answer["error"] == "digest"
        assert "if you trust the new one, delete that" in answer["hint"]
        assert not (tmp_path / "evil").exists()

    def test_a_wrong_digest_that_was_published_is_not_kept(
        self, machine: Machine, channels: Channels, released: Path
    ) -> None:
        """And what `sha256sum` writes, with a file name, is a digest too."""
        beside = released.with_name(f"{released.name}.sha256")
        beside.write_text("0" * 64)
        args = ("--micromamba", "2.9.0", "--micromamba-sha256", "published")
        mirror = released.parents[2].as_uri()
        make(machine, channels.main_url, *args, code=5, mirror=mirror)
        beside.write_text(f"{digest(released)}  {released.name}\n")
        answer = make(machine, channels.main_url, *args, mirror=mirror)
        assert answer["engine"]["sha256"] == digest(released)

    @pytest.mark.parametrize("text", ["", "<html>not here</html>", "a" * 63])
    def test_what_is_published_is_no_digest(
        self, machine: Machine, channels: Channels, released: Path, log: Path, text: str
    ) -> None:
        released.with_name(f"{released.name}.sha256").write_text(text)
        args = ("--micromamba", "2.9.0", "--micromamba-sha256", "published")
        mirror = released.parents[2].as_uri()
        assert make(machine, channels.main_url, *args, code=5, mirror=mirror)["error"] == "digest"
        assert not log.exists()

    def test_offline_and_not_there(self, machine: Machine, channels: Channels) -> None:
        for digest_ in ("0" * 64, "published"):
            args = ("--micromamba", "2.9.0", "--micromamba-sha256", digest_, "--offline")
            assert make(machine, channels.main_url, *args, code=5)["error"] == "offline"

    def test_the_mirror_s_password_is_written_nowhere(
        self, machine: Machine, channels: Channels, released: Path
    ) -> None:
        secret = "hunter2-of-the-mirror"
        with ChannelServer(released.parents[2]) as server:
            mirror = server.base.replace("://", f"://me:{secret}@")
            args = ("--micromamba", "2.9.0", "--micromamba-sha256", digest(released))
            answer = make(machine, channels.main_url, *args, mirror=mirror)
        assert secret not in str(answer)
        assert traces(machine.root, secret.encode()) == []


class TestWhatIsNamed:
    def test_a_path_or_a_version(self) -> None:
        assert choose_source("2.9.0", None).version == "2.9.0"
        assert choose_source("2.9.0-1", "a" * 64).is_release
        assert not choose_source("2.9.0", None).is_release
        assert choose_source(__file__, None).path == __file__
        assert choose_source(os.path.relpath(__file__), None).path == __file__
        assert choose_source(None, None) == releases.MicromambaSource()

    @pytest.mark.parametrize(
        ("which", "sha256"),
        [
            (None, "a" * 64),
            ("2.9.0-0", None),
            ("2.9.0", "a" * 63),
            ("2.9.0", ""),
            ("./x", "published"),
            ("./2.9.0", None),
            ("latest", None),
            ("v2.9.0", None),
            (os.path.dirname(__file__), None),
            ("", None),
        ],
    )
    def test_what_cannot_be_meant(self, which: str | None, sha256: str | None) -> None:
        with pytest.raises(UsageError):
            choose_source(which, sha256)

    def test_a_release_whose_digest_is_known(self, monkeypatch: pytest.MonkeyPatch) -> None:
        table = {"2.9.0-0": {current_platform(): "a" * 64}, "2.9.0-1": {"linux-riscv64": "b" * 64}}
        monkeypatch.setattr(releases, "_pinned", lambda: table)
        assert choose_source("2.9.0-0", None).sha256 == "a" * 64
        assert not choose_source("2.9.0", None).is_release
        with pytest.raises(UsageError):
            choose_source("2.9.0-1", None)

    def test_the_other_engine(self, machine: Machine) -> None:
        done = machine.run("create", "e", "--engine", "rattler", "--micromamba", "2.9.0", code=2)
        assert "leave --engine out" in done.stderr

    def test_the_address(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("SEALENV_MICROMAMBA_URL", raising=False)
        base = "https://github.com/mamba-org/micromamba-releases/releases/download"
        assert release_url("2.9.0", "linux-64") == f"{base}/2.9.0-0/micromamba-linux-64"
        assert release_url("2.9.0-2", "win-64") == f"{base}/2.9.0-2/micromamba-win-64"

    @pytest.mark.parametrize("version", ["2.1.0", "2.5.0", "2.7.0", "2.8.1-0", "2.10.0", "3.0.0"])
    def test_versions_that_can_be_used(self, version: str) -> None:
        check_version(version)

    @pytest.mark.parametrize("version", ["0.27.0", "1.5.10", "2.0.8-1", "2.6.0", "2.6.1-0"])
    def test_versions_that_cannot(self, version: str) -> None:
        with pytest.raises(EngineError, match="cannot be used here"):
            check_version(version)
