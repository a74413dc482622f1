"""A faulty channel: transient failures are retried, others are reported within the timeout."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator

import pytest

from sealenv.tour.archive import write_repodata
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


def fails(
    machine: Machine, server: ChannelServer, channel: str = "main", **extra: str
) -> dict[str, str]:
    """The answer of a create that fails with exit code 5; nothing of it is in the store."""
    began = time.monotonic()
    answer = machine.tiny("e", server.url(channel), "prio", code=5, **extra)
    assert time.monotonic() - began < _BOUND
    assert not (machine.envs / "e").exists()
    assert not list((machine.cache / "archives").glob("*/*"))
    assert not list((machine.cache / "tmp").iterdir())
    assert answer["hint"]
    return answer


class TestArchive:
    def test_a_final_answer_is_believed_at_once(
        self, machine: Machine, server: ChannelServer
    ) -> None:
        server.fail(ARCHIVE, status=404)
        answer = fails(machine, server)
        assert answer["what"] == "prio-1.0-0.conda could not be fetched: not found (404)"
        assert answer["where"] == f"{server.base}/main/noarch/prio-1.0-0.conda"
        assert gets(server, "prio") == 1

    def test_what_passes_is_tried_again(self, machine: Machine, server: ChannelServer) -> None:
        server.fail(ARCHIVE, status=503, times=2)
        machine.tiny("e", server.url(), "prio")
        assert gets(server, "prio") == 3

    def test_a_body_that_breaks_off_is_tried_again(
        self, machine: Machine, server: ChannelServer
    ) -> None:
        server.fail(ARCHIVE, truncate=100, times=1)
        machine.tiny("e", server.url(), "prio")
        assert gets(server, "prio") == 2
        machine.run("verify", "e")

    def test_a_stalled_server_is_tried_again_and_given_up(
        self, machine: Machine, server: ChannelServer
    ) -> None:
        server.fail(ARCHIVE, stall=True)
        answer = fails(machine, server, SEALENV_TIMEOUT="1")
        assert gets(server, "prio") == 3
        assert "sent nothing for 1 seconds, 3 attempts" in answer["what"]
        assert "SEALENV_TIMEOUT" in answer["hint"]

    def test_a_file_channel_without_the_file(self, machine: Machine, channels: Channels) -> None:
        folder = machine.root / "main"
        shutil.copytree(channels.main / "noarch", folder / "noarch")
        write_repodata(folder / "linux-64")
        (folder / "noarch" / "prio-1.0-0.conda").unlink()
        answer = machine.tiny("e", folder.as_uri(), "prio", code=5)
        assert "not found" in answer["what"]


class TestIndex:
    PATTERN = "*repodata*"

    def test_a_missing_channel(self, machine: Machine, server: ChannelServer) -> None:
        answer = machine.tiny("e", f"{server.base}/nowhere", "prio", code=5)
        assert answer["error"] == "channel"
        assert answer["what"] == "the channel does not exist"
        assert answer["where"] == f"{server.base}/nowhere"

    def test_what_passes_is_tried_again(self, machine: Machine, server: ChannelServer) -> None:
        server.fail(self.PATTERN, status=500, times=2)
        machine.tiny("e", server.url(), "prio")

    def test_a_damaged_index_or_a_web_page(self, machine: Machine, server: ChannelServer) -> None:
        server.fail(self.PATTERN, truncate=100)
        assert fails(machine, server)["error"] == "channel"
        for subdir in ("noarch", "linux-64"):
            folder = machine.root / "web/ch" / subdir
            folder.mkdir(parents=True)
            (folder / "repodata.json").write_text("<!DOCTYPE html><html>Log in</html>")
        with ChannelServer(machine.root / "web") as page:
            answer = fails(machine, page, channel="ch")
        assert answer["what"] == "a channel could not be read"
        assert "login page" in answer["hint"]

    def test_a_stalled_index(self, machine: Machine, server: ChannelServer) -> None:
        server.fail(self.PATTERN, stall=True)
        answer = fails(machine, server, SEALENV_TIMEOUT="1")
        assert "sent nothing for 1 seconds" in answer["what"]


class TestOffline:
    def test_a_cold_cache(self, machine: Machine, server: ChannelServer) -> None:
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
