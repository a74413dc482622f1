"""zsh's own forms of compound commands: what stands behind them is what zsh takes it for."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from sealenv.checkup.shells.profile import read_profile
from sealenv.checkup.text import line_at
from sealenv.doctoring import examine, plan_fix
from tests.checkup.computers import computer, write
from tests.shells import require_shell

FORMS = [
    # a form in which `probe N` stands where zsh runs it; 0: it hangs on something, 9: it never runs
    "if [[ -d / ]] { probe 1 }",
    "if [[ -d / ]] { probe 1 } else { probe 9 }",
    "if [[ -d /no ]] { probe 9 } elif [[ -d / ]] { probe 1 } else { probe 9 }",
    "if [[ -d / ]] probe 1",
    "if (( 1 )) probe 1; probe 2",
    "if (true) probe 1; probe 2",
    "if [[ -d / ]] then probe 1; fi",
    "if [[ -d / ]] && [[ -n x ]] {\n  probe 1\n}",
    "if (( 1 )) {\n if [[ -n x ]] { probe 1 }\n probe 2 }",
    "while (( i++ < 1 )) { probe 1 }",
    "while (( i++ < 1 )) probe 1",
    "until [[ -n $done ]] { probe 1; done=1 }",
    "for x (1) { probe $x }",
    "for x (1) probe $x",
    "for x in 1; { probe $x }",
    "for x in 1\n{ probe $x }",
    "for ((i = 1; i < 2; i++)) { probe $i }",
    "for ((i = 1; i < 2; i++)) probe $i",
    "for ((i = 1; i < 2; i++)); do probe $i; done",
    "for x in *(N); do probe 9; done; probe 1",
    "for x (1) if [[ -n x ]] { probe 1 }",
    "foreach x (1)\n  probe $x\nend",
    "repeat 1 probe 1",
    "repeat 1 { probe 1 }",
    "repeat 1; do probe 1; done",
    "case x { (x) probe 1 ;; (y) probe 9 ;; }",
    "case x in x) probe 1 ;; esac",
    "{ probe 1 } always { probe 2 }",
    "{ probe 1 }; echo {B} > /dev/null",
    "f() probe 1\nf",
    "f()\n{ probe 1 }\nf",
    "f() if [[ -n x ]] { probe 1 }\nf",
    "function f g { probe 1 }\nf",
    "() { probe 1 }",
    "true | while read x; do probe 9; done; probe 1",
    "true | { while read x; do probe 9; done }",
    "if [[ -n x &&\n  ( -n x || -z x ) ]]; then probe 1; fi",
    "if [[ $1 = (#b)(*)=(*) ]] { probe 9 }",
    "function { probe 1 }",
    "f() { if [[ -n x ]] { probe 1 } ; probe 2 }\nf",
    "(if [[ -n x ]] probe 1)",
    "if [[ -n x ]] { for x (1) { probe 1 } } else { probe 9 }",
    "print ${(j:,:)${(@)a}} >/dev/null; probe 1",
]
"""What is in functions runs where these are called."""


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.skipif(os.name == "nt", reason="zsh")
def test_what_stands_behind_a_form(tmp_path: Path, form: str) -> None:
    """zsh runs it, and it counts as neither part of the form nor of a function."""
    text = f"probe() {{ print -r -- $1 }}\n{form}\nprobe LAST\n"
    zsh = require_shell("zsh")
    done = subprocess.run(
        [zsh, "-f", str(write(tmp_path / "s", text))], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] == "LAST"
    script = read_profile(tmp_path / "s", "zsh", text.encode()).script
    assert (script.open_at, script.lost_at) == (None, None)
    probes = [c for c in script.commands if c.words[0] == "probe"]
    last = probes[-1]
    assert (last.words, last.depth, last.function) == (("probe", "LAST"), 0, False)
    assert (last.asked, last.whole) == (False, True)
    in_functions = any(c.function for c in probes)
    assert in_functions == ("f\n" in text or form.endswith("\nf"))
    assert len(probes) == form.count("probe") + 1


LOST = [
    ("zsh", "while true { break }\nexport PYTHONPATH=/x", 1),
    ("zsh", "ls\nif [[ -n x ]]; then {\nexport PYTHONPATH=/x; fi", 2),
    ("bash", "if [[ -n x ]] { ls; }\nexport PYTHONPATH=/x", 1),
    ("bash", "ls\n}\nexport PYTHONPATH=/x", 2),
    ("bash", "if a; then\nexport PYTHONPATH=/x", 1),
    ("sh", "{ if a; then b; }\nexport PYTHONPATH=/x", 1),
    ("bash", "case x in (a) ls;; b) ls; esac; [[ a == (b|c) ]] && echo }", None),
    ("zsh", "case x in (a|b)) ls;; esac; x=(a b); ls *(N) ${x:-)}", None),
    ("bash", "echo {a,b} { } done fi; find . -exec ls {} \\;", None),
]


@pytest.mark.parametrize(("shell", "text", "line"), LOST, ids=range(len(LOST)))
def test_what_is_not_understood_is_said(
    tmp_path: Path, shell: str, text: str, line: int | None
) -> None:
    script = read_profile(tmp_path / "p", shell, f"{text}\n".encode()).script
    assert (None if script.lost_at is None else line_at(text, script.lost_at)) == line
    if line is not None:
        machine = computer(tmp_path)
        name = {"zsh": ".zshrc", "bash": ".bashrc", "sh": ".profile"}[shell]
        write(machine.home / name, f"{text}\n")
        (found,) = examine(machine, ["profile-unreadable"]).findings
        assert found.seen.where == f"{machine.home / name}:{line}"
        assert plan_fix(machine, ["profile-variable"]).empty
        (left,) = examine(machine, ["profile-variable"]).findings
        assert "not understood" in left.seen.how


def test_files_of_a_short_loop_are_followed(tmp_path: Path) -> None:
    machine = computer(tmp_path)
    write(machine.home / ".zshrc", "for f (~/.zsh.d/*.zsh) source $f\nls\n")
    path = write(machine.home / ".zsh.d/a.zsh", "conda activate x\n")
    (found,) = examine(machine, ["profile-activate"]).findings
    assert found.seen.where == f"{path}:1"
