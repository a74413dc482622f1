"""What POSIX shells run, compared with the shells themselves."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sealenv.candidates import Kind, State, posix_candidates
from sealenv.candidates.builtins import BUILTINS, KEYWORDS
from tests.shells import require_shell

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX shells")

NAMES = ("plain", "later", "only_bad", "dangling", "folder", "nothing", "linked", "echo", "fifo")


@pytest.fixture
def folders(tmp_path: Path) -> list[str]:
    """Three folders with what shells meet on PATH."""
    a, b, c = (tmp_path / name for name in ("a", "b b", "c"))
    for folder in (a, b, c):
        folder.mkdir()
    for path in (a / "plain", b / "plain", c / "later", b / "echo", c / "target"):
        path.write_text(f"#!/bin/sh\necho {path}\n")
        path.chmod(0o755)
    for path in (a / "later", a / "only_bad"):
        path.write_text("#!/bin/sh\necho bad\n")
        path.chmod(0o644)
    (a / "dangling").symlink_to("nowhere")
    (b / "dangling").symlink_to(c / "target")
    (a / "linked").symlink_to(c / "target")
    (a / "folder").mkdir()
    (c / "folder").symlink_to(c / "target")
    os.mkfifo(a / "fifo")
    return [str(a), str(b), str(c)]


def ask(shell: str, program: str, folders: list[str], cwd: Path, *args: str) -> str:
    options = {"bash": ["--norc", "--noprofile"], "zsh": ["-f"]}.get(shell, [])
    done = subprocess.run(
        [require_shell(shell), *options, "-c", program, shell, *args],
        env={"PATH": ":".join(folders)}, cwd=cwd, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stdout.strip()


@pytest.mark.parametrize("shell", ["bash", "zsh", "dash"])
@pytest.mark.parametrize("name", NAMES)
def test_the_shell_itself_runs_the_same(
    shell: str, name: str, folders: list[str], tmp_path: Path
) -> None:
    found = posix_candidates(name, folders, str(tmp_path), shell)
    winner = next((c for c in found if c.state is State.RUNS), None)
    if winner and winner.path is None:
        assert ask(shell, f"command -v {name}", folders, tmp_path) == name
        return
    expected = os.path.realpath(winner.path) if winner and winner.path else ""
    assert ask(shell, name, folders, tmp_path) == expected
    if winner:
        assert ask(shell, f"command -v {name}", folders, tmp_path) == winner.path


@pytest.mark.parametrize("name", [n for n in NAMES if n not in ("only_bad", "nothing", "fifo")])
def test_type_a_lists_the_same_in_the_same_order(
    name: str, folders: list[str], tmp_path: Path
) -> None:
    found = posix_candidates(name, folders, str(tmp_path), "bash")
    usable = [c for c in found if c.state is not State.PASSED_OVER]
    listed = ask("bash", f"type -a -p {name}", folders, tmp_path).splitlines()
    assert listed == [c.path for c in usable if c.path]


def test_each_that_is_passed_over_has_its_reason(folders: list[str], tmp_path: Path) -> None:
    reasons = {
        name: [
            c.because
            for c in posix_candidates(name, folders, str(tmp_path))
            if c.state is State.PASSED_OVER
        ]
        for name in ("later", "dangling", "folder", "fifo")
    }
    assert reasons == {
        "later": ["it is not executable (mode 0644)"],
        "dangling": ["a link that leads nowhere: nowhere"],
        "folder": ["it is a folder"],
        "fifo": ["it is no plain file"],
    }


@pytest.mark.parametrize("shell", ["bash", "zsh", "dash"])
@pytest.mark.parametrize("entry", ["", ".", "relative"])
def test_what_is_not_absolute_starts_at_the_current_folder(
    shell: str, entry: str, tmp_path: Path
) -> None:
    here = tmp_path / "relative" if entry == "relative" else tmp_path
    here.mkdir(exist_ok=True)
    (here / "tool").write_text("#!/bin/sh\necho ran\n")
    (here / "tool").chmod(0o755)
    folders = ["/nowhere", entry]
    (found,) = posix_candidates("tool", folders, str(tmp_path), shell)
    assert found.state is State.RUNS
    assert os.path.samefile(str(found.path), here / "tool")
    assert ask(shell, "tool", folders, tmp_path) == "ran"


def test_a_command_with_a_slash_is_that_file(folders: list[str], tmp_path: Path) -> None:
    (found,) = posix_candidates("./a/plain", folders, str(tmp_path))
    assert found.state is State.RUNS
    assert ask("dash", "./a/plain", folders, tmp_path) == f"{folders[0]}/plain"
    (gone,) = posix_candidates("./plain", folders, str(tmp_path))
    assert gone.state is State.PASSED_OVER


def test_the_words_of_bash_and_zsh_are_those_that_they_list(tmp_path: Path) -> None:
    for shell, builtins, words in (
        ("bash", "compgen -b", "compgen -k"),
        ("zsh", "zmodload zsh/parameter; print -l ${(k)builtins}", "print -l ${(k)reswords}"),
    ):
        listed = set(ask(shell, builtins, [], tmp_path).split())
        reserved = set(ask(shell, words, [], tmp_path).split())
        assert BUILTINS[shell] - listed == set(), shell
        assert KEYWORDS[shell] - reserved == set(), shell
        # A newer shell may have more; this one has the few that make a difference.
        assert {"type", "echo", "printf", "test", "kill"} <= BUILTINS[shell] & listed


@pytest.mark.parametrize("shell", ["bash", "zsh", "dash"])
def test_what_any_shell_has_itself_needs_no_path(shell: str, tmp_path: Path) -> None:
    words = sorted(BUILTINS["posix"] | KEYWORDS["posix"])
    program = 'for w do command -v "$w" >/dev/null || echo "$w"; done'
    assert ask(shell, program, ["/nowhere"], tmp_path, *words) == ""


def test_a_word_of_the_grammar_comes_before_all(folders: list[str], tmp_path: Path) -> None:
    first, *_ = posix_candidates("time", folders, str(tmp_path), "bash")
    assert (first.kind, first.state) == (Kind.KEYWORD, State.RUNS)
    assert ask("bash", "type -t time", folders, tmp_path) == "keyword"
    assert posix_candidates("time", folders, str(tmp_path), "dash") == []
