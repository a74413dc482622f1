"""A channel that misbehaves: what passes is tried again, what does not is told in words, in time."""

from __future__ import annotations

import json
import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealenv.tour.repodata import write_repodata
from tests.channel import Channels, ChannelServer
from tests.machine import Machine, tiny

ARCHIVE = "main/noarch/prio-1*.conda"
_BOUND = 30.0
"""Seconds in which everything must be over, on a slow machine; a hang takes until the test's end."""


@pytest.fixture
def server(channels: Channels) -> Iterator[ChannelServer]:
    with ChannelServer(channels.root) as running:
        yield running


def gets(server: ChannelServer, part: str) -> int:
    return sum(1 for method, path, _ in server.answers if method == "GET" and part in path)


def fails(machine: Machine, server: ChannelServer, **extra: str) -> dict[str, str]:
    """The answer of a create that fails with exit code 5; nothing of it is in the store."""
    began = time.monotonic()
    answer = machine.tiny("e", server.url(), "prio", code=5, **extra)
    assert time.monotonic() - began < _BOUND
    assert not (machine.envs / "e").exists()
    assert not list((machine.cache / "archives").glob("*/*"))
    assert not list((machine.cache / "tmp").iterdir())
    assert answer["hint"]
    return answer


class TestArchive:
    @pytest.mark.parametrize(
        ("status", "reason"), [(404, "not there (404)"), (403, "refuses access"), (410, "410")]
    )
    def test_a_final_answer_is_believed_at_once(
        self, machine: Machine, server: ChannelServer, status: int, reason: str
    ) -> None:
        server.fail(ARCHIVE, status=status)
        answer = fails(machine, server)
        assert reason in answer["what"]
        assert "prio-1.0-0.conda" in answer["what"]
        assert answer["where"] == f"{server.base}/main/noarch/prio-1.0-0.conda"
        assert gets(server, "prio") == 1

    @pytest.mark.parametrize("status", [500, 503, 429])
    def test_what_passes_is_tried_again(
        self, machine: Machine, server: ChannelServer, status: int
    ) -> None:
        server.fail(ARCHIVE, status=status, times=2)
        machine.tiny("e", server.url(), "prio")
        assert gets(server, "prio") == 3

    def test_what_does_not_pass_is_told(self, machine: Machine, server: ChannelServer) -> None:
        server.fail(ARCHIVE, status=500)
        answer = fails(machine, server)
        assert "500" in answer["what"]
        assert "attempts" in answer["what"]

    def test_a_wrong_digest_is_refused(self, machine: Machine, server: ChannelServer) -> None:
        server.fail(ARCHIVE, flip=True)
        answer = fails(machine, server)
        assert answer["error"] == "digest"
        server.heal()
        machine.tiny("e", server.url(), "prio")

    def test_an_honestly_short_body_is_refused(
        self, machine: Machine, server: ChannelServer
    ) -> None:
        server.fail(ARCHIVE, truncate=100, honest=True)
        answer = fails(machine, server)
        assert answer["error"] == "digest"
        assert any("received 100" in line for line in answer["details"])

    def test_a_body_that_breaks_off_is_tried_again(
        self, machine: Machine, server: ChannelServer
    ) -> None:
        server.fail(ARCHIVE, truncate=100, times=1)
        machine.tiny("e", server.url(), "prio")
        assert gets(server, "prio") == 2
        machine.run("verify", "e")

    def test_a_body_that_always_breaks_off_is_told(
        self, machine: Machine, server: ChannelServer
    ) -> None:
        server.fail(ARCHIVE, truncate=100)
        assert "3 attempts" in fails(machine, server)["what"]

    def test_a_stalled_server_is_given_up_and_tried_again(
        self, machine: Machine, server: ChannelServer
    ) -> None:
        server.fail(ARCHIVE, stall=True, times=1)
        machine.tiny("e", server.url(), "prio", SEALENV_TIMEOUT="1")
        assert gets(server, "prio") == 2

    def test_a_server_that_stays_stalled_is_told(
        self, machine: Machine, server: ChannelServer
    ) -> None:
        server.fail(ARCHIVE, stall=True)
        answer = fails(machine, server, SEALENV_TIMEOUT="1")
        assert "sent nothing for 1 seconds, 3 attempts" in answer["what"]
        assert "SEALENV_TIMEOUT" in answer["hint"]

    def test_a_slow_server_that_lives_is_waited_for(
        self, machine: Machine, server: ChannelServer
    ) -> None:
        size = next(server.root.glob(ARCHIVE)).stat().st_size
        server.fail(ARCHIVE, rate=size // 3)
        began = time.monotonic()
        machine.tiny("e", server.url(), "prio", SEALENV_TIMEOUT="1")
        assert time.monotonic() - began > 2, "it was not slow enough to show anything"
        assert gets(server, "prio") == 1

    def test_a_redirect_is_followed(self, machine: Machine, server: ChannelServer) -> None:
        with ChannelServer(server.root) as other:
            server.fail(ARCHIVE, redirect=f"{other.base}/main/noarch/prio-1.0-0.conda")
            answer = machine.tiny("e", server.url(), "prio")
            assert gets(other, "prio") == 1
        record = json.loads(
            next(Path(answer["prefix"], "conda-meta").glob("prio-*.json")).read_text()
        )
        assert record["url"].startswith(server.base)

    def test_a_redirect_to_something_else_is_refused(
        self, machine: Machine, server: ChannelServer
    ) -> None:
        server.fail(ARCHIVE, redirect="/extra/noarch/prio-2.0-0.conda")
        assert fails(machine, server)["error"] == "digest"

    def test_a_file_channel_without_the_file(self, machine: Machine, channels: Channels) -> None:
        folder = machine.root / "main"
        shutil.copytree(channels.main / "noarch", folder / "noarch")
        write_repodata(folder / "linux-64")
        (folder / "noarch" / "prio-1.0-0.conda").unlink()
        answer = machine.tiny("e", folder.as_uri(), "prio", code=5)
        assert "not there" in answer["what"]

    def test_others_that_were_fetched_are_kept(
        self, machine: Machine, server: ChannelServer
    ) -> None:
        server.fail(ARCHIVE, status=404)
        machine.tiny("e", server.url(), "prio", "dated", code=5)
        server.heal()
        machine.tiny("e", server.url(), "prio", "dated")
        assert gets(server, "dated") <= 2


class TestIndex:
    PATTERN = "*repodata*"

    def test_a_missing_channel(self, machine: Machine, server: ChannelServer) -> None:
        answer = machine.tiny("e", f"{server.base}/nowhere", "prio", code=5)
        assert answer["error"] == "channel"
        assert answer["what"] == "there is no such channel"
        assert answer["where"] == f"{server.base}/nowhere"

    def test_a_missing_file_channel(self, machine: Machine) -> None:
        url = (machine.root / "nowhere").as_uri()
        answer = machine.tiny("e", url, "prio", code=5)
        assert answer["error"] == "channel"
        assert answer["where"] == url

    def test_refused_access(self, machine: Machine, server: ChannelServer) -> None:
        server.fail(self.PATTERN, status=403)
        answer = fails(machine, server)
        assert "403" in " ".join(answer["details"])

    def test_what_passes_is_tried_again(self, machine: Machine, server: ChannelServer) -> None:
        server.fail(self.PATTERN, status=500, times=2)
        machine.tiny("e", server.url(), "prio")

    def test_what_does_not_pass_is_told(self, machine: Machine, server: ChannelServer) -> None:
        server.fail(self.PATTERN, status=500)
        assert "500" in " ".join(fails(machine, server)["details"])

    @pytest.mark.parametrize("fault", [{"truncate": 100}, {"flip": True}])
    def test_a_damaged_index(
        self, machine: Machine, server: ChannelServer, fault: dict[str, int]
    ) -> None:
        server.fail(self.PATTERN, **fault)
        assert fails(machine, server)["error"] == "channel"

    def test_a_stalled_index_is_given_up_and_tried_again(
        self, machine: Machine, server: ChannelServer
    ) -> None:
        server.fail("*linux-64/repodata.json.zst", stall=True, times=2)  # HEAD has no body to stall
        machine.tiny("e", server.url(), "prio", SEALENV_TIMEOUT="1")

    def test_a_stalled_index_is_told(self, machine: Machine, server: ChannelServer) -> None:
        server.fail(self.PATTERN, stall=True)
        answer = fails(machine, server, SEALENV_TIMEOUT="1")
        assert "sent nothing for 1 seconds, 2 attempts" in answer["what"]

    def test_a_slow_index_that_lives_is_waited_for(
        self, machine: Machine, channels: Channels
    ) -> None:
        """py-rattler writes it down in blocks of 128 KiB; that is what can be seen of it."""
        folder = machine.root / "served" / "main"
        shutil.copytree(channels.main / "noarch", folder / "noarch")
        (folder / "noarch" / "repodata.json.zst").unlink()
        write_repodata(folder / "linux-64")
        index = folder / "noarch" / "repodata.json"
        data = json.loads(index.read_text())
        data["info"]["filler"] = "x" * (3 << 20)
        index.write_text(json.dumps(data))
        with ChannelServer(folder.parent) as server:
            server.fail("*noarch/repodata.json", rate=1 << 20)
            began = time.monotonic()
            machine.tiny("e", server.url(), "prio", SEALENV_TIMEOUT="1")
        assert time.monotonic() - began > 2, "it was not slow enough to show anything"

    def test_connection_refused(self, machine: Machine) -> None:
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{closed.getsockname()[1]}/main"
            began = time.monotonic()
            answer = machine.tiny("e", url, "prio", code=5)
        assert time.monotonic() - began < _BOUND
        assert answer["error"] == "channel"
        assert answer["where"] == url
        assert "refused" in " ".join(answer["details"]).lower()

    def test_an_unknown_host(self, machine: Machine) -> None:
        answer = machine.tiny("e", "http://no-such-host.invalid/main", "prio", code=5)
        assert answer["error"] == "channel"


class TestOffline:
    def test_what_is_cached_does(self, machine: Machine, channels: Channels) -> None:
        with ChannelServer(channels.root) as server:
            url = server.url()
            machine.tiny("one", url, "prio")
        machine.tiny("two", url, "prio", args=["--offline"])
        machine.run("verify", "two")

    def test_a_cold_cache_is_told(self, machine: Machine, server: ChannelServer) -> None:
        answer = machine.tiny("e", server.url(), "prio", args=["--offline"], code=5)
        assert answer["error"] == "offline"
        assert "index" in answer["what"]
        assert not server.answers

    def test_what_is_missing_is_listed(self, machine: Machine, server: ChannelServer) -> None:
        machine.run("create", "e", "-c", server.url(), "--dry-run", *tiny("prio", "dated"))
        asked = len(server.answers)
        answer = machine.tiny("e", server.url(), "prio", "dated", args=["--offline"], code=5)
        assert answer["error"] == "offline"
        assert sorted(answer["details"]) == ["dated-2.0-0.conda", "prio-1.0-0.conda"]
        assert len(server.answers) == asked
        assert not (machine.envs / "e").exists()

    def test_file_channels_are_no_network(self, machine: Machine, channels: Channels) -> None:
        machine.tiny("e", channels.main_url, "prio", args=["--offline"])
