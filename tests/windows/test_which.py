"""`sealenv which`, compared with `where` and with what cmd.exe really runs.

A Python under Wine takes seconds to start: one answers all questions, and one batch file asks cmd.exe.
"""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.channel import Channels
from tests.windows.machine import REPO, Windows
from tests.windows.prefixes import create_on_this_machine

NAMES = ("tool", "TOOL", "both", "late", "x.y", "tool.cmd", "bare", "nope", "dir")
PATHEXTS = (".COM;.EXE;.BAT;.CMD", ".CMD;.BAT;.EXE")
FOLDERS = (".", "here")
TOOLS = ("mamba", "conda", "python", "pip")
ASK = """
import json, os, sys
from sealenv.commands.which import which
from sealenv.fields import to_json
answers = []
variables = dict(os.environ)
for kind, first, second, cwd, extra in json.loads(sys.argv[1]):
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update({**variables, **extra})
    words = (first, second) if kind == "in" else (None, first)
    answers.append(to_json(which(*words)))
print(json.dumps(answers))
"""
Case = tuple[str, str, str]


def ask(windows: Windows, questions: Sequence[tuple[Any, ...]], cwd: Path) -> list[dict[str, Any]]:
    boot = f"import sys; sys.path.insert(0, {windows.path(REPO / 'src')!r})\n"
    done = windows.run([windows.python, "-c", boot + ASK, json.dumps(questions)], cwd=cwd)
    assert done.returncode == 0, done.stderr
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    return answers


def usable(answer: dict[str, Any]) -> list[str]:
    found = [c["path"] for c in answer["candidates"] if c["state"] != "passed over" and c["path"]]
    return [path.lower() for path in found]


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders of batch files that say where they are."""
    root = tmp_path_factory.mktemp("tools of mine")
    files = ("one/tool.cmd", "one/both.cmd", "one/both.bat", "two/tool.bat", "two/tool.cmd",
             "two/late.bat", "here/tool.bat", "two/dir.bat", "two/x.y.bat", "one/bare")  # fmt: skip
    for name in files:
        file = root / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"@echo %~f0\r\n")
    (root / "one/late.bat").mkdir()
    return root


@pytest.fixture(scope="module")
def path(windows: Windows, tools: Path) -> str:
    return ";".join(windows.path(tools / folder) for folder in ("one", "two"))


@pytest.fixture(scope="module")
def answers(windows: Windows, tools: Path, path: str) -> dict[Case, dict[str, Any]]:
    """What we say of every name, in each current folder, with each PATHEXT."""
    cases = list(itertools.product(NAMES, FOLDERS, PATHEXTS))
    questions = [
        ("here", name, "", windows.path(tools / cwd), {"PATH": path, "PATHEXT": pathext})
        for name, cwd, pathext in cases
    ]
    return dict(zip(cases, ask(windows, questions, tools), strict=True))


@pytest.mark.parametrize("pathext", PATHEXTS)
@pytest.mark.parametrize("cwd", FOLDERS)
def test_what_cmd_runs_is_the_first(
    windows: Windows, tools: Path, path: str, answers: dict[Case, dict[str, Any]], cwd: str,
    pathext: str,
) -> None:  # fmt: skip
    names = [name for name in NAMES if name != "dir"]
    calls = [f"echo [{name}]\r\ncall {name} 2>nul" for name in names]
    # Wine takes PATHEXT from its registry, whatever is in the variables that it is started with.
    lines = "\r\n".join([f'set "PATHEXT={pathext}"', *calls])
    env = {"PATH": path, "PATHEXT": pathext}
    said = windows.cmd(lines, env=env, cwd=tools / cwd).stdout.splitlines()
    ran: dict[str, list[str]] = {}
    section = ""
    for line in said:
        if line.startswith("[") and line.endswith("]"):
            section = line
        else:
            ran.setdefault(section, []).append(line.lower())
    for name in names:
        answer = answers[name, cwd, pathext]
        assert usable(answer)[:1] == ran.get(f"[{name}]", []), name
        assert answer["found"] is (name not in ("bare", "nope"))


@pytest.mark.parametrize("name", ["tool", "both", "x.y"])
def test_where_lists_the_same_in_the_same_order(
    windows: Windows, tools: Path, path: str, answers: dict[Case, dict[str, Any]], name: str
) -> None:
    env = {"PATH": path, "PATHEXT": PATHEXTS[0]}
    listed = windows.cmd(f"where {name}", env=env, cwd=tools / "here").stdout
    assert usable(answers[name, "here", PATHEXTS[0]]) == listed.lower().splitlines()


def test_a_command_of_cmds_own_hides_the_file(
    windows: Windows, tools: Path, path: str, answers: dict[Case, dict[str, Any]]
) -> None:
    found = answers["dir", "here", PATHEXTS[0]]["candidates"]
    told = [(c["kind"], c["state"]) for c in found]
    assert told == [("builtin", "runs"), ("batch", "shadowed")]
    shown = windows.cmd("dir", env={"PATH": path}, cwd=tools / "one").stdout.lower()
    assert "dir.bat" not in shown
    assert "both.bat" in shown


def test_after_an_activation(windows: Windows, channels: Channels, tmp_path: Path) -> None:
    """Note 4 of the original document, told on Windows and on Linux, and `where` says the same."""
    from sealenv.commands.which import which
    from sealenv.fields import to_json

    prefix = create_on_this_machine(tmp_path, channels)
    shown = windows.path(prefix)
    here = windows.path(tmp_path)
    told = dict(
        zip(TOOLS, ask(windows, [("in", shown, n, here, {}) for n in TOOLS], tmp_path), strict=True)
    )
    lines = "\r\n".join(f"echo [{name}]\r\nwhere {name}" for name in TOOLS)
    listed = windows.cmd(f'call "{shown}\\activate.bat"\r\n{lines}', cwd=tmp_path).stdout.lower()
    expected = [line for name in TOOLS for line in (f"[{name}]", *usable(told[name]))]
    assert listed.splitlines() == expected

    wrapper, program = told["mamba"]["candidates"]
    assert wrapper["path"].lower().endswith("condabin\\mamba.bat")
    assert wrapper["starts"]["path"].lower() == program["path"].lower()
    python = windows.path(prefix / "python.exe")
    assert program["starts"] == {"path": python, "exists": True, "how": "launcher"}
    if os.name != "nt":
        on_linux = which(prefix, "mamba")
        pairs = zip(to_json(on_linux)["candidates"], told["mamba"]["candidates"], strict=True)
        for mine, theirs in pairs:
            assert windows.path(mine["path"]).lower() == theirs["path"].lower()
            for key in ("state", "kind", "because", "owner"):
                assert mine[key] == theirs[key]
