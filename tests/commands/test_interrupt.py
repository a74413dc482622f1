"""A signal ends sealenv with its exit code and one word, also when it comes twice."""

from __future__ import annotations

import json
import os
import signal
import socket

import pytest

from tests.machine import Machine


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize(
    ("command", "number"), [("lock", signal.SIGINT), ("mirror", signal.SIGTERM)]
)
def test_with_json_an_object_says_so(
    machine: Machine, command: str, number: signal.Signals
) -> None:
    """While a server keeps it waiting, which accepts and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        (machine.root / "x.txt").write_text(f"@EXPLICIT\n{url}/noarch/a-1-0.conda#{'0' * 64}\n")
        words = ["lock", "a", "-c", url] if command == "lock" else ["mirror", "x.txt", "folder"]
        process = machine.start(*words, "--json")
        with server.accept()[0]:
            os.kill(process.pid, number)
            answer, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (130, "")
    found = json.loads(answer)
    assert (found["error"], found["exit_code"]) == ("interrupted-command", 130)
    assert not (machine.root / "sealenv.lock").exists()
