"""Credentials of a channel are in no file and no message."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from sealenv.layout import State, state_of
from tests.channel import Channels, ChannelServer
from tests.machine import Machine, tiny, traces

SECRET = "s3cr3t-Zq9"


@pytest.fixture(params=["password", "token"])
def server(request: pytest.FixtureRequest, channels: Channels) -> Iterator[ChannelServer]:
    """A channel that requires a password, or a token in its path."""
    auth = ("somebody", SECRET) if request.param == "password" else None
    with ChannelServer(channels.root, auth=auth, token=None if auth else SECRET) as running:
        yield running


def create(machine: Machine, url: str, *packages: str) -> subprocess.CompletedProcess[str]:
    """Run create verbosely; the secret must not appear, whatever the exit code."""
    done = machine.run("create", "e", "-c", url, "-v", *tiny(*packages), code=None)
    assert SECRET not in done.stdout + done.stderr
    assert traces(machine.root, SECRET.encode()) == []
    return done


def test_create_works_and_leaves_the_secret_nowhere(
    machine: Machine, server: ChannelServer
) -> None:
    done = create(machine, server.url(), "dated", "prio")
    assert done.returncode == 0, done.stderr
    assert state_of(machine.envs / "e") is State.SEALED
    for command in ("info", "list", "verify"):
        said = machine.run(command, *(() if command == "list" else ("e",)), "--json")
        assert SECRET not in said.stdout + said.stderr
    record = next((machine.envs / "e" / "conda-meta").glob("prio-*.json")).read_text()
    assert f'"{server.base}/main/noarch/prio-1.0-0.conda"' in record


def test_failures_do_not_show_it(machine: Machine, server: ChannelServer) -> None:
    for pattern in ("*repodata*", "*/prio-1*.conda"):
        server.heal()
        server.fail(pattern, status=403)
        done = create(machine, server.url(), "prio")
        assert done.returncode == 5
        assert "next:" in done.stderr


def test_a_package_with_credentials_is_refused(machine: Machine) -> None:
    before = machine.snapshot()
    done = create(machine, "http://127.0.0.1:1/main", f"http://a:{SECRET}@127.0.0.1:1/main::prio")
    assert done.returncode == 2
    assert "a package cannot contain credentials" in done.stderr
    assert machine.snapshot() == before


def test_an_environment_yml_may_contain_them(machine: Machine, server: ChannelServer) -> None:
    """The file belongs to the user; no file of ours repeats its secret."""
    file = machine.root / "environment.yml"
    file.write_text(f"name: e\nchannels: ['{server.url()}']\ndependencies: [prio]\n")
    done = machine.run("create", "-f", str(file))
    file.unlink()
    assert SECRET not in done.stdout + done.stderr
    assert traces(machine.root, SECRET.encode()) == []


def test_a_password_is_sent_to_its_own_channel_only(machine: Machine, channels: Channels) -> None:
    with (
        ChannelServer(channels.root, auth=("some body", f"{SECRET}@/%")) as closed,
        ChannelServer(channels.root) as public,
    ):
        url = closed.base.replace("//", f"//some%20body:{SECRET}%40%2F%25@") + "/main"
        done = machine.run("create", "e", "-c", url, "-c", f"{public.base}/extra",
                           *tiny("prio", "only-in-extra"))  # fmt: skip
    assert SECRET not in done.stdout + done.stderr
    assert traces(machine.root, SECRET.encode()) == []
    assert public.authorizations == {None}
