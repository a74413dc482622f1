"""`create --trace-report FILE`."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
from typing import Any

import pytest

from tests.channel import Channels
from tests.docs.tables import REFERENCE
from tests.machine import Machine, tiny

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="tests/windows/test_trace.py has it on Windows"
)


def create(
    machine: Machine, channels: Channels, *args: str, code: int = 0, report: str = "report.json"
) -> dict[str, Any]:
    words = ("create", "e", "-c", channels.main_url, *tiny("prio"), "--trace-report", report)
    machine.run(*words, *args, code=code)
    content: dict[str, Any] = json.loads((machine.root / report).read_text())
    return content


def test_the_first_create_on_a_machine(machine: Machine, channels: Channels) -> None:
    report = create(machine, channels)
    assert report["outcome"] == {"state": "done", "error": None, "exit_code": 0}
    assert report["elsewhere"] == []
    # The current folder contains the environments and the cache here.
    assert set(report["way"]) <= {str(machine.envs), str(machine.cache)}
    places = {place["path"]: place for place in report["places"]}
    for name in (
        "",
        ".conda",
        ".condarc",
        ".config/rattler",
        ".cache/rattler",
        ".config",
        ".cache",
    ):
        place = places[str(machine.home / name) if name else str(machine.home)]
        assert place["after"] == place["before"] == {"exists": name == "", "entries": 0}
    assert report["environment"]["path_after"] == machine.env["PATH"].split(":")
    assert report["registry"] == []


def test_a_trace_is_reported(machine: Machine, channels: Channels) -> None:
    """A comparison that finds nothing must be able to find something: here `--post` leaves files."""
    (machine.home / ".profile").write_text("old\n")
    (machine.home / ".pip").mkdir()
    (machine.home / ".pip/pip.conf").write_text("[global]\n")
    post = machine.root / "post.sh"
    post.write_text(
        "#!/bin/sh\n"
        "echo 'conda init' >> ~/.profile; rm ~/.pip/pip.conf; mkdir -p ~/.conda/deep\n"
        'touch ~/.conda/deep/environments.txt "$TMPDIR/left"\n'
    )
    report = create(machine, channels, "--post", "post.sh")
    home = str(machine.home)
    (machine.tmp / "left").unlink()
    assert sorted(report["elsewhere"]) == sorted(
        [
            f"{home}/.conda",
            f"{home}/.conda/deep",
            f"{home}/.conda/deep/environments.txt",
            f"{home}/.pip/pip.conf",
            f"{home}/.profile",
            f"{machine.tmp}/left",
        ]
    )
    top = next(place for place in report["places"] if place["path"] == home)
    assert (top["added"], top["changed"]) == ([f"{home}/.conda"], [f"{home}/.profile"])
    pip = next(place for place in report["places"] if place["path"] == f"{home}/.pip")
    assert pip["removed"] == [f"{home}/.pip/pip.conf"]


def test_a_create_that_fails_is_reported(machine: Machine, channels: Channels) -> None:
    report = create(machine, channels, "--with", "no-such-package", code=4)
    assert report["outcome"]["state"] == "failed"
    assert report["outcome"]["exit_code"] == 4
    assert report["outcome"]["error"]
    assert report["elsewhere"] == []
    assert not (machine.envs / "e").exists()


def test_an_interrupted_create_is_reported(machine: Machine) -> None:
    """While it waits for a server that never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        words = ("create", "e", "-c", url, *tiny("prio"), "--trace-report", "report.json")
        process = subprocess.Popen(machine.command(*words), env=machine.env, cwd=machine.root)
        with server.accept()[0]:
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 130
    report = json.loads((machine.root / "report.json").read_text())
    assert report["outcome"]["state"] == "interrupted"
    assert report["outcome"]["exit_code"] == 130


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("envs/e/report.json", 2),
        ("link.json", 2),
        ("no/such/folder/report.json", 7),
    ],
)
def test_refused_paths(machine: Machine, channels: Channels, name: str, code: int) -> None:
    (machine.root / "there.json").write_text("mine")
    (machine.root / "link.json").symlink_to("there.json")
    machine.run(
        "create", "e", "-c", channels.main_url, *tiny("prio"), "--trace-report", name, code=code
    )
    assert (machine.root / "there.json").read_text() == "mine"
    assert not machine.envs.exists()
    assert not machine.cache.exists()


def test_the_page_has_every_field(machine: Machine, channels: Channels) -> None:
    report = create(machine, channels)
    page = (REFERENCE / "trace-report.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\| `([\w.\[\]]+)` \|", page, re.M))

    def fields(value: Any, at: str) -> set[str]:
        if isinstance(value, dict):
            found = {f"{at}.{key}".lstrip(".") for key in value}
            return found.union(*(fields(inner, f"{at}.{key}") for key, inner in value.items()))
        return fields(value[0], f"{at}[]") if isinstance(value, list) and value else set()

    written = {name.lstrip(".") for name in fields(report, "")}
    assert written - named == set()
    assert {n for n in named if not n.startswith("registry[]")} - written == set()
