"""As made, modified or damaged: ordinary changes by conda, mamba and pip are not damage."""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from rattler import Channel, PrefixRecord, install, solve

from sealenv.layout import FILES, SEAL
from tests.channel import Channels
from tests.commands.test_verify import write_record
from tests.machine import Machine
from tests.pypi.index import Index, Wheel


@pytest.fixture
def prefix(machine: Machine, channels: Channels) -> Path:
    """An environment `e` without python."""
    return Path(machine.tiny("e", channels.main_url, "prio", "dated=1.0")["prefix"])


def transact(machine: Machine, prefix: Path, channels: Channels, *specs: str) -> None:
    """Make these specs the content of a prefix, as pixi does: files, records, and what was removed."""

    async def run() -> None:
        files = (prefix / "conda-meta").glob("*.json")
        installed = [PrefixRecord.from_path(path) for path in files]
        records = await solve(
            [Channel(channels.main_url)], list(specs), platforms=["linux-64", "noarch"]
        )
        await install(
            records,
            prefix,
            cache_dir=machine.root / "pixi",
            show_progress=False,
            installed_packages=installed,
        )

    asyncio.run(run())


def pip(machine: Machine, env: str, *args: str) -> None:
    machine.run("run", "--clean", env, "--", "python", "-m", "pip", "-q", *args)


def kinds(answer: dict[str, Any], of: str = "findings") -> set[tuple[str, str]]:
    return {(found["kind"], found["package"] or found["path"]) for found in answer[of]}


def test_packages_changed_by_a_package_manager(
    machine: Machine, prefix: Path, channels: Channels
) -> None:
    transact(machine, prefix, channels, "dated=2.0", "undated")
    changes = {("changed", "dated"), ("removed", "prio"), ("added", "undated")}
    for fast in ([], ["--fast"]):
        answer = machine.json("verify", "e", *fast)
        assert (answer["state"], answer["condition"]) == ("sealed", "modified")
        assert kinds(answer) == changes
    machine.json("verify", "e", "--locked", code=1)
    said = machine.run("verify", "e")
    assert said.stdout.splitlines() == [
        "changed        dated-1.0-0 -> dated-2.0-0",
        "removed        prio-1.0-0",
        "added          undated-1.0-0",
    ]
    assert "modified, 3 changed packages" in said.stderr
    assert said.stderr.endswith("next: sealenv seal e accepts the changed packages\n")
    for command in (("list",), ("info", "e")):
        shown = machine.run(*command).stdout
        assert "sealed, modified" in shown
        assert "damaged" not in shown
    page = machine.json("report", "e", "-o", "page.html")
    assert (page["condition"], page["damaged"]) == ("modified", False)
    assert {(c["what"], c["name"]) for c in machine.json("diff", "e", code=1)["changes"]} == changes
    assert machine.run("repair", "e").stderr.endswith("nothing to repair\n")
    assert machine.json("verify", "e")["condition"] == "modified"
    machine.run("seal", "e", "-y")
    assert machine.json("verify", "e", "--locked")["condition"] == "as made"
    assert "modified" not in machine.run("list").stdout


def test_a_file_of_an_added_package_is_damaged(
    machine: Machine, prefix: Path, channels: Channels
) -> None:
    """It is judged by the package's own record, and comes back; the package stays."""
    transact(machine, prefix, channels, "dated=1.0", "prio", "undated")
    path = next(prefix.glob("share/undated/*"))
    content = path.read_bytes()
    path.unlink()
    path.write_text("other\n")
    answer = machine.json("verify", "e", code=1)
    assert answer["condition"] == "damaged"
    assert kinds(answer) == {("added", "undated"), ("altered", "undated")}
    assert "modified" in machine.run("list").stdout  # from records alone
    assert kinds(machine.json("repair", "e"), "repaired") == {("altered", "undated")}
    assert path.read_bytes() == content
    assert machine.json("verify", "e")["condition"] == "modified"


def test_an_edited_record_excuses_no_edited_file(machine: Machine, prefix: Path) -> None:
    path = next(prefix.glob("share/prio/*"))
    content = path.read_bytes()
    path.unlink()
    path.write_text("other\n")
    promise_other(prefix, path)
    assert ("altered", "prio") in kinds(machine.json("verify", "e", code=1))
    machine.json("repair", "e")
    assert path.read_bytes() == content


