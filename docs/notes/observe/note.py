"""An observation, and the note that records it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NOTES = Path(__file__).resolve().parents[1]
_WHERE = {
    "bash": "bash on Linux",
    "cmd": "cmd.exe of Wine 10 on Linux; not yet on Windows itself",
}


@dataclass(frozen=True)
class Observation:
    """A question, and the script that answers it.

    Attributes:
        name: of the note, without `.md`.
        question: the question, one sentence.
        script: what is run; for cmd.exe a batch file that begins with `@echo off`.
        shell: `bash` or `cmd`.
        files: the files in the folder before the run, by path; parents are created.
        prepare: creates the rest, given the stage and the folder; `given` describes it.
        given: the other files and settings, one sentence.
        answer: the meaning of the output, for a reader of this note alone.
        place: the name of the folder; observations with the same name run in it, one after another.
        changing: patterns and their replacements, for text that differs from run to run.
    """

    name: str
    question: str
    script: str
    shell: str
    answer: str
    files: Mapping[str, str] = field(default_factory=dict)
    prepare: Callable[[Any, Path], None] | None = None
    given: str = ""
    place: str = ""
    changing: tuple[tuple[str, str], ...] = ()

    @property
    def path(self) -> Path:
        """Return the path of the note."""
        return NOTES / f"{self.name}.md"


def settle(text: str, observation: Observation, folders: Mapping[str, str]) -> str:
    """Replace text that differs between machines and runs."""
    for place, name in sorted(folders.items(), key=lambda item: -len(item[0])):
        text = text.replace(place, name)
    for pattern, name in observation.changing:
        text = re.sub(pattern, name, text, flags=re.M)
    return "\n".join(line.rstrip() for line in text.splitlines()).strip("\n")


def render(observation: Observation, output: str) -> str:
    """The note: Markdown with the question, the script, the output and the answer."""
    language = "bat" if observation.shell == "cmd" else "sh"
    lines = [f"# {observation.name}", "", observation.question, ""]
    lines += [f"Seen in {_WHERE[observation.shell]}."]
    if observation.given:
        lines += [f"There is: {observation.given}"]
    lines += [""]
    for path, text in observation.files.items():
        lines += [f"`{path}`:", "", "```text", text.rstrip("\n"), "```", ""]
    lines += ["Run:", "", f"```{language}", observation.script.strip("\n"), "```", ""]
    lines += ["It printed:", "", "```text", output, "```", ""]
    lines += [observation.answer, ""]
    lines += ["<!-- written by python -m docs.notes.observe --write -->", ""]
    return "\n".join(lines)
