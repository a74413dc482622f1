"""`sealenv audit` on Windows: launchers, either slash, either case; and of a tree that Linux made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.pypi.index import Wheel
from tests.windows.user import User

Made = tuple[User, Path]
TOOL = Wheel(
    "hello-tool",
    files={"hello_tool.py": "def main():\n    print('hello')\n"},
    scripts=["hello-tool = hello_tool:main"],
)


def own(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {f["path"]: f for f in answer["findings"] if f["whose"] == "own"}


def test_a_fresh_environment(made: Made) -> None:
    user, _ = made
    answer = user.json("audit", "shared_3_12")
    found = own(answer)
    assert {"conda-meta/sealenv", "Scripts/activate", "etc/profile.d/conda.sh"} <= set(found)
    assert answer["left"] == 0
    assert all(f["fix"] == "move" for f in found.values() if f["matters"])
    # What create made relative holds it no longer.
    assert not {"condabin/mamba.bat", "Scripts/conda-script.py"} & set(found)


def test_every_form(user: User, breakable: Path) -> None:
    place = user.path(breakable)
    forms = {
        "plain": place,
        "slashes": place.replace("\\", "/"),
        "lower": place.lower(),
        "upper": place.upper(),
        "json": json.dumps(place),
        "url": "file:///" + place.replace("\\", "/").replace(" ", "%20"),
    }
    for name, text in forms.items():
        (breakable / f"{name}.txt").write_text(f"x = {text}\n")
    (breakable / "other.txt").write_text(f"{place}2 {place}-old\n")
    wheel = TOOL.write(user.root / "wheels")
    install = ["-m", "pip", "install", "-q", "--no-index", user.path(wheel)]
    user.run("run", "small_3_12", "--", "python", *install)
    found = own(user.json("audit", "small_3_12"))
    assert not [path for path, finding in found.items() if finding["left"]]
    texts = {path.removesuffix(".txt") for path in found if "/" not in path} - {"activate.bat"}
    assert {*forms} <= texts
    assert "other" not in texts
    assert all(found[f"{name}.txt"]["count"] == 1 for name in forms)
    launcher = found["Scripts/hello-tool.exe"]
    assert launcher["owner"] == "hello-tool"
    assert launcher["why"] == "its first line names the interpreter by this path"


def test_fix_mends_what_mamba_writes_anew(user: User, breakable: Path) -> None:
    path = breakable / "condabin/mamba_hook.bat"
    path.write_bytes(
        f'@SET "MAMBA_EXE={user.path(breakable)}\\Library\\bin\\mamba.exe"\r\n'.encode()
    )
    found = own(user.json("audit", "small_3_12"))
    assert found["condabin/mamba_hook.bat"]["fix"] == "relative"
    # The rest of the file is gone, so it differs from the sealed one.
    user.run("seal", "small_3_12", "-y")
    answer = user.json("audit", "small_3_12", "--fix")
    assert [p["path"] for p in answer["patched"]] == ["condabin/mamba_hook.bat"]
    assert b"%~dp0" in path.read_bytes()
    assert "conda-meta/sealenv" in answer["registered"]
    assert user.json("verify", "small_3_12")["findings"] == []
