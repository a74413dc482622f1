"""Verify: every kind of finding, on a real environment."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import py_compile
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealenv.activation.scripts import write_scripts
from sealenv.commands.seal import reseal
from sealenv.errors import FilesystemError, PrefixLockedError
from sealenv.layout import FILES, MARKER, SCRATCH, SEAL, leaves
from sealenv.seals.filetable import encode, read_table, write_table
from sealenv.seals.seal import read_seal
from sealenv.seals.snapshot import Row
from sealenv.seals.verify import verify
from sealenv.system.hashing import hash_files
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
    write_scripts(copy, platform=seal["platform"])
    return copy


def site(prefix: Path, name: str) -> Path:
    return next(prefix.glob(f"lib/python3.*/site-packages/{name}"))


@pytest.mark.parametrize("look", [verify, partial(verify, fast=True)])
def test_taken_away_while_it_is_looked_at(tmp_path: Path, look: Callable[[Path], object]) -> None:
    """By a move, say, after the command line was understood."""
    with pytest.raises(PrefixLockedError, match="it was moved or removed while"):
        look(tmp_path / "gone")
    (tmp_path / "file").touch()
    with pytest.raises(FilesystemError, match="Not a directory") as caught:
        look(tmp_path / "file")
    assert caught.value.where == f"{tmp_path / 'file'}/"


def test_untouched_is_clean(prefix: Path) -> None:
    report = verify(prefix)
    assert report.findings == ()
    assert report.files > 1000


def rewrite(prefix: Path) -> Path:
    path = site(prefix, "pip/__init__.py")
    path.write_bytes(path.read_bytes()[:-1] + b"#")
    return path


def lengthen(prefix: Path) -> Path:
    path = site(prefix, "pip/__main__.py")
    path.write_text("# other\n")
    return path


def delete(prefix: Path) -> Path:
    path = site(prefix, "pip/py.typed")
    path.unlink()
    return path


def link_instead(prefix: Path) -> Path:
    path = site(prefix, "pip/__pip-runner__.py")
    path.unlink()
    path.symlink_to("/etc/passwd")
    return path


def file_instead_of_link(prefix: Path) -> Path:
    path = prefix / "bin" / "python"
    path.unlink()
    path.write_text("#!/bin/sh\n")
    return path


def lead_elsewhere(prefix: Path) -> Path:
    path = prefix / "bin" / "python3"
    path.unlink()
    path.symlink_to("/bin/sh")
    return path


def make_unreadable(prefix: Path) -> Path:
    path = prefix / "bin" / "pip"
    path.chmod(0o644)
    return path


@pytest.mark.skipif(os.name == "nt", reason="modes")
@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("path", ["bin", "conda-meta", "activate.sh", "etc/sealenv/env.sh"])
def test_every_mode_is_judged(prefix: Path, path: str, fast: bool) -> None:
    (prefix / path).chmod(0o777)
    (found,) = verify(prefix, fast=fast).findings
    assert (found.kind, found.path) == ("wrong-mode", path)


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize(
    ("damage", "kind"),
    [
        (rewrite, "altered"),
        (lengthen, "altered"),
        (delete, "missing"),
        (link_instead, "wrong-type"),
        (file_instead_of_link, "wrong-type"),
        (lead_elsewhere, "wrong-link"),
        (make_unreadable, "wrong-mode"),
    ],
)
def test_damage_is_found_with_its_owner(
    prefix: Path, damage: Callable[[Path], Path], kind: str, fast: bool
) -> None:
    path = damage(prefix)
    report = verify(prefix, fast=fast)
    assert report.damaged
    (found,) = report.findings
    assert found.kind == kind
    assert found.path == path.relative_to(prefix).as_posix()
    assert found.package in {"pip", "python"}


def test_a_record_cut_short_is_named(prefix: Path) -> None:
    record = next((prefix / "conda-meta").glob("pip-*.json"))
    record.write_bytes(record.read_bytes()[:100])
    (found,) = [f for f in verify(prefix).findings if f.kind == "record"]
    assert found.path == f"conda-meta/{record.name}"


@pytest.mark.skipif(os.name == "nt", reason="made with links")
@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("name", ["conda-meta/sealenv", "conda-meta/sealenv.files"])
@pytest.mark.parametrize("goal", ["a copy", "itself"])
def test_a_seal_is_no_link(prefix: Path, tmp_path: Path, name: str, goal: str, fast: bool) -> None:
    path = prefix / name
    path.rename(tmp_path / "copy")
    path.symlink_to(tmp_path / "copy" if goal == "a copy" else path)
    found = verify(prefix, fast=fast).findings
    assert ("record", name, "it is a link") in {(f.kind, f.path, f.detail) for f in found}
    assert not any(f.kind == "untracked" for f in found)


@pytest.mark.skipif(os.name == "nt", reason="made with links")
@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("name", ["conda-meta/history", ".condarc"])
def test_what_may_change_stays_a_file(prefix: Path, name: str, fast: bool) -> None:
    path = prefix / name
    path.write_bytes(path.read_bytes() + b"# more\n")
    assert verify(prefix, fast=fast).findings == ()
    path.unlink()
    path.symlink_to("elsewhere")
    found = [(f.kind, f.path) for f in verify(prefix, fast=fast).findings]
    assert ("wrong-type", name) in found


def test_pending_and_moved_are_findings(original: Path, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere"
    shutil.copytree(original, moved, symlinks=True)
    assert [f.kind for f in verify(moved).findings] == ["moved"]
    (moved / MARKER).write_text("x\n")
    assert [f.kind for f in verify(moved).findings] == ["pending"]


def test_command_line(original: Path, warm_machine: Machine) -> None:
    answer = warm_machine.json("verify", str(original))
    assert answer["damaged"] is False
    copy = warm_machine.root / "copy"
    shutil.copytree(original, copy, symlinks=True)
    delete(copy)
    answer = warm_machine.json("verify", str(copy), code=1)
    assert {f["kind"] for f in answer["findings"]} == {"missing", "moved"}
    done = warm_machine.run("verify", str(copy), code=1)
    assert "missing" in done.stdout
    assert "damaged" in done.stderr


def test_a_package_that_is_gone_with_its_record_is_missed(prefix: Path) -> None:
    next((prefix / "conda-meta").glob("pip-*.json")).unlink()
    shutil.rmtree(site(prefix, "pip"))
    (found,) = verify(prefix).findings
    assert (found.kind, found.package) == ("gone", "pip")


def kinds(prefix: Path) -> set[tuple[str, str]]:
    return {(f.kind, f.path) for f in verify(prefix).findings}


def compile_one(prefix: Path, source: Path, mode: py_compile.PycInvalidationMode) -> str:
    made = py_compile.compile(str(source), doraise=True, invalidation_mode=mode)
    assert made is not None
    return Path(made).relative_to(prefix).as_posix()


class TestUntracked:
    def test_a_file_and_a_folder(self, prefix: Path) -> None:
        site(prefix, "pip").joinpath("own.py").write_text("")
        (prefix / "work" / "deep").mkdir(parents=True)
        (prefix / "work" / "deep" / "a").write_text("")
        (prefix / "work" / "b").write_text("")
        (prefix / "empty").mkdir()
        own = site(prefix, "pip/own.py").relative_to(prefix).as_posix()
        found = verify(prefix)
        assert {(f.kind, f.path) for f in found.findings} == {
            ("untracked", own),
            ("untracked", "work/"),
        }
        assert "2 files" in {f.detail for f in found.findings}
        assert found.damaged

    def test_a_link_is_not_entered(self, prefix: Path, tmp_path: Path) -> None:
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / "elsewhere" / "x").write_text("")
        (prefix / "led").symlink_to(tmp_path / "elsewhere")
        assert kinds(prefix) == {("untracked", "led")}

    @pytest.mark.parametrize(
        "name",
        ["__home__/mine", "conda-meta/state", "conda-meta/frozen", "bin/x.c~", "envs/other/x"],
    )
    def test_what_using_it_leaves(self, prefix: Path, name: str) -> None:
        (prefix / name).parent.mkdir(parents=True, exist_ok=True)
        (prefix / name).write_text("{}")
        with (prefix / "conda-meta" / "history").open("a") as file:
            file.write("# another line\n")
        assert kinds(prefix) == set()

    def test_running_python_leaves_nothing_to_find(self, prefix: Path) -> None:
        """This copy has no compiled files: python writes them as it imports."""
        done = subprocess.run(
            [prefix / "bin" / "python", "-c", "import json, pip"],
            env={"HOME": str(prefix.parent)},
            check=False,
        )
        assert done.returncode == 0
        assert list(site(prefix, "pip").glob("__pycache__/*.pyc"))
        assert kinds(prefix) == set()


class TestCompiled:
    @pytest.mark.parametrize("mode", list(py_compile.PycInvalidationMode))
    def test_stale(self, prefix: Path, mode: py_compile.PycInvalidationMode) -> None:
        source = site(prefix, "pip/__main__.py")
        pyc = compile_one(prefix, source, mode)
        assert kinds(prefix) == set()
        source.write_bytes(source.read_bytes() + b"#\n")
        assert kinds(prefix) == {
            ("altered", source.relative_to(prefix).as_posix()),
            ("stale-pyc", pyc),
        }

    def test_orphaned(self, prefix: Path) -> None:
        source = site(prefix, "pip") / "own.py"
        source.write_text("x = 1\n")
        pyc = compile_one(prefix, source, py_compile.PycInvalidationMode.CHECKED_HASH)
        source.unlink()
        assert kinds(prefix) == {("orphaned-pyc", pyc)}

    def test_cut_short(self, prefix: Path) -> None:
        source = site(prefix, "pip/__main__.py")
        pyc = compile_one(prefix, source, py_compile.PycInvalidationMode.TIMESTAMP)
        (prefix / pyc).write_bytes(b"1234")
        assert kinds(prefix) == {("stale-pyc", pyc)}

    @pytest.mark.skipif(os.name == "nt", reason="links")
    def test_a_link_among_them(self, prefix: Path) -> None:
        folder = site(prefix, "pip") / "__pycache__"
        folder.mkdir(exist_ok=True)
        (folder / "__main__.cpython-399.pyc").symlink_to("/etc/passwd")
        path = folder.relative_to(prefix).as_posix()
        assert [f.kind for f in verify(prefix).findings] == ["untracked"]
        assert verify(prefix).findings[0].path.startswith(path)

    def test_made_anew_since_it_was_sealed(self, prefix: Path) -> None:
        """By pip, or by `compileall -f`; what is behind the header is not read."""
        source = site(prefix, "pip/__main__.py")
        pyc = compile_one(prefix, source, py_compile.PycInvalidationMode.CHECKED_HASH)
        add_distribution(prefix, "thing", "1")
        record = site(prefix, "thing-1.dist-info/RECORD")
        theirs = compile_one(
            prefix, site(prefix, "thing.py"), py_compile.PycInvalidationMode.CHECKED_HASH
        )
        record.write_text(record.read_text() + f"__pycache__/{Path(theirs).name},,\n")
        reseal(prefix)
        report = verify(prefix)
        assert (report.findings, report.notes) == ((), ())
        for path in (source, site(prefix, "thing.py")):
            compile_one(prefix, path, py_compile.PycInvalidationMode.TIMESTAMP)
        report = verify(prefix)
        assert report.findings == ()
        assert "2 compiled files" in report.notes[0]
        (prefix / pyc).write_bytes((prefix / pyc).read_bytes()[:8] + b"12345678")
        (prefix / theirs).write_bytes(b"x" * 100)
        assert kinds(prefix) == {("stale-pyc", pyc), ("stale-pyc", theirs)}


class TestSealedRemoval:
    def test_it_was_wanted(self, prefix: Path) -> None:
        """Of a package, and of a distribution: no finding, until it is installed anew."""
        add_distribution(prefix, "thing", "1")
        delete(prefix)
        (prefix / "bin" / "thing").unlink()
        assert {kind for kind, _ in kinds(prefix)} == {"missing", "installed"}
        reseal(prefix)
        assert verify(prefix).findings == ()
        record = site(prefix, "thing-1.dist-info/RECORD")
        record.write_text(record.read_text() + "\n")
        path = record.relative_to(prefix).as_posix()
        assert kinds(prefix) == {("altered", path), ("missing", "bin/thing")}
        (prefix / "bin" / "thing").write_text("of another wheel\n")
        assert ("changed", path) in kinds(prefix)


class TestLinks:
    def test_broken(self, prefix: Path) -> None:
        real = next(p for p in prefix.glob("lib/libpython3.*.so.*") if not p.is_symlink())
        real.unlink()
        found = kinds(prefix)
        assert ("missing", real.relative_to(prefix).as_posix()) in found
        assert {kind for kind, _ in found} == {"missing", "broken-link"}

    def test_a_folder_led_elsewhere(self, prefix: Path, tmp_path: Path) -> None:
        folder = site(prefix, "pip/_internal")
        os.rename(folder, tmp_path / "_internal")
        folder.symlink_to(tmp_path / "_internal")
        found = kinds(prefix)
        assert ("wrong-type", folder.relative_to(prefix).as_posix()) in found
        assert ("missing", f"{folder.relative_to(prefix).as_posix()}/__init__.py") in found


class TestActivation:
    def test_changed_and_out_of_date(self, prefix: Path) -> None:
        (prefix / "activate.sh").write_text("echo\n")
        (prefix / "activate.fish").unlink()
        assert kinds(prefix) == {("activation", "activate.sh"), ("activation", "activate.fish")}
        write_scripts(prefix, platform=read_seal(prefix).platform)
        state = {"version": 1, "env_vars": {"NEW": "1"}}
        (prefix / "conda-meta" / "state").write_text(json.dumps(state))
        found = verify(prefix).findings
        assert {f.kind for f in found} == {"activation"}
        assert "etc/sealenv/env.sh" in {f.path for f in found}


class TestDrift:
    def test_by_conda(self, prefix: Path) -> None:
        """What conda leaves: a record of its own, its files, a line in the history."""
        (prefix / "share").mkdir(exist_ok=True)
        (prefix / "share" / "new.txt").write_text("new\n")
        write_record(prefix, "new", "1.0", ["share/new.txt"])
        old = next((prefix / "conda-meta").glob("pip-*.json"))
        record = json.loads(old.read_text())
        was, record["version"] = record["version"], "99"
        old.unlink()
        (prefix / "conda-meta" / f"pip-99-{record['build']}.json").write_text(json.dumps(record))
        found = {(f.kind, f.package, f.detail) for f in verify(prefix).findings}
        assert ("installed", "new", "new-1.0-0") in found
        assert ("changed", "pip", f"sealed was pip-{was}-{record['build']}") in found
        assert len(found) == 2

    def test_another_archive(self, prefix: Path) -> None:
        path = next((prefix / "conda-meta").glob("pip-*.json"))
        record = json.loads(path.read_text())
        record["sha256"] = "0" * 64
        path.write_text(json.dumps(record))
        (found,) = verify(prefix).findings
        assert (found.kind, found.package) == ("wrong-archive", "pip")

    def test_by_pip(self, prefix: Path) -> None:
        add_distribution(prefix, "Some_Thing", "1.2")
        found = verify(prefix).findings
        assert [(f.kind, f.package) for f in found] == [("installed", "some-thing")]
        site(prefix, "thing.py").write_text("y = 2\n")
        (prefix / "bin" / "thing").unlink()
        kinds = {(f.kind, f.package) for f in verify(prefix).findings}
        assert kinds == {
            ("installed", "some-thing"),
            ("altered", "some-thing"),
            ("missing", "some-thing"),
        }


class TestForeign:
    """What conda, mamba or pixi made: records and a history, nothing of ours."""

    @pytest.fixture
    def foreign(self, prefix: Path) -> Path:
        seal = read_seal(prefix)
        for path in (SEAL, FILES, "etc/sealenv", *seal.activation, "pkgs"):
            target = prefix / path
            if target.is_dir() and not target.is_symlink():
                shutil.rmtree(target)
            elif os.path.lexists(target):
                target.unlink()
        return prefix

    def test_clean(self, foreign: Path) -> None:
        report = verify(foreign)
        assert report.findings == ()
        assert report.sealed is None
        assert report.now is not None

    def test_damage(self, foreign: Path) -> None:
        rewrite(foreign)
        delete(foreign)
        lead_elsewhere(foreign)
        found = {f.kind for f in verify(foreign).findings}
        assert found == {"altered", "missing", "wrong-link"}

    def test_fast_says_what_it_cannot(self, foreign: Path) -> None:
        lengthen(foreign)
        report = verify(foreign, fast=True)
        assert [f.kind for f in report.findings] == ["altered"]
        assert "no file table" in report.notes[0]


DIGESTS = st.binary(min_size=32, max_size=32)


class TestTheTable:
    def test_a_damaged_one_is_not_used(self, prefix: Path) -> None:
        (prefix / FILES).write_bytes(b"nothing")
        (found,) = verify(prefix).findings
        assert (found.kind, found.path) == ("record", FILES)

    def test_a_seal_without_one(self, prefix: Path) -> None:
        """As an older sealenv wrote it."""
        seal = json.loads((prefix / SEAL).read_text())
        for field in ("files", "fingerprints", "pip"):
            del seal[field]
        (prefix / SEAL).write_text(json.dumps(seal))
        (prefix / FILES).unlink()
        assert verify(prefix).findings == ()
        rewrite(prefix)
        assert {f.kind for f in verify(prefix).findings} == {"altered"}

    @settings(max_examples=60, deadline=None)
    @given(
        st.dictionaries(
            st.text(st.characters(exclude_characters="\0", exclude_categories=()), min_size=1),
            st.tuples(
                st.integers(0, 0o7777), st.integers(0, 2**62), st.binary(min_size=32, max_size=32)
            ),
            max_size=20,
        )
    )
    def test_what_is_written_comes_back(self, content: dict[str, tuple[int, int, bytes]]) -> None:
        usable = {
            path: row for path, row in content.items()
            if path.encode("utf-8", "surrogatepass").decode("utf-8", "surrogateescape") == path
            and not leaves(path) and ":" not in path
        }  # fmt: skip
        rows = {
            path: Row(path, "f", mode, number, number, number, 0, digest)
            for path, (mode, number, digest) in usable.items()
        }
        data = encode(rows.values())
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "conda-meta").mkdir()
            write_table(Path(folder), data)
            table = read_table(Path(folder), hashlib.sha256(data).hexdigest())
            assert table is not None
            assert table == rows


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


@pytest.mark.skipif(os.name == "nt", reason="there is no FIFO in a folder of Windows")
@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ("conda-meta/x.json", "record"),
        (FILES, "record"),
        ("conda-meta/state", "untracked"),
        ("activate.sh", "activation"),
        ("source", "unreadable"),
        ("RECORD", "unreadable"),
    ],
)
def test_a_fifo_is_never_waited_for(
    prefix: Path, place: str, kind: str, warm_machine: Machine
) -> None:
    pyc = ""
    if place == "source":
        path = site(prefix, "pip/__main__.py")
        pyc = compile_one(prefix, path, py_compile.PycInvalidationMode.CHECKED_HASH)
    elif place == "RECORD":
        path = next(prefix.glob("lib/python3.*/site-packages/pip-*.dist-info/RECORD"))
    else:
        path = prefix / place
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    found = warm_machine.json("verify", str(prefix), code=1)["findings"]
    assert (kind, path.relative_to(prefix).as_posix()) in {(f["kind"], f["path"]) for f in found}
    assert pyc not in {f["path"] for f in found}
    warm_machine.run("repair", str(prefix), code=None)
    warm_machine.run("seal", str(prefix), "-y", code=None)
    warm_machine.run("info", str(prefix), code=None)


def test_a_file_that_goes_away_while_it_is_read(
    prefix: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is missing, not unreadable."""
    path = site(prefix, "pip/py.typed")

    def fake_hash_files(*args: Any) -> Any:
        path.unlink(missing_ok=True)
        return hash_files(*args)

    monkeypatch.setattr("sealenv.seals.snapshot.hash_files", fake_hash_files)
    found = [(f.kind, f.path) for f in verify(prefix).findings]
    assert found == [("missing", path.relative_to(prefix).as_posix())]


