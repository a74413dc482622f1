"""`sealenv report` on Windows: the page is written, and holds the packages and the commands there."""

from __future__ import annotations

from pathlib import Path

from tests.commands.test_report import facts_in
from tests.windows.user import User


def test_the_page(user: User, breakable: Path) -> None:
    out = user.root / "the report.html"
    said = user.json("report", breakable.name, "-o", user.path(out))
    info = user.json("info", breakable.name)
    assert (said["damaged"], said["left"]) == (False, 0)
    assert said["bytes"] == out.stat().st_size
    facts = facts_in(out.read_text(encoding="utf-8"))
    assert facts["environment"]["prefix"] == user.path(breakable)
    packages = {p["name"]: p for p in facts["packages"]}
    assert set(packages) == {p["name"] for p in info["package_list"]} >= {"python", "pip"}
    assert packages["python"]["files"] > 0
    total = facts["environment"]["files"]
    assert sum(share["files"] for share in [*facts["packages"], *facts["others"]]) == total
    commands = {c["name"]: c for c in facts["commands"]["list"]}
    assert (commands["python"]["path"], commands["python"]["owner"]) == (
        "python.exe",
        "conda:python",
    )
    assert commands["pip"]["path"] == "Scripts/pip.exe"
    assert facts["verify"]["findings"] == []
    assert (facts["verify"]["damaged"], facts["audit"]["left"]) == (False, 0)
    refused = user.run("report", breakable.name, "-o", user.path(out), code=2)
    assert "the output file already exists" in refused.stderr
    inside = breakable / "report.html"
    refused = user.run("report", breakable.name, "-o", user.path(inside), code=2)
    assert "would be in the environment" in refused.stderr
    assert not inside.exists()
