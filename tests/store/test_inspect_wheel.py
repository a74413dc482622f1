"""Wheels are looked into before pip sees them: hostile and damaged ones are refused."""

from __future__ import annotations

import hashlib
import stat
import zipfile
from pathlib import Path

import pytest

from sealenv.errors import LinkError
from sealenv.install.preflight import paths_of
from sealenv.locks import Lock, LockedPackage, LockedWheel
from sealenv.store.inspect_wheel import inspect_wheel
from tests.pypi.index import Wheel


def locked(path: Path, name: str = "app", version: str = "1.0") -> LockedWheel:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return LockedWheel(name=name, version=version, url=path.as_uri(), sha256=digest)


def look(wheel: Wheel, folder: Path) -> None:
    path = wheel.write(folder)
    inspect_wheel(locked(path), path)


def test_where_everything_goes(tmp_path: Path) -> None:
    data = "app-1.0.data"
    wheel = Wheel(
        "app",
        files={
            "app/__init__.py": "", f"{data}/purelib/pure.py": "", f"{data}/platlib/plat.py": "",
            f"{data}/scripts/tool": "#!python\n", f"{data}/data/share/app/x": "",
            f"{data}/headers/app.h": "",
        },
        scripts=["run-app = app:main [extra]"],
    )  # fmt: skip
    path = wheel.write(tmp_path)
    found = inspect_wheel(locked(path), path)
    assert found.dist_info == "app-1.0.dist-info"
    assert found.entry_points == ["run-app = app:main [extra]"]
    for platform, site, include, scripts, programs in (
        ("linux-64", "lib/python3.12/site-packages", "include/python3.12", "bin", ["bin/run-app"]),
        (
            "win-64",
            "Lib/site-packages",
            "Include",
            "Scripts",
            ["Scripts/run-app.exe", "Scripts/run-app-script.py"],
        ),
    ):
        python = {"name": "python", "version": "3.12.1", "build": "0", "subdir": platform}
        package = LockedPackage(url="", channel="", fn="", sha256="", size=0, record=python)
        lock = Lock(platform=platform, channels=(), packages=(package,))
        paths = paths_of(locked(path), found, lock)
        assert set(paths) == {
            f"{site}/app/__init__.py", f"{site}/pure.py", f"{site}/plat.py", f"{scripts}/tool",
            "share/app/x", f"{include}/app/app.h", *programs,
            *(f"{site}/app-1.0.dist-info/{name}" for name in (
                "METADATA", "WHEEL", "RECORD", "entry_points.txt", "INSTALLER", "REQUESTED")),
        }  # fmt: skip


@pytest.mark.parametrize(
    "name",
    [
        "../outside.py", "C:/x.py", "a\\..\\b.py", "a\nb.py", "other-1.0.dist-info/METADATA",
        "app-1.0.data/data/conda-meta/history", "app-1.0.data/evil/x",
    ],
)  # fmt: skip
def test_paths_that_no_wheel_may_have(tmp_path: Path, name: str) -> None:
    with pytest.raises(LinkError, match="refused"):
        look(Wheel("app", more={name: "x"}), tmp_path)


@pytest.mark.parametrize(
    "line",
    ["../x = app:main", "-x = app:main", "x$(id) = app:main", "x = app; import os", "x = app:main()"],
)  # fmt: skip
def test_entry_points_that_are_none(tmp_path: Path, line: str) -> None:
    with pytest.raises(LinkError, match="refused"):
        look(Wheel("app", scripts=[line]), tmp_path)


def test_a_wheel_that_calls_itself_something_else(tmp_path: Path) -> None:
    path = Wheel("app", "2.0").write(tmp_path)
    with pytest.raises(LinkError, match=r".2\.0. is its version"):
        inspect_wheel(locked(path), path)
    path = Wheel("other").write(tmp_path)
    with pytest.raises(LinkError, match="is not that of app"):
        inspect_wheel(locked(path), path)


def test_what_is_missing_or_damaged(tmp_path: Path) -> None:
    broken = tmp_path / "app-1.0-py3-none-any.whl"
    broken.write_bytes(b"PK no zip")
    with pytest.raises(LinkError, match="cannot be read"):
        inspect_wheel(locked(broken), broken)
    with zipfile.ZipFile(broken, "w") as archive:
        archive.writestr("app.py", "")
        archive.writestr("app-1.0.dist-info/METADATA", "Name: app\nVersion: 1.0\n")
    with pytest.raises(LinkError, match="is missing"):
        inspect_wheel(locked(broken), broken)


def add(path: Path, info: zipfile.ZipInfo, data: bytes = b"x") -> None:
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(info, data)


def test_a_link_a_device_and_a_member_twice(tmp_path: Path) -> None:
    for number, kind in enumerate((stat.S_IFLNK, stat.S_IFCHR)):
        path = Wheel("app").write(tmp_path / str(number))
        info = zipfile.ZipInfo("app/link")
        info.external_attr = (kind | 0o777) << 16
        add(path, info)
        with pytest.raises(LinkError, match="a link or a device"):
            inspect_wheel(locked(path), path)
    path = Wheel("app").write(tmp_path / "twice")
    with pytest.warns(UserWarning, match="Duplicate name"):
        add(path, zipfile.ZipInfo("app.py"))
    with pytest.raises(LinkError, match="twice"):
        inspect_wheel(locked(path), path)


def test_a_bomb(tmp_path: Path) -> None:
    path = Wheel("app").write(tmp_path)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("app/zeros", bytes(300 << 20))
    with pytest.raises(LinkError, match="unpacks to far more"):
        inspect_wheel(locked(path), path)
