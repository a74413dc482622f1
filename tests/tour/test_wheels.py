"""Wheels become noarch packages."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from sealenv.errors import UsageError
from sealenv.tour.wheels import package_from_wheel

_METADATA = "Metadata-Version: 2.1\nName: My_Tool\nVersion: 2.0\nRequires-Python: >=3.8, <4\n"
_POINTS = """
[console_scripts]
my-tool = my_tool:main
extra.tool = my_tool.cli : run [colour]
[gui_scripts]
my-gui = my_tool:gui
[other.group]
x = y:z
"""


def _wheel(folder: Path, **more: str) -> Path:
    wheel = folder / "my_tool-2.0-py3-none-any.whl"
    files = {
        "my_tool/__init__.py": "",
        "my_tool-2.0.dist-info/METADATA": _METADATA,
        "my_tool-2.0.dist-info/entry_points.txt": _POINTS,
        "my_tool-2.0.data/scripts/tool.sh": "#!/bin/sh\n",
        "my_tool-2.0.data/data/share/doc.txt": "doc",
        "my_tool-2.0.data/purelib/extra.py": "",
        **more,
    }
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return wheel


def test_a_wheel_becomes_a_noarch_package(tmp_path: Path) -> None:
    package = package_from_wheel(_wheel(tmp_path), depends=("other >=1",))
    assert (package.name, package.version, package.noarch) == ("my-tool", "2.0", "python")
    assert package.depends == ("python >=3.8,<4", "other >=1")
    assert package.entry_points == (
        "extra.tool = my_tool.cli:run",
        "my-gui = my_tool:gui",
        "my-tool = my_tool:main",
    )
    paths = {item.path for item in package.payload}
    assert {
        "site-packages/my_tool/__init__.py",
        "site-packages/my_tool-2.0.dist-info/INSTALLER",
        "site-packages/extra.py",
        "python-scripts/tool.sh",
        "share/doc.txt",
    } <= paths


def test_compiled_or_broken_wheels_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="pure-Python"):
        package_from_wheel(tmp_path / "x-1-cp312-cp312-linux_x86_64.whl")
    (tmp_path / "x-1-py3-none-any.whl").write_bytes(b"no zip")
    with pytest.raises(UsageError, match="cannot be read"):
        package_from_wheel(tmp_path / "x-1-py3-none-any.whl")