class TestDamagedSeal:
    @pytest.mark.parametrize("content", [b"", b"{}", b"[]"])
    def test_nothing_is_called_nobodys(self, prefix: Path, content: bytes) -> None:
        (prefix / SEAL).write_bytes(content)
        report = verify(prefix)
        assert [(f.kind, f.path) for f in report.findings] == [("record", SEAL)]
        assert "cannot be told" in report.notes[0]

    def test_a_table_that_is_gone(self, prefix: Path) -> None:
        """It is told in words, and sealing makes it anew."""
        (prefix / FILES).unlink()
        (found,) = verify(prefix).findings
        assert (found.kind, found.path) == ("record", FILES)
        assert "Errno" not in found.detail
        reseal(prefix)
        assert verify(prefix).findings == ()

    def test_a_record_is_named_once(self, prefix: Path) -> None:
        (prefix / "conda-meta" / "a:b.json").write_text("{")
        (found,) = verify(prefix).findings
        assert found.path == "conda-meta/a:b.json"
        assert "json" not in found.detail


def test_the_folder_of_a_killed_repair(prefix: Path) -> None:
    (prefix / SCRATCH).mkdir()
    (prefix / SCRATCH / "x").write_text("")
    for fast in (False, True):
        assert [(f.kind, f.path) for f in verify(prefix, fast=fast).findings] == [
            ("leftover", f"{SCRATCH}/")
        ]


@pytest.mark.skipif(os.name == "nt", reason="no such names on Windows")
def test_no_name_acts_on_the_terminal(prefix: Path, warm_machine: Machine) -> None:
    for name in (
        b"a\nmissing       python",
        b"b\x1b]0;x\x07",
        b"c\xff\\",
        "d\u202e\x9b".encode(),
    ):
        Path(os.fsdecode(os.fsencode(prefix) + b"/" + name)).write_text("")
    out = warm_machine.run("verify", str(prefix), code=1).stdout
    out += warm_machine.run("repair", str(prefix), code=1).stdout
    out += warm_machine.run("seal", str(prefix), "--dry-run").stdout
    assert out.replace("\n", "").isprintable()
    assert not any(line.startswith("missing") for line in out.splitlines())
    for shown in (
        "a\\x0amissing       python",
        "b\\x1b]0;x\\x07",
        "c\\xff\\x5c",
        "d\\xe2\\x80\\xae\\xc2\\x9b",
    ):
        assert out.count(shown) == 3