def promise_other(prefix: Path, path: Path) -> None:
    """Write the digest of a changed file into the record of `prio`."""
    record = next((prefix / "conda-meta").glob("prio-*.json"))
    content = json.loads(record.read_text())
    for entry in content["paths_data"]["paths"]:
        if entry["_path"] == path.relative_to(prefix).as_posix():
            entry["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
            entry["size_in_bytes"] = path.stat().st_size
    record.write_text(json.dumps(content))


def test_untracked_files(machine: Machine, prefix: Path) -> None:
    """Data of the user is listed; it is not damage, and repair ignores it."""
    for name in ("analysis.ipynb", "data/a.csv", "share/notes.txt"):
        (prefix / name).parent.mkdir(exist_ok=True)
        (prefix / name).write_text("mine\n")
    answer = machine.json("verify", "e")
    assert answer["condition"] == "as made"
    assert kinds(answer) == {
        ("untracked", "analysis.ipynb"), ("untracked", "data/"), ("untracked", "share/notes.txt"),
    }  # fmt: skip
    machine.json("verify", "e", "--locked")
    next(prefix.glob("share/prio/*")).unlink()
    answer = machine.json("repair", "e")
    assert kinds(answer, "repaired") == {("missing", "prio")}
    assert answer["left"] == []
    assert (prefix / "analysis.ipynb").read_text() == "mine\n"


def test_untracked_code(machine: Machine, prefix: Path) -> None:
    names = (
        "bin/own", "etc/conda/activate.d/own.sh", "lib/libown.so", "lib/python3.12/site-packages/x.pth",
    )  # fmt: skip
    for name in names:
        (prefix / name).parent.mkdir(parents=True, exist_ok=True)
        (prefix / name).write_text("x\n")
    answer = machine.json("verify", "e", code=1)
    assert answer["condition"] == "damaged"
    assert {found["kind"] for found in answer["findings"]} == {"untracked-code"}
    assert "sealenv seal e" in machine.run("verify", "e", code=1).stderr.splitlines()[-1]
    assert "delete it" in machine.json("repair", "e", code=1)["left"][0]["hint"]
    machine.run("seal", "e", "-y")
    assert machine.json("verify", "e")["condition"] == "as made"


def test_a_condarc_that_was_added(machine: Machine, prefix: Path) -> None:
    condarc = prefix / ".condarc"
    content = condarc.read_bytes()
    condarc.unlink()
    assert kinds(machine.json("verify", "e", code=1)) == {("missing", ".condarc")}
    assert "sealenv repair e" in machine.run("verify", "e", code=1).stderr.splitlines()[-1]
    machine.json("repair", "e")
    assert condarc.read_bytes() == content
    condarc.unlink()
    machine.run("seal", "e", "-y")
    condarc.write_text("channels: [evil]\n")
    assert kinds(machine.json("verify", "e", code=1)) == {("untracked-code", ".condarc")}


def test_changed_variables_are_a_modification(machine: Machine, prefix: Path) -> None:
    (prefix / "conda-meta/state").write_text('{"env_vars": {"KEEP": "v"}}')
    answer = machine.json("verify", "e")
    assert answer["condition"] == "modified"
    assert kinds(answer) == {("changed", "conda-meta/state")}
    assert machine.json("verify", "e", "--fast")["findings"] == answer["findings"]
    said = machine.run("verify", "e", "--locked", code=1)
    assert "next: sealenv repair e writes the activation scripts again" in said.stderr
    script = prefix / "etc/sealenv/env.sh"
    before = script.read_text()
    script.write_text("echo\n")
    assert ("altered", "etc/sealenv/env.sh") in kinds(machine.json("verify", "e", code=1))
    script.write_text(before)
    machine.run("repair", "e")
    assert "KEEP" in script.read_text()
    assert machine.json("verify", "e")["findings"] == []


def test_a_lock_kept_elsewhere(machine: Machine, prefix: Path, channels: Channels) -> None:
    """A seal that was rewritten with the environment is noticed."""
    machine.run("export", "e", "-o", "e.lock")
    expected = machine.json("info", "e")["seal"]["fingerprints"]["packages"]
    machine.json("verify", "e", "-f", "e.lock")
    assert machine.json("verify", "e", "--expect", expected)["condition"] == "as made"
    path = next(prefix.glob("share/prio/*"))
    path.unlink()
    path.write_text("other\n")
    machine.run("seal", "e", "-y")
    assert machine.json("verify", "e")["condition"] == "as made"
    assert ("altered", "prio") in kinds(machine.json("verify", "e", "-f", "e.lock", code=1))
    found = machine.json("verify", "e", "--expect", expected, code=1)["findings"]
    assert [f["kind"] for f in found] == ["fingerprint"]
    said = machine.run("verify", "e", "--expect", expected, code=1)
    assert expected[:8] in said.stdout
    transact(machine, prefix, channels, "dated=2.0", "prio")
    changed = machine.run("verify", "e", "--expect", expected, code=1)
    assert "next: sealenv seal e accepts the changed packages" in changed.stderr
    for wrong in ("abc", f"sha256:{expected}"):
        refused = machine.json("verify", "e", "--expect", wrong, code=2)
        assert "is not a fingerprint" in refused["what"]
        assert "sealenv info ENV" in refused["hint"]
    machine.run("seal", "e", "-y")
    answer = machine.json("verify", "e", "-f", "e.lock", code=1)
    assert ("changed", "dated") in kinds(answer)
    machine.json("verify", "e", "-f", "e.lock", "--fast", code=2)
    said = machine.run("verify", "e", "-f", "e.lock", code=1)
    command = (
        said.stderr.replace("\n      ", " ").partition("next: sealenv ")[2].partition(" makes")[0]
    )
    assert command == f"create --replace -p {prefix} -f e.lock"
    machine.run(*command.split(), "-y")
    machine.json("verify", "e", "-f", "e.lock")


def test_a_foreign_environment(machine: Machine, prefix: Path) -> None:
    for name in (SEAL, FILES, *json.loads((prefix / SEAL).read_text())["activation"]):
        (prefix / name).unlink()
    (prefix / "notes.txt").write_text("mine\n")
    answer = machine.json("verify", "e", "--locked")
    assert (answer["state"], answer["condition"]) == ("foreign", "as made")
    next(prefix.glob("share/prio/*")).unlink()
    for fast in ([], ["--fast"]):
        answer = machine.json("verify", "e", *fast, code=1)
        assert (answer["state"], answer["condition"]) == ("foreign", "damaged")
    next((prefix / "conda-meta").glob("prio-*.json")).write_text("{")
    assert "record" in {kind for kind, _ in kinds(machine.json("verify", "e", code=1))}


@pytest.mark.slow
def test_conda_packages_changed_by_pip(
    warm_machine: Machine, shared_environment: Path, tmp_path: Path
) -> None:
    """pip deletes files of conda's package, whose record stays; also without a seal."""
    machine, index = warm_machine, Index(tmp_path / "index")
    index.add(Wheel("cow", "9.0", files={"cow/__init__.py": ""}))
    own = Path(machine.json("clone", str(shared_environment), "e")["prefix"])
    add_package(own, "cow.py", "cow-2.0.dist-info/METADATA", "cow-2.0.dist-info/RECORD")
    machine.run("seal", "e", "-y")
    assert machine.json("verify", "e")["condition"] == "as made"
    pip(machine, "e", "install", "--index-url", index.url, "cow==9.0")
    assert kinds(machine.json("verify", "e")) == {("changed", "py-cow")}
    assert "modified" in machine.run("list").stdout
    pip(machine, "e", "uninstall", "-y", "cow")
    assert kinds(machine.json("verify", "e")) == {("removed", "py-cow")}
    assert machine.run("repair", "e").stderr.endswith("nothing to repair\n")
    machine.run("seal", "e", "-y")
    assert machine.json("verify", "e", "--locked")["findings"] == []
    assert machine.json("info", "e")["condition"] is None
    for name in (SEAL, FILES, *json.loads((own / SEAL).read_text())["activation"]):
        (own / name).unlink()
    shutil.rmtree(own / "etc/sealenv")
    answer = machine.json("verify", "e")
    assert (answer["state"], answer["condition"]) == ("foreign", "modified")


def site(prefix: Path) -> Path:
    return next(prefix.glob("lib/python3.*/site-packages"))


def add_package(prefix: Path, *names: str) -> None:
    """Add a conda package with the distribution `cow`, as conda packages of Python are."""
    for name in names:
        path = site(prefix) / name
        path.parent.mkdir(exist_ok=True)
        lines = "".join(f"{each},,\n" for each in names)
        path.write_text(lines if name.endswith("RECORD") else "Name: cow\nVersion: 2.0\n")
    paths = [(site(prefix) / name).relative_to(prefix).as_posix() for name in names]
    write_record(prefix, "py-cow", "2.0", paths)


@pytest.mark.slow
def test_packages_of_pip(warm_machine: Machine, own_environment: Path, tmp_path: Path) -> None:
    machine, index = warm_machine, Index(tmp_path / "index")
    index.add(Wheel("cowsay", scripts=["cowsay = cowsay:main"]), Wheel("cowsay", "2.0"))
    pip(machine, "e", "install", "--index-url", index.url, "cowsay==1.0")
    assert kinds(machine.json("verify", "e")) == {("added", "cowsay")}
    assert "added          cowsay 1.0, by pip" in machine.run("verify", "e").stdout
    machine.json("verify", "e", "--locked", code=1)
    assert "modified" in machine.run("list").stdout
    assert ["cowsay", "1.0", "pip"] in [
        line.split() for line in machine.run("info", "e", "--packages").stdout.splitlines()
    ]
    assert machine.json("info", "e")["distributions"] == [{"name": "cowsay", "version": "1.0"}]
    assert machine.json("report", "e", "-o", "page.html")["condition"] == "modified"
    (changed,) = machine.json("diff", "e", code=1)["changes"]
    assert (changed["what"], changed["name"]) == ("added", "cowsay")
    assert machine.run("repair", "e").stderr.endswith("nothing to repair\n")
    machine.run("seal", "e", "-y")
    assert machine.json("verify", "e", "--locked")["condition"] == "as made"
    assert machine.json("diff", "e")["equal"]
    assert machine.json("info", "e")["condition"] is None
    pip(machine, "e", "install", "--index-url", index.url, "--force-reinstall", "cowsay==1.0")
    assert machine.json("verify", "e", "--locked")["findings"] == []
    pip(machine, "e", "install", "--index-url", index.url, "cowsay==2.0")
    assert kinds(machine.json("verify", "e")) == {("changed", "cowsay")}
    pip(machine, "e", "uninstall", "-y", "cowsay")
    assert kinds(machine.json("verify", "e")) == {("removed", "cowsay")}
    assert machine.json("verify", "e")["damaged"] is False
