"""Zero trace on Windows: registry and profile before and after, and in the trace report.

Under Wine the whole registry is compared. On Windows, where services write to it all the time, only the
keys of a trace report are.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from sealenv.cli.trace import KEYS
from tests.channel import Channels
from tests.machine import tiny
from tests.windows.machine import Windows
from tests.windows.user import User

_READ = """
import ctypes, json, sys, winreg
# Windows writes keys for the first program that uses the screen.
ctypes.windll.user32.GetDesktopWindow()
ctypes.windll.user32.GetSystemMetrics(0)
found = {}
def read(root, hive, path):
    if hive + path in ("HKLMHARDWARE", "HKCUVolatile Environment"):
        return  # written at each start
    if (hive + path).replace(chr(92), "/") == "HKCUSoftware/Wine/WineDbg":
        return  # written by Wine when any program of this machine crashes
    last = path.rsplit(chr(92), 2)[-2:]
    if last == ["Hardware Profiles", "Current"]:
        return  # a link to another key
    if last == ["Control", "Video"] and sys.argv[3] == "wine":
        return  # without a display Wine makes a new one at each start of a desktop,
    data, names = [], []
    try:
        with winreg.OpenKey(root, path) as key:
            keys, values, _ = winreg.QueryInfoKey(key)
            data = [winreg.EnumValue(key, index) for index in range(values)]
            names = [winreg.EnumKey(key, index) for index in range(keys)]
    except FileNotFoundError:
        return
    except OSError as error:
        data = [str(error)]  # a broken link, or a key that cannot be read
    if sys.argv[3] == "wine":  # and dates its display's driver by the time of that start
        data = [item for item in data if item[0] != "DriverDateData"]
    found[hive + chr(92) + path] = sorted(repr(item) for item in data)
    for name in names:
        read(root, hive, path + chr(92) + name if path else name)
for hive, path in json.loads(sys.argv[1]):
    read(winreg.HKEY_CURRENT_USER if hive == "HKCU" else winreg.HKEY_LOCAL_MACHINE, hive, path)
with open(sys.argv[2], "w", encoding="utf-8", errors="backslashreplace") as file:
    json.dump(found, file)
"""


def registry(windows: Windows, folder: Path) -> dict[str, list[str]]:
    """Key -> its values. `reg export` of all would take a minute under Wine."""
    keys = [("HKCU", ""), ("HKLM", "")] if windows.wine else [k.split("\\", 1) for k in KEYS]
    file = folder / "registry.json"
    done = windows.run(
        [windows.python, "-c", _READ, json.dumps(keys), file, "wine" if windows.wine else "windows"]
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, list[str]] = json.loads(file.read_text(encoding="utf-8"))
    return found


def difference(before: dict[str, list[str]], after: dict[str, list[str]]) -> dict[str, list[str]]:
    """The differences, by key."""
    return {
        key: sorted({*before.get(key, ["-"])} ^ {*after.get(key, ["-"])})
        for key in before.keys() | after.keys()
        if before.get(key) != after.get(key)
    }


def files(*roots: Path) -> dict[str, tuple[int, int, int]]:
    found = {}
    for root in roots:
        for path in sorted(root.rglob("*")):
            status = path.lstat()
            folder = path.is_dir() and not path.is_symlink()
            time = (0, 0) if folder else (status.st_size, status.st_mtime_ns)
            found[str(path)] = (status.st_mode, *time)
    return found


def profile(user: User) -> dict[str, tuple[int, int, int]]:
    """The user's folder; under Wine also drive C, with all profiles."""
    prefix = user.windows.prefix
    return files(user.home, *([prefix / "drive_c"] if prefix else []))


@pytest.fixture
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hives")


def test_a_change_of_the_registry_is_seen(windows: Windows, scratch: Path) -> None:
    """A comparison that finds nothing must be able to find something."""
    before = registry(windows, scratch)
    assert len(before) > (1000 if windows.wine else 5)
    key = ["HKCU\\Environment", "/v", "SEALENV_TEST_TRACE"]
    windows.run(["reg", "add", *key, "/d", "x", "/f"])
    try:
        after = registry(windows, scratch)
    finally:
        windows.run(["reg", "delete", *key, "/f"])
    assert difference(before, after) == {"HKCU\\Environment": ["('SEALENV_TEST_TRACE', 'x', 1)"]}


@pytest.mark.slow
def test_the_whole_life_of_an_environment_leaves_no_trace(
    newcomer: User, windows: Windows, channels: Channels, scratch: Path
) -> None:
    """For a new user. The trace report agrees."""
    newcomer.run("--version")  # Wine writes keys for the first program
    hives, before = registry(windows, scratch), profile(newcomer)
    report = newcomer.root / "report.json"
    newcomer.run(
        "create", "e", "-c", newcomer.path(channels.main), *tiny("prio"),
        "--trace-report", newcomer.path(report),
    )  # fmt: skip
    newcomer.run("run", "e", "--", "cmd", "/d", "/c", "exit 0")
    newcomer.run("verify", "e")
    newcomer.run("move", "e", "moved")
    newcomer.run("remove", "moved", "-y")
    assert difference(hives, registry(windows, scratch)) == {}
    assert profile(newcomer) == before
    assert list(newcomer.tmp.iterdir()) == []
    assert list(newcomer.envs.iterdir()) == []

    content: dict[str, Any] = json.loads(report.read_text())
    assert content["elsewhere"] == []
    keys = [row["key"] for row in content["registry"]]
    assert keys == [f"{key} ({bits}-bit)" for key in KEYS for bits in (64, 32)]
    assert not any(row["added"] + row["removed"] + row["changed"] for row in content["registry"])


def test_a_trace_in_the_registry_is_reported(
    newcomer: User, windows: Windows, channels: Channels
) -> None:
    """`--post` runs an installer that writes AutoRun and a .condarc."""
    (newcomer.root / "post.bat").write_bytes(
        b'@reg add "HKCU\\Software\\Microsoft\\Command Processor" /v AutoRun /d "rem x" /f >nul\r\n'
        b'@echo x> "%USERPROFILE%\\.condarc"\r\n'
    )
    report = newcomer.root / "report.json"
    try:
        newcomer.run(
            "create", "e", "-c", newcomer.path(channels.main), *tiny("prio"),
            "--post", "post.bat", "--trace-report", newcomer.path(report),
        )  # fmt: skip
    finally:
        key = "HKCU\\Software\\Microsoft\\Command Processor"
        windows.run(["reg", "delete", key, "/v", "AutoRun", "/f"])
    content = json.loads(report.read_text())
    changed = {
        row["key"]: row["added"] for row in content["registry"] if row["added"] or row["changed"]
    }
    assert any("AutoRun" in names for names in changed.values())
    assert all("Command Processor" in name for name in changed)
    assert [os.path.basename(path.replace("\\", "/")) for path in content["elsewhere"]] == [
        ".condarc"
    ]
