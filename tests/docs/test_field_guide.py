"""docs/field-guide.md: its anchors, marks and quotes hold, and what it saw on Linux is seen today."""

from __future__ import annotations

import platform
import re
import shutil
from pathlib import Path

import pytest

from docs.notes.observe import linux_sealenv, linux_shell
from docs.notes.observe.note import Observation, render
from docs.notes.observe.stage import LinuxStage

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "field-guide.md").read_text(encoding="utf-8")
COVERAGE = Path(__file__).with_name("coverage.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^<!-- (quote|seen) (\S+) -->\n```\w*\n(.*?)^```$", re.M | re.S)


def prose(text: str) -> str:
    """Without code blocks."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)


def anchors(text: str) -> list[str]:
    """As GitHub makes them from headings."""
    heads = re.findall(r"^#+ (.+)$", prose(text), re.M)
    return [re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads]


def test_every_insight_has_its_section() -> None:
    rows = re.findall(r"^\| (00\d)-\d+ \|(.+)\|$", COVERAGE, re.M)
    assert {number for number, _ in rows} == {"000", "001", "002", "003", "004"}
    known = set(anchors(GUIDE))
    for number, rest in rows:
        places = re.findall(r"\(\.\./\.\./docs/field-guide\.md#([^)]+)\)", rest)
        assert places, rest
        assert set(places) <= known, f"{number}: {set(places) - known}"


def test_what_is_quoted_is_there() -> None:
    for kind, name, text in BLOCK.findall(GUIDE):
        path = ROOT / name if kind == "quote" else ROOT / f"docs/notes/{name}.md"
        assert text in path.read_text(encoding="utf-8"), name


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> LinuxStage:
    if platform.system() != "Linux":
        pytest.skip("recorded on Linux")
    if shutil.which("bash") is None:
        pytest.skip("no bash on this machine")
    return LinuxStage(tmp_path_factory.mktemp("observe"))


def seen_again(stage: LinuxStage, observation: Observation) -> None:
    now = render(observation, stage.observe(observation))
    assert now == observation.path.read_text(encoding="utf-8"), (
        f"python -m docs.notes.observe --write {observation.name}, and look what has changed"
    )


@pytest.mark.parametrize("observation", linux_shell.OBSERVATIONS, ids=lambda o: o.name)
def test_seen_again_in_bash(stage: LinuxStage, observation: Observation) -> None:
    seen_again(stage, observation)


@pytest.mark.slow
@pytest.mark.skipif(platform.system() != "Linux", reason="recorded on Linux")
def test_seen_again_in_an_environment(tmp_path: Path) -> None:
    # One test: the environment is made once.
    stage = LinuxStage(tmp_path)
    for observation in linux_sealenv.OBSERVATIONS:
        seen_again(stage, observation)
