"""README and docs show nothing that does not work: every shell example is typed, on a local channel."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.channel import Channels
from tests.channel.server import ChannelServer
from tests.docs.examples import Reader, add_stand_ins, runnable, shown_minor
from tests.docs.reader import ELSEWHERE, ROOT, SHELLS, Block, blocks, not_run, pages
from tests.micromamba import add_package, stand_in

README = (ROOT / "README.md").read_text(encoding="utf-8")
READ = [page for page in pages() if not_run(page) is None]
SHELL_BLOCKS = [block for page in READ for block in blocks(page) if block.language in SHELLS]
TYPED = [page for page in READ if list(runnable(blocks(page)))]

NOT_RUN = 16
"""How many shell examples are run by no test; each has its reason in a comment before it."""
PAGES_NOT_RUN: set[str] = set()
"""Pages of which no block is run here; each has its reason in a comment."""

pytestmark = pytest.mark.skipif(os.name == "nt", reason="bash; tests/windows runs the bat blocks")


@pytest.fixture(scope="module")
def forge(tmp_path_factory: pytest.TempPathFactory, channels: Channels) -> Iterator[ChannelServer]:
    """What the readers know as conda-forge."""
    root = tmp_path_factory.mktemp("forge")
    channel = add_package(channels, root, stand_in(root / "micromamba", VERSION="2.8.1"), "2.8.1")
    add_stand_ins(channel, shown_minor(channels))
    channel.rename(root / "main")
    with ChannelServer(root) as server:
        yield server


@pytest.fixture(scope="module")
def before(
    tmp_path_factory: pytest.TempPathFactory, forge: ChannelServer, channels: Channels
) -> tuple[Path, Path]:
    """A package cache in which the default environment was created once, and that environment."""
    root = tmp_path_factory.mktemp("before")
    (root / "empty").mkdir()
    reader = Reader(root, root / "empty", forge.url("main"), channels, compiles=False)
    reader.types(Block("", 0, "sh", "sealenv create -p ../model 3.12\n"))
    return root / "cache", reader.home / "model"


@pytest.mark.slow
@pytest.mark.parametrize("page", TYPED)
def test_every_example_of_a_page(
    page: str, tmp_path: Path, before: tuple[Path, Path], forge: ChannelServer, channels: Channels
) -> None:
    cache, model = before
    tutorial = page.startswith("docs/tutorials/")
    reader = Reader(
        tmp_path / "r", cache, forge.url("main"), channels, model=model, compiles=tutorial
    )
    try:
        for block in runnable(blocks(page)):
            reader.types(block)
    finally:
        shutil.rmtree(tmp_path / "r", ignore_errors=True)


def test_what_is_not_run_is_counted() -> None:
    skipped = [block.name for block in SHELL_BLOCKS if "skip" in block.says]
    assert len(skipped) == NOT_RUN, skipped
    others = {page for page in pages() if not page.startswith(tuple(ELSEWHERE))}
    assert {page for page in others if not_run(page) is not None} == PAGES_NOT_RUN


def test_every_example_is_run_by_somebody() -> None:
    typed = {block.name for page in READ for block in runnable(blocks(page))}
    said = {b.name for b in SHELL_BLOCKS if b.says.keys() & {"skip", "wine", "test"}}
    assert [block.name for block in SHELL_BLOCKS if block.name not in typed | said] == []


def test_a_test_that_is_named_exists() -> None:
    for block in SHELL_BLOCKS:
        if named := block.says.get("test"):
            file, _, name = named.partition("::")
            source = (ROOT / file).read_text(encoding="utf-8")
            assert re.search(rf"^ *def {name}\(", source, re.M), block.name


def test_the_first_command_is_what_ci_runs() -> None:
    command = re.findall(r"^```sh$\n(.*?)\n```$", README, re.M | re.S)[0]
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    assert f"- run: {command}\n" in workflow
