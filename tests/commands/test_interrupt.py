"""A signal ends sealenv with its exit code and one word, also when it comes twice."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys

import pytest

from sealenv import __main__ as start
from tests.machine import SRC, Machine

Capture = pytest.CaptureFixture[str]

_TWICE = """
import os, signal, sys
sys.path.insert(0, sys.argv.pop())
from sealenv.cli import main
def work(*words):
    try:
        os.kill(os.getpid(), signal.SIGTERM)
        signal.pause()
    finally:
        os.kill(os.getpid(), signal.SIGTERM)
main.cli.make_context = work
real = main.click.echo
def echo(*words, **more):
    os.kill(os.getpid(), signal.SIGINT)
    real(*words, **more)
main.click.echo = echo
sys.exit(main.main(["list"]))
"""


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_twice_as_timeout_sends_it() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _TWICE, str(SRC)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (130, "Interrupted.\n")


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("command", ["lock", "mirror"])
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


def test_before_there_is_a_command_line(monkeypatch: pytest.MonkeyPatch, capfd: Capture) -> None:
    def interrupt() -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(start, "main", interrupt)
    for words, out, err in (
        (["verify", "e", "--json"], "interrupted-command", ""),
        (["verify", "e"], None, "Interrupted.\n"),
        (["run", "e", "--", "tool", "--json"], None, "Interrupted.\n"),
    ):
        monkeypatch.setattr(sys, "argv", ["sealenv", *words])
        monkeypatch.setattr(start, "_LARGE", frozenset())  # they end the process
        assert start.script() == 130
        said = capfd.readouterr()
        assert said.err == err
        assert (json.loads(said.out)["error"] if said.out else None) == out
