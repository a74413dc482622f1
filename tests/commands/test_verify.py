"""Verify: every kind of finding, on a real environment."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import py_compile
import shutil
from pathlib import Path

import pytest

from sealenv.commands.seal import seal
from sealenv.commands.verify import verify
from sealenv.layout import MARKER, SEAL
from sealenv.tour.channel import DemoChannel
from tests.machine import Machine


@pytest.fixture(scope="module")
def original(
    tmp_path_factory: pytest.TempPathFactory, warm_cache: Path, demo_channel: DemoChannel
) -> Path:
    machine = Machine(tmp_path_factory.mktemp("verify"), cache=warm_cache)
    return Path(machine.create("e", demo_channel, "--no-pyc")["prefix"])


@pytest.fixture
def prefix(original: Path, tmp_path: Path) -> Path:
    """A copy that may be damaged; its seal says the truth about where it is."""
    copy = tmp_path / "e"
    shutil.copytree(original, copy, symlinks=True)
    seal = json.loads((copy / SEAL).read_text())
    seal["prefix"] = str(copy)
    (copy / SEAL).write_text(json.dumps(seal))
    return copy


def site(prefix: Path, name: str) -> Path:
    return next(prefix.glob(f"lib/python3.*/site-packages/{name}"))


def edit(path: Path) -> None:
    """Another file with another byte, in its place: its bytes are shared with the cache."""
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[:-1] + b"#")


@pytest.mark.skipif(os.name == "nt", reason="modes and links")
def test_damage_is_found_with_its_owner(prefix: Path) -> None:
    edit(site(prefix, "pip/__init__.py"))
    site(prefix, "pip/py.typed").unlink()
    runner = site(prefix, "pip/__pip-runner__.py")
    runner.unlink()
    runner.symlink_to("/etc/passwd")
    (prefix / "bin/python3").unlink()
    (prefix / "bin/python3").symlink_to("/bin/sh")
    for name in ("bin/pip", "activate.sh"):
        (prefix / name).chmod(0o600)
    (prefix / "bin").chmod(0o777)
    folder = site(prefix, "pip/_internal")
    os.rename(folder, prefix.parent / "_internal")
    folder.symlink_to(prefix.parent / "_internal")
    report = verify(prefix)
    assert report.damaged
    found = {(f.kind, f.path.rpartition("/")[2], f.package) for f in report.findings}
    assert found >= {
        ("altered", "__init__.py", "pip"), ("missing", "py.typed", "pip"),
        ("wrong-type", "__pip-runner__.py", "pip"), ("wrong-link", "python3", "python"),
        ("wrong-mode", "pip", "pip"), ("wrong-mode", "activate.sh", None),
        ("wrong-mode", "bin", None), ("wrong-type", "_internal", None),
        ("missing", "main.py", "pip"),
    }  # fmt: skip
    assert verify(prefix, fast=True).findings == report.findings


@pytest.mark.skipif(os.name == "nt", reason="made with links")
def test_what_may_change_stays_a_file(prefix: Path) -> None:
    names = {"conda-meta/history", ".condarc"}
    for name in names:
        with (prefix / name).open("a") as file:
            file.write("# more\n")
    assert verify(prefix).findings == verify(prefix, fast=True).findings == ()
    for name in names:
        (prefix / name).unlink()
        (prefix / name).symlink_to("elsewhere")
    for fast in (False, True):
        found = {f.path for f in verify(prefix, fast=fast).findings if f.kind == "wrong-type"}
        assert found == names


def test_pending_and_moved_are_findings(original: Path, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere"
    shutil.copytree(original, moved, symlinks=True)
    for kind in ("moved", "pending"):
        if kind == "pending":
            (moved / MARKER).write_text("x\n")
        report = verify(moved)
        assert [f.kind for f in report.findings] == [kind]
        assert (report.state, report.condition, report.damaged) == (kind, None, True)


def kinds(prefix: Path) -> set[tuple[str, str]]:
    return {(f.kind, f.path) for f in verify(prefix).findings}


def compile_one(prefix: Path, source: Path, mode: py_compile.PycInvalidationMode) -> str:
    made = py_compile.compile(str(source), doraise=True, invalidation_mode=mode)
    assert made is not None
    return Path(made).relative_to(prefix).as_posix()


class TestCompiled:
    @pytest.mark.parametrize("mode", list(py_compile.PycInvalidationMode))
    def test_stale_and_orphaned(self, prefix: Path, mode: py_compile.PycInvalidationMode) -> None:
        """Python compares a compiled file with its source itself."""
        source = site(prefix, "pip/__main__.py")
        compile_one(prefix, source, mode)
        assert verify(prefix).findings == ()
        source.write_bytes(source.read_bytes() + b"#\n")
        assert kinds(prefix) == {("altered", source.relative_to(prefix).as_posix())}
        source.unlink()
        assert kinds(prefix) == {("missing", source.relative_to(prefix).as_posix())}

    @pytest.mark.parametrize("fast", [False, True])
    def test_edited(self, prefix: Path, fast: bool) -> None:
        mode = py_compile.PycInvalidationMode.CHECKED_HASH
        pyc = compile_one(prefix, site(prefix, "pip/__main__.py"), mode)
        (prefix / "own.txt").touch()
        seal(prefix)
        (prefix / pyc).write_bytes((prefix / pyc).read_bytes() + b"!")
        (found,) = verify(prefix, fast=fast).findings
        assert (found.kind, found.path) == ("stale-pyc", pyc)


def write_record(prefix: Path, name: str, version: str, paths: list[str]) -> None:
    entries = [
        {
            "_path": path,
            "path_type": "hardlink",
            "sha256": hashlib.sha256((prefix / path).read_bytes()).hexdigest(),
        }
        for path in paths
    ]
    record = {
        "name": name, "version": version, "build": "0", "url": f"https://x/noarch/{name}-{version}-0.conda",
        "sha256": "1" * 64, "files": paths, "paths_data": {"paths": entries},
    }  # fmt: skip
    (prefix / "conda-meta" / f"{name}-{version}-0.json").write_text(json.dumps(record))


def add_distribution(prefix: Path, name: str, version: str) -> None:
    """As pip leaves it."""
    folder = next(prefix.glob("lib/python3.*/site-packages"))
    (folder / "thing.py").write_text("x = 1\n")
    (prefix / "bin" / "thing").write_text(f"#!{prefix}/bin/python\nprint(1)\n")
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Name: {name}\n")
    (info / "INSTALLER").write_text("pip\n")
    lines = []
    for path in (
        "thing.py",
        "../../../bin/thing",
        f"{info.name}/METADATA",
        f"{info.name}/INSTALLER",
    ):
        content = (folder / path).read_bytes()
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
        lines.append(f"{path},sha256={digest},{len(content)}\n")
    (info / "RECORD").write_text("".join(lines) + f"{info.name}/RECORD,,\n")


@pytest.mark.skipif(os.name == "nt", reason="no such names on Windows")
def test_no_name_acts_on_the_terminal(prefix: Path, warm_machine: Machine) -> None:
    for name in (
        b"a\nmissing       python",
        b"b\x1b]0;x\x07",
        b"c\xff\\",
        "d\u202e\x9b".encode(),
    ):
        Path(os.fsdecode(os.fsencode(prefix) + b"/" + name)).write_text("")
    out = warm_machine.run("verify", str(prefix)).stdout
    out += warm_machine.run("seal", str(prefix), "--dry-run").stdout
    assert out.replace("\n", "").isprintable()
    assert not any(line.startswith("missing") for line in out.splitlines())
    for shown in (
        "a\\x0amissing       python",
        "b\\x1b]0;x\\x07",
        "c\\xff\\x5c",
        "d\\xe2\\x80\\xae\\xc2\\x9b",
    ):
        assert out.count(shown) == 2
