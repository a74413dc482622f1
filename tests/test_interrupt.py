"""A signal ends sealenv with its exit code and one word, also when it comes twice."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.machine import SRC

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
