"""Zero trace on Windows: registry and profile before and after, and what the trace report says of them.

Under Wine the registry is compared whole; on Windows itself, where services write it all the time, the
keys that a trace report looks at.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from sealenv.traces.registry import KEYS
from tests.channel import Channels
from tests.machine import tiny
from tests.windows.machine import Windows
from tests.windows.user import User

_READ = """
import ctypes, json, sys, winreg
# What Windows sets up for the first program that asks for a screen is not ours.
ctypes.windll.user32.GetDesktopWindow()
ctypes.windll.user32.GetSystemMetrics(0)
found = {}
def read(root, hive, path):
    if hive + path in ("HKLMHARDWARE", "HKCUVolatile Environment"):
        return  # made anew at each start
    if (hive + path).replace(chr(92), "/") == "HKCUSoftware/Wine/WineDbg":
        return  # written by Wine when any program of this machine crashes
    last = path.rsplit(chr(92), 2)[-2:]
    if last == ["Hardware Profiles", "Current"]:
        return  # a link to the one beside it
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
        data = [str(error)]  # a link that leads nowhere, a key that nobody may read
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
    keys = [("HKCU", ""), ("HKLM", "")] if windows.wine else KEYS
    file = folder / "registry.json"
    done = windows.run(
        [windows.python, "-c", _READ, json.dumps(keys), file, "wine" if windows.wine else "windows"]
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, list[str]] = json.loads(file.read_text(encoding="utf-8"))
    return found


def difference(before: dict[str, list[str]], after: dict[str, list[str]]) -> dict[str, list[str]]:
    """What is not the same, by key."""
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
    """The user's folder; under Wine also drive C, with everybody's profile on it."""
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
    """Of somebody who has never used sealenv; the trace report says the same."""
    newcomer.run("--version")  # what Wine sets up for a first program is not ours
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

    told: dict[str, Any] = json.loads(report.read_text())
    assert told["elsewhere"] == []
    assert told["tally"]["elsewhere"] == {"paths": 0, "registry": 0}
    keys = [row["key"] for row in told["registry"]]
    assert keys == [f"{hive}\\{key} ({bits}-bit)" for hive, key in KEYS for bits in (64, 32)]
    (user,) = (row for row in told["registry"] if row["key"] == "HKCU\\Environment (64-bit)")
    assert user["before"] == user["after"]
    assert user["before"]["exists"] is True


def test_a_trace_in_the_registry_is_told(
    newcomer: User, windows: Windows, channels: Channels
) -> None:
    """What an installer run by `--post` leaves: the user's PATH and AutoRun."""
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
    told = json.loads(report.read_text())
    changed = {
        row["key"]: row["added"] for row in told["registry"] if row["added"] or row["changed"]
    }
    assert any("AutoRun" in names for names in changed.values())
    assert all("Command Processor" in name for name in changed)
    assert [os.path.basename(path.replace("\\", "/")) for path in told["elsewhere"]] == [".condarc"]
