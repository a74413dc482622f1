"""Functions and aliases of start-up files that hide a program of an environment."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sealenv.checkup.shells.meaning import meaning_of
from sealenv.checkup.shells.profile import read_profile
from sealenv.doctoring import examine, plan_fix
from tests.checkup.computers import computer, write

CASES = [
    # shell, text, what is found in it
    ("bash", "alias python=/opt/conda/bin/python", ["alias python"]),
    ("bash", "alias python=python3 pip='noglob pip3'", []),
    ("bash", "alias ll=ls pip='uv pip' conda='python -m conda'", ["alias pip"]),
    ("bash", "builtin alias python=' python3'", ["alias python"]),
    ("zsh", "alias python=python3; alias -g pip=pip3", ["alias pip"]),
    ("zsh", "alias -s python=vi; autoload -Uz conda", ["function conda"]),
    ("sh", "alias python=python3", ["alias python"]),
    ("bash", "conda() {\n  echo x\n}\nfunction pip { :; }", ["function conda", "function pip"]),
    ("bash", "function mamba () ( : )\nmyconda() { conda() { :; }; }", ["function mamba"]),
    ("zsh", "function x conda { : }\npip3 () :", ["function conda", "function pip3"]),
    ("bash", "if true; then\n  python () { :; }\nfi", ["function python"]),
    ("bash", "conda activate x; function y { alias python=/x; }", []),
    ("bash", "eval 'python() { :; }'", ["function python"]),
    ("tcsh", "alias python python3\nalias ll ls -l\nalias conda", ["alias python"]),
    ("fish", "alias python=python3\nalias pip 'python -m pip'", ["alias python", "alias pip"]),
    ("fish", "function conda --wraps x\n echo\nend", ["function conda"]),
    ("fish", "functions -c a pip; functions -q conda", ["function pip"]),
    ("fish", "function a\n function conda\n end\nend; abbr python python3", []),
    ("PowerShell", "function Conda { ls }", ["function conda"]),
    ("PowerShell", "Set-Alias -Name python -Value C:\\x", ["alias python"]),
    ("PowerShell", "function Mine { function conda { ls } }", []),
    ("nu", "def --env conda [...a] { ls }", ["function conda"]),
    ("nu", "alias python = ^python3\nalias pip = uv pip", ["alias pip"]),
    ("xonsh", "aliases['python'] = 'python3'\naliases['pip'] = ['pip3']", []),
    ("xonsh", "aliases['conda'] = ['/x', 'y']", ["alias conda"]),
    ("xonsh", "@aliases.register('conda')\ndef _conda(args):\n    pass", ["function conda"]),
]  # fmt: skip


@pytest.mark.parametrize(("shell", "text", "names"), CASES, ids=[c[1][:30] for c in CASES])
def test_what_is_defined(shell: str, text: str, names: list[str]) -> None:
    profile = read_profile(Path("p"), shell, f"{text}\n".encode())
    found = [m for c in profile.commands if (m := meaning_of(c, shell)) and m.kind == "function"]
    assert [m.what.removeprefix("defines the ").partition(":")[0] for m in found] == names


def test_what_is_taken_away_again(tmp_path: Path) -> None:
    machine = computer(tmp_path)
    text = (
        "conda() { :; }\nunset -f conda\nalias pip=/x\nunalias -a\nunset python\npython() { :; }\n"
    )
    write(machine.home / ".bashrc", text)
    (found,) = examine(machine, ["profile-function"]).findings
    assert found.seen.evidence == ("python() { :; }",)
    assert "by hand" in found.seen.how


FIXED = [
    (".bashrc", "alias python=/x # mine", ": # mine"),
    (".bashrc", "alias python=/x", ": # sealenv doctor took out: alias python=/x"),
    (".bashrc", "alias python=/x ll=ls", None),
    (".bashrc", "alias python=/x || echo", None),
    (".bashrc", "conda() { :; }", None),
    (".tcshrc", "if (1) alias python /x", "if (1) :"),
    (".config/fish/config.fish", "alias pip x; true", "true; true"),
    (".config/fish/config.fish", "function conda; end", None),
]


@pytest.mark.skipif(os.name == "nt", reason="start-up files of POSIX shells")
@pytest.mark.parametrize(("place", "line", "after"), FIXED, ids=[c[1] for c in FIXED])
def test_a_plain_alias_goes(tmp_path: Path, place: str, line: str, after: str | None) -> None:
    machine = computer(tmp_path)
    write(machine.home / place, f"{line}\n")
    (found,) = examine(machine, ["profile-function"]).findings
    assert found.severity.value == "error"
    plan = plan_fix(machine, ["profile-function"])
    if after is None:
        assert (plan.empty, found.fixable) == (True, False)
    else:
        assert (plan.files[0].after or b"").startswith(after.encode())
