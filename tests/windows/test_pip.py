"""A `pip:` section on Windows: resolved by our pip, installed by the environment's own."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from tests.channel import Channels
from tests.pypi.index import Index, Wheel
from tests.windows.user import User

TOOL = Wheel(
    "hello-tool",
    files={"hello_tool.py": "import winonly\ndef main():\n    print('hello', winonly.VALUE)\n"},
    requires=['winonly; sys_platform == "win32"', 'nowhere; sys_platform == "linux"'],
    scripts=["hello-tool = hello_tool:main"],
)


def test_a_wheel_with_a_program(user: User, channels: Channels, tmp_path: Path) -> None:
    index = Index(tmp_path / "index")
    index.add(TOOL, Wheel("winonly", tag="cp312-cp312-win_amd64"), Wheel("winonly", "0.9"))
    url = "file:///" + user.path(index.root / "simple").replace("\\", "/").replace(" ", "%20")
    channel = user.path(channels.main)
    file = tmp_path / "environment.yml"
    file.write_text(
        f"name: app\nchannels: [{json.dumps(channel)}]\ndependencies:\n  - python=3.12\n  - pip\n"
        f"  - pip:\n    - --index-url {url}\n    - hello-tool\n"
    )
    made = user.json("create", "-f", user.path(file))
    assert made["checked"]
    assert made["wheels"] == 2
    prefix = user.envs / "app"
    done = user.run("run", "app", "--", "hello-tool")
    assert done.stdout.split() == ["hello", "1"]
    folder = prefix / "Lib/site-packages/hello_tool-1.0.dist-info"
    with (folder / "RECORD").open(newline="") as rows:
        named = {row[0] for row in csv.reader(rows)}
    assert "../../Scripts/hello-tool.exe" in named
    assert (folder.parent / "__pycache__/hello_tool.cpython-312.pyc").is_file()
    assert not (folder / "direct_url.json").exists()
    assert user.json("verify", "app")["findings"] == []
    assert sorted(path.name for path in user.home.rglob("*")) == []
    assert sorted(path.name for path in user.tmp.rglob("*")) == []
