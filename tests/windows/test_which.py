"""`sealenv which`, compared with `where` and with what cmd.exe really runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sealenv.commands.which import which, windows_candidates
from sealenv.fields import to_json
from tests.channel import Channels
from tests.windows.machine import Windows
from tests.windows.prefixes import create_on_this_machine

NAMES = ("tool", "TOOL", "both", "late", "x.y", "tool.cmd", "bare", "nope")
PATHEXTS = (".COM;.EXE;.BAT;.CMD", ".CMD;.BAT;.EXE")


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders of batch files that say where they are."""
    root = tmp_path_factory.mktemp("tools of mine")
    files = ("one/tool.cmd", "one/both.cmd", "one/both.bat", "two/tool.bat", "two/tool.cmd",
             "two/late.bat", "here/tool.bat", "two/x.y.bat", "one/bare")  # fmt: skip
    for name in files:
        file = root / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"@echo %~f0\r\n")
    (root / "one/late.bat").mkdir()
    return root


def found(windows: Windows, tools: Path, name: str, cwd: str, pathext: str) -> list[str]:
    folders = [str(tools / folder) for folder in (cwd, "one", "two")]
    candidates = windows_candidates(name, folders, pathext)
    return [windows.path(Path(one.path)).lower() for one in candidates]


@pytest.mark.parametrize("pathext", PATHEXTS)
@pytest.mark.parametrize("cwd", [".", "here"])
def test_what_cmd_runs_is_the_first(windows: Windows, tools: Path, cwd: str, pathext: str) -> None:
    path = ";".join(windows.path(tools / folder) for folder in ("one", "two"))
    calls = [f"echo [{name}]\r\ncall {name} 2>nul" for name in NAMES]
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
    for name in NAMES:
        assert found(windows, tools, name, cwd, pathext)[:1] == ran.get(f"[{name}]", []), name


@pytest.mark.parametrize("name", ["tool", "both", "x.y"])
def test_where_lists_the_same_in_the_same_order(windows: Windows, tools: Path, name: str) -> None:
    path = ";".join(windows.path(tools / folder) for folder in ("one", "two"))
    env = {"PATH": path, "PATHEXT": PATHEXTS[0]}
    listed = windows.cmd(f"where {name}", env=env, cwd=tools / "here").stdout
    assert found(windows, tools, name, "here", PATHEXTS[0]) == listed.lower().splitlines()


def test_after_an_activation(windows: Windows, channels: Channels, tmp_path: Path) -> None:
    """Note 4 of the original document: `where` in an activated cmd.exe says the same."""
    prefix = create_on_this_machine(tmp_path, channels)
    shown = windows.path(prefix)
    told: dict[str, Any] = {
        name: to_json(which(prefix, name))["candidates"]
        for name in ("mamba", "conda", "python", "pip")
    }
    lines = "\r\n".join(f"echo [{name}]\r\nwhere {name}" for name in told)
    listed = windows.cmd(f'call "{shown}\\activate.bat"\r\n{lines}', cwd=tmp_path).stdout.lower()
    expected = [
        line
        for name, candidates in told.items()
        for line in (f"[{name}]", *(windows.path(Path(c["path"])).lower() for c in candidates))
    ]
    assert listed.splitlines() == expected
    assert told["mamba"][0]["path"].replace("\\", "/").endswith("condabin/mamba.bat")
