"""The search of a move that begins before the command line is looked at."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealenv.cli.ahead import search_ahead
from sealenv.commands.move import MoveOptions, move
from sealenv.portability.search import Search
from sealenv.portability.spellings import spellings
from sealenv.relocation import ahead
from sealenv.seals.filetable import FileTable, read_file, read_table
from sealenv.tour.channel import DemoChannel
from tests.machine import Machine

PLATFORM = "win-64" if os.name == "nt" else "linux-64"


@pytest.fixture(autouse=True)
def nothing_begun(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(ahead, "_early", {})
    yield
    ahead.forget()


@pytest.fixture
def env(warm_machine: Machine, demo_channel: DemoChannel) -> Path:
    return Path(warm_machine.create("e", demo_channel)["prefix"])


def table_of(prefix: Path) -> FileTable:
    table = read_file(prefix)
    assert table
    return table


def taken(prefix: Path, place: Path | None = None) -> Search | None:
    """As a move does, which knows the digest from the seal: here it is that of what lies there."""
    table = read_table(prefix, table_of(prefix).sha256, ahead.table_read(prefix))
    assert table
    return ahead.take(prefix, table, spellings(str(place or prefix), PLATFORM))


def test_it_is_taken_up(warm_machine: Machine, env: Path) -> None:
    search_ahead([str(env), "elsewhere", "-q"])
    (begun,) = ahead._early.values()
    search = taken(env)
    assert search is begun.search
    assert not ahead._early
    table = table_of(env)
    files = {path for path, _ in ahead.searched(table)}
    held = {path for path, answer in search.finish(files, lambda done, total: None) if answer}
    search.readers.__exit__()
    expected = {path for path in files if os.fsencode(env) in (env / path).read_bytes()}
    assert expected
    assert expected <= held


@pytest.mark.parametrize("what", ["history", "table", "place"])
def test_not_where_something_is_another_by_now(env: Path, what: str) -> None:
    ahead.begin_early(env)
    if what == "history":
        with (env / "conda-meta/history").open("a") as file:
            file.write("==> later <==\n")
    elif what == "table":
        other = bytearray((env / "conda-meta/sealenv.files").read_bytes())
        other[16 + 8] ^= 1  # the time of the first path
        (env / "conda-meta/sealenv.files").write_bytes(other)
    assert taken(env, env.parent / "other" if what == "place" else None) is None
    assert not ahead._early


def test_a_move_ends_what_it_does_not_take(warm_machine: Machine, env: Path) -> None:
    """Begun for the path by which it was named; on Windows nobody may be at work at the rename."""
    (env.parent / "by").symlink_to(env.parent)
    named = env.parent / "by" / "e"
    ahead.begin_early(named)
    moved = move(named, env.with_name("f"), MoveOptions(environ=warm_machine.env))
    assert moved.how == "renamed"
    assert not ahead._early


@pytest.mark.parametrize(
    "what", ["no history", "no table", "a table that leads outside", "it is being removed"]
)
def test_an_environment_that_is_damaged(env: Path, what: str) -> None:
    if what == "no history":
        (env / "conda-meta/history").unlink()
    elif what == "it is being removed":
        (env / "conda-meta/sealenv.pending").touch()
    else:
        path = env / "conda-meta/sealenv.files"
        data = path.read_bytes()
        path.unlink()
        if "outside" in what:
            path.write_bytes(data[:-3] + b"/..")
    search_ahead([str(env), "elsewhere"])
    assert not ahead._early


def test_what_was_written_meanwhile_is_found_by_the_proof(warm_machine: Machine, env: Path) -> None:
    """Read before we had the lock, written before we had it, and by nobody who changes the history."""
    place = env.with_name("f")
    ahead.begin_early(env)
    search = ahead._early[env].search
    files = [path for path, _ in ahead.searched(table_of(env))]
    before = dict(search.finish(files, lambda done, total: None))  # all are read by now
    script = next(path for path in files if path.endswith(".py") and not before[path])
    text = (env / script).read_text() + f"\n# {env}\n"
    (env / script).unlink()  # a hard link to the cache
    (env / script).write_text(text)
    options = MoveOptions(environ=warm_machine.env)
    moved = move(env, place, options)
    assert script in moved.mended
    assert not env.exists()
    assert str(env) not in (place / script).read_text()
    assert str(place) in (place / script).read_text()
