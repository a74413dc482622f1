"""`python -m docs.notes.observe [--write] [NAME ...]`: see again what this machine can show."""

from __future__ import annotations

import argparse
import difflib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from docs.notes.observe import cmd_environment, cmd_language, linux_sealenv, linux_shell
from docs.notes.observe.note import Observation, render
from docs.notes.observe.stage import LinuxStage

LINUX = [*linux_shell.OBSERVATIONS, *linux_sealenv.OBSERVATIONS]
WINDOWS = [*cmd_language.OBSERVATIONS, *cmd_environment.OBSERVATIONS]


def main() -> int:
    """Run, compare, write; 1 where a note is not what was seen now."""
    parser = argparse.ArgumentParser(prog="python -m docs.notes.observe", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these notes")
    parser.add_argument("--write", action="store_true", help="write the notes")
    args = parser.parse_args()
    unknown = set(args.names) - {each.name for each in [*LINUX, *WINDOWS]}
    if unknown:
        parser.error(f"no such observation: {', '.join(sorted(unknown))}")
    differ = 0
    with tempfile.TemporaryDirectory(prefix="sealenv-observe-") as scratch:
        for observation, output in _seen(Path(scratch), args.names):
            differ += _compare(observation, render(observation, output), write=args.write)
    print(f"{differ} {'written' if args.write else 'differ'}")
    return 1 if differ and not args.write else 0


def _seen(scratch: Path, names: list[str]) -> Iterator[tuple[Observation, str]]:
    linux = LinuxStage(scratch / "linux")
    for observation in LINUX:
        if not names or observation.name in names:
            yield observation, linux.observe(observation)
    wanted = [each for each in WINDOWS if not names or each.name in names]
    if wanted and not os.environ.get("SEALENV_TEST_WINE"):
        print("left out: cmd.exe (SEALENV_TEST_WINE names no Wine: see CONTRIBUTING.md)")
        return
    if wanted:
        # These need the packages of the tests.
        from docs.notes.observe.winstage import WindowsStage
        from tests.channel import build
        from tests.windows.machine import find_windows

        (scratch / "machine").mkdir()
        windows = find_windows(scratch / "machine")
        with WindowsStage(scratch / "windows", windows, build()) as stage:
            stage.callback(windows.kill)
            for observation in wanted:
                yield observation, stage.observe(observation)


def _compare(observation: Observation, note: str, *, write: bool) -> int:
    path = observation.path
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    if before == note:
        return 0
    print(f"{path.name}:")
    sys.stdout.writelines(
        difflib.unified_diff(before.splitlines(True), note.splitlines(True), "recorded", "now", n=1)
    )
    if write:
        path.write_text(note, encoding="utf-8")
    return 1


if __name__ == "__main__":
    sys.exit(main())
