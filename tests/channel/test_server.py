"""The channel server: each fault does what it says, and closing never hangs."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.channel.server import ChannelServer

_BODY = bytes(range(256)) * 40


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "main" / "noarch").mkdir(parents=True)
    (tmp_path / "main" / "noarch" / "a-1-0.conda").write_bytes(_BODY)
    (tmp_path / "secret").write_text("x")
    return tmp_path


@pytest.fixture
def server(root: Path) -> Iterator[ChannelServer]:
    with ChannelServer(root) as running:
        yield running


PATH = "/main/noarch/a-1-0.conda"


def get(
    server: ChannelServer, path: str = PATH, timeout: float = 5, method: str = "GET", **headers: str
) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=timeout)
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        connection.request(method, path, headers=names)
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    finally:
        connection.close()


def test_plain_files_and_counts(server: ChannelServer) -> None:
    assert get(server)[0::2] == (200, _BODY)
    assert get(server, method="HEAD")[0::2] == (200, b"")
    assert get(server, "/main/none")[0] == 404
    assert get(server, "/main/../../etc/passwd")[0] == 404
    assert server.requests[PATH] == 2


def test_validators_are_repeated_with_304(server: ChannelServer) -> None:
    _, headers, _ = get(server)
    status, again, body = get(server, If_None_Match=headers["ETag"])
    assert (status, body) == (304, b"")
    assert again["ETag"] == headers["ETag"]
    assert again["Last-Modified"] == headers["Last-Modified"]
    assert get(server, If_Modified_Since=headers["Last-Modified"])[0] == 304
    assert get(server, If_None_Match='"other"')[0] == 200


def test_ranges(server: ChannelServer) -> None:
    status, headers, body = get(server, Range="bytes=10-19")
    assert (status, body) == (206, _BODY[10:20])
    assert headers["Content-Range"] == f"bytes 10-19/{len(_BODY)}"
    assert get(server, Range="bytes=-5")[2] == _BODY[-5:]
    assert get(server, Range="bytes=999999-")[0] == 416


def test_status_for_some_times_then_the_file(server: ChannelServer) -> None:
    server.fail("*.conda", status=500, times=2)
    assert [get(server)[0] for _ in range(3)] == [500, 500, 200]
    server.fail("main/noarch/*", status=403)
    assert get(server)[0] == 403
    server.heal()
    assert get(server)[0] == 200


def test_one_byte_is_flipped(server: ChannelServer) -> None:
    server.fail("*.conda", flip=True)
    body = get(server)[2]
    assert len(body) == len(_BODY)
    assert sum(a != b for a, b in zip(body, _BODY, strict=True)) == 1


def test_truncation_with_and_without_honesty(server: ChannelServer) -> None:
    fault = server.fail("*.conda", truncate=100, honest=True)
    assert get(server)[2] == _BODY[:100]
    fault.honest = False
    with pytest.raises(http.client.IncompleteRead):
        get(server)


def test_a_stalled_answer_ends_when_the_server_closes(root: Path) -> None:
    with ChannelServer(root) as server:
        server.fail("*.conda", stall=True)
        with pytest.raises(TimeoutError):
            get(server, timeout=0.3)
        held = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
        held.request("GET", PATH)
        response = held.getresponse()
        assert response.status == 200
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        response.read()
    held.close()


def test_slow(server: ChannelServer) -> None:
    server.fail("*.conda", rate=40_000)
    started = time.perf_counter()
    assert get(server)[2] == _BODY
    assert time.perf_counter() - started > 0.2


def test_redirect(server: ChannelServer) -> None:
    server.fail("old/*", redirect=PATH)
    status, headers, _ = get(server, "/old/a")
    assert (status, headers["Location"]) == (302, PATH)


def test_basic_authentication(root: Path) -> None:
    with ChannelServer(root, auth=("user", "pass")) as server:
        assert get(server)[0] == 401
        assert get(server, Authorization="Basic dXNlcjpwYXNz")[0] == 200
        assert server.url().startswith("http://user:pass@127.0.0.1:")


def test_token(root: Path) -> None:
    with ChannelServer(root, token="tk-123") as server:
        assert get(server)[0] == 403
        assert get(server, "/t/tk-123" + PATH)[0] == 200
        assert server.url().endswith("/t/tk-123/main")
        assert server.requests[PATH] == 1
