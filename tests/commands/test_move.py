"""`sealenv move`: renaming, copying, environments moved by hand, refusals."""

from __future__ import annotations

import os
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from sealenv.commands.verify import verify
from sealenv.layout import MOVING
from sealenv.seals.seal import read_seal
from sealenv.tour.channel import DemoChannel
from tests.commands.test_audit import editable, pip
from tests.machine import Machine, traces

pytestmark = pytest.mark.skipif(os.name == "nt", reason="tests/windows/test_move.py")


@pytest.fixture(scope="module")
def original(
    warm_cache: Path, demo_channel: DemoChannel, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """An environment that tests copy and never change."""
    machine = Machine(tmp_path_factory.mktemp("original"), cache=warm_cache)
    machine.create("original", demo_channel)
    return machine.envs / "original"


@pytest.fixture
def moved_by_hand(warm_machine: Machine, original: Path) -> Path:
    """A copy by `cp -a`: its seal has another path."""
    prefix = warm_machine.envs / "e"
    prefix.parent.mkdir(exist_ok=True)
    subprocess.run(["cp", "-a", str(original), str(prefix)], check=True)
    return prefix


@pytest.fixture
def env(warm_machine: Machine, moved_by_hand: Path) -> Path:
    """An environment of its own."""
    warm_machine.run("move", "--here", str(moved_by_hand))
    return moved_by_hand


def kinds(prefix: Path) -> list[tuple[str, str]]:
    """Return the findings of `verify`, without digests."""
    return sorted((f.kind, f.path) for f in verify(prefix).findings)


def prints(prefix: Path) -> Any:
    return read_seal(prefix).fingerprints


def holding(prefix: Path, place: Path) -> list[str]:
    """Return the files that hold a path. Python's build wrote it after `./` twice."""
    text = os.fsencode(place)
    return [
        name
        for name in traces(prefix, text)
        if text in Path(name).read_bytes().replace(b"./" + text[1:], b"")
    ]


def run_python(machine: Machine, prefix: Path, program: str) -> str:
    return machine.run("run", str(prefix), "--", "python", "-c", program).stdout.strip()


def wheel(folder: Path) -> Path:
    """A wheel with a console script, and a script of its own that names an interpreter."""
    path = folder / "tooly-1.0-py3-none-any.whl"
    files = {
        "tooly.py": "def main():\n    import sys\n    print(sys.prefix)\n",
        "tooly-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: tooly\nVersion: 1.0\n",
        "tooly-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "tooly-1.0.dist-info/entry_points.txt": "[console_scripts]\ntooly = tooly:main\n",
        "tooly-1.0.data/scripts/plainly": "#!python\nimport tooly; tooly.main()\n",
    }
    lines = "".join(f"{name},,\n" for name in files)
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = 0o100755 << 16
            archive.writestr(info, text)
        archive.writestr("tooly-1.0.dist-info/RECORD", lines + "tooly-1.0.dist-info/RECORD,,\n")
    return path


def test_an_environment_moved_by_hand_is_refused_until_it_is_fixed(
    warm_machine: Machine, moved_by_hand: Path, original: Path
) -> None:
    prefix = moved_by_hand
    assert kinds(prefix) == [("moved", "conda-meta/sealenv")]
    warm_machine.run("run", "e", "--", "true", code=125)
    done = warm_machine.run("move", "--here", "e")
    assert f"{original} is still there" in done.stderr
    assert kinds(prefix) == []
    assert verify(prefix, fast=True).hashed == 0
    assert kinds(original) == []
    assert prints(prefix).packages == prints(original).packages
    assert run_python(warm_machine, prefix, "import sys; print(sys.prefix)") == str(prefix)
    assert holding(prefix, original) == []
    again = warm_machine.json("move", "--here", "e")
    assert again["how"] == "unchanged"


def test_there_and_back_gives_the_same_bytes(warm_machine: Machine, env: Path) -> None:
    before, sealed = prints(env), (env / "conda-meta/sealenv").read_bytes()
    answer = warm_machine.json("move", "e", "a longer name")
    there = warm_machine.envs / "a longer name"
    assert (answer["prefix"], answer["was"], answer["how"]) == (str(there), str(env), "renamed")
    assert not env.exists()
    assert not (there / MOVING).exists()
    assert kinds(there) == []
    assert prints(there).packages == before.packages
    assert prints(there).tree != before.tree
    assert run_python(warm_machine, there, "import sys; print(sys.prefix)") == str(there)
    assert "pip" in answer["check"]["tools"]
    activated = subprocess.run(
        ["sh", "-c", '. "$1"; echo "$CONDA_PREFIX"; echo "$CONDA_DEFAULT_ENV"', "sh",
         str(there / "activate.sh")],
        env=warm_machine.env, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert activated.stdout.splitlines() == [str(there), "a longer name"]
    warm_machine.run("move", str(there), str(env))
    assert prints(env) == before
    assert verify(env).fingerprints.now == before
    assert read_seal(env).files != ""
    # Times of folders and inodes of what was written are in the table; all else is as it was.
    assert len((env / "conda-meta/sealenv").read_bytes()) == len(sealed)


def test_with_pip_in_between(warm_machine: Machine, env: Path, tmp_path: Path) -> None:
    install = ("run", str(env), "--", "python", "-m", "pip", "install", "--no-index", "--no-deps")
    warm_machine.run(*install, str(wheel(tmp_path)))
    before = kinds(env)
    assert ("added", f"{_site(env)}/tooly-1.0.dist-info/RECORD") in before
    second = warm_machine.root / "elsewhere" / "f"
    warm_machine.run("move", "e", str(second))
    assert kinds(second) == before
    for script in ("tooly", "plainly"):
        assert warm_machine.run("run", str(second), "--", script).stdout.strip() == str(second)
    warm_machine.run("seal", str(second), "-y")
    sealed = prints(second)
    assert kinds(second) == []
    warm_machine.run("move", str(second), str(env))
    assert kinds(env) == []
    assert prints(env).packages == sealed.packages
    assert run_python(warm_machine, env, "import tooly; tooly.main()") == str(env)
    warm_machine.run("move", "e", str(second))
    assert prints(second) == sealed
    warm_machine.run("run", str(second), "--", "python", "-m", "pip", "uninstall", "-y", "tooly")


def test_an_editable_install(warm_machine: Machine, env: Path) -> None:
    """`pip install -e` of a project in the environment: its source stays editable."""
    inside = env / "__home__"
    inside.mkdir()
    pip(env, "--no-build-isolation", "-e", str(editable(inside)))
    before = kinds(env)
    warm_machine.run("move", "e", "f")
    place = env.with_name("f")
    assert kinds(place) == before
    source = place / "__home__/my project/src/mine.py"
    source.write_text("def main():\n    print('edited')\n")
    assert warm_machine.run("run", "f", "--", "mine").stdout == "edited\n"
    assert [path for path in holding(place, env) if "/__home__/" not in path] == []


def _site(prefix: Path) -> str:
    return next(prefix.glob("lib/python3.*/site-packages")).relative_to(prefix).as_posix()


def test_altered_files_stay_altered(warm_machine: Machine, env: Path) -> None:
    script = next(env.glob("bin/pip3*"))
    script.write_text(script.read_text() + f"# {env}/mine\n")
    (env / "activate.fish").write_text(f"# {env}\n")
    (env / "notes.txt").write_text(f"in {env}: mine\n")
    next(env.glob("lib/python3.*/os.py")).unlink()
    before = kinds(env)
    assert len(before) >= 4
    place = warm_machine.envs / "moved"
    warm_machine.run("move", "e", "moved", code=8)  # nothing runs without os.py
    assert kinds(place) == before
    assert (place / "notes.txt").read_text() == f"in {place}: mine\n"
    assert (place / script.relative_to(env)).read_text().endswith(f"# {place}/mine\n")


def test_a_dry_run_changes_nothing(warm_machine: Machine, env: Path) -> None:
    before = warm_machine.snapshot()
    answer = warm_machine.json("move", "e", "other", "--dry-run")
    assert answer["dry_run"] is True
    assert "activate.sh" in answer["rewritten"]
    assert warm_machine.snapshot() == before


def test_a_copy_is_checked_and_then_the_old_one_is_removed(
    warm_machine: Machine, env: Path
) -> None:
    (env / "__home__").mkdir()
    (env / "__home__/mine").write_text("mine")
    before, sealed = kinds(env), prints(env)
    answer = warm_machine.json("move", "e", "copied", "--copy")
    place = warm_machine.envs / "copied"
    assert answer["how"] == "copied"
    assert not env.exists()
    assert kinds(place) == before
    assert verify(place, fast=True).hashed == 0
    assert prints(place).packages == sealed.packages
    assert (place / "__home__/mine").read_text() == "mine"
    assert (place / "pkgs").is_symlink()


class TestRefusals:
    def refused(self, machine: Machine, *args: str, code: int = 7) -> dict[str, Any]:
        before = machine.snapshot(machine.cache)
        answer = machine.json("move", *args, code=code)
        assert machine.snapshot(machine.cache) == before
        assert answer["hint"]
        return answer

    def test_the_destination(self, warm_machine: Machine, env: Path) -> None:
        machine = warm_machine
        (machine.root / "full").mkdir()
        (machine.root / "full/x").write_text("mine")
        assert "already" in self.refused(machine, "e", "./full")["what"]
        assert "inside" in self.refused(machine, "e", str(env / "sub"), code=2)["what"]
        assert (
            "already"
            in self.refused(machine, "e", f"../{machine.root.name}/envs/e", code=2)["what"]
        )
        (machine.root / "link").symlink_to(machine.root / "nowhere")
        assert "link" in self.refused(machine, "e", "./link")["what"]
        assert "contains ':'" in self.refused(machine, "e", "./a:b", code=2)["what"]
        assert "destination is missing" in self.refused(machine, "e", code=2)["what"]

    def test_the_environment(self, warm_machine: Machine, env: Path) -> None:
        machine = warm_machine
        (machine.envs / "link").symlink_to(env)
        assert "this is a link" in self.refused(machine, "link", "x")["what"]
        (machine.envs / "link").unlink()
        (env / "conda-meta/frozen").write_text('{"message": "no"}')
        assert self.refused(machine, "e", "x")["details"] == ["no"]
        (env / "conda-meta/frozen").unlink()
        inner = env / "envs/inner/conda-meta"
        inner.mkdir(parents=True)
        (inner / "history").touch()
        assert self.refused(machine, "e", "x")["details"] == ["envs/inner"]
        shutil.rmtree(env / "envs")
        (env / "conda-meta/sealenv.pending").touch()
        assert "never finished" in self.refused(machine, "e", "x")["what"]
        (env / "conda-meta/sealenv.pending").unlink()
        (env / "conda-meta/sealenv").rename(machine.root / "seal")
        assert "only a seal records" in self.refused(machine, "e", "x")["what"]
        assert self.refused(machine, "nothing", "x")["error"] == "not-found"

    def test_active_and_running(self, warm_machine: Machine, env: Path) -> None:
        answer = warm_machine.json("move", "e", "x", code=7, CONDA_PREFIX=str(env))
        assert "active in this shell" in answer["what"]
        child = subprocess.Popen([env / "bin/python", "-c", "input()"], stdin=subprocess.PIPE)
        try:
            answer = self.refused(warm_machine, "e", "x")
            assert str(child.pid) in answer["details"][0]
            warm_machine.run("move", "e", "x", "--force")
        finally:
            child.communicate(b"\n")

    def test_a_binary_without_room(self, warm_machine: Machine, env: Path) -> None:
        binary = env / "lib/thing.so"
        binary.write_bytes(b"\x7fELF\0" + os.fsencode(env) + b"/lib\0end")
        place = str(warm_machine.root / ("long" * 20))
        answer = self.refused(warm_machine, "e", place, code=6)
        assert answer["details"] == [f"lib/thing.so: {len(os.fsencode(env))}"]
        warm_machine.run("move", "e", str(env.parent / "f"))
        data = (env.parent / "f/lib/thing.so").read_bytes()
        assert data == b"\x7fELF\0" + os.fsencode(env.parent / "f") + b"/lib\0end"


def test_a_copy_by_hand_is_moved_at_once(
    warm_machine: Machine, moved_by_hand: Path, original: Path
) -> None:
    """Copied files have other inodes than the sealed ones."""
    place = warm_machine.envs / "f"
    assert f"{original} is still there" in warm_machine.run("move", "-d", "e", "f").stderr
    done = warm_machine.run("move", "e", "f")
    assert f"{original} is still there: this is a copy of it" in done.stderr
    assert read_seal(place).created != read_seal(original).created
    assert kinds(place) == []
    assert verify(place, fast=True).hashed == 0
    assert holding(place, original) == []
    assert holding(place, moved_by_hand) == []


def test_a_path_through_a_link_is_rewritten(warm_machine: Machine, env: Path) -> None:
    """pip writes the path by which Python was called, which may be a link."""
    link = warm_machine.root / "link"
    link.symlink_to(env.parent)
    script = env / "bin/by-link"
    script.write_text(f"#!{link}/e/bin/python\nprint('it runs')\n")
    script.chmod(0o755)
    warm_machine.run("move", str(link / "e"), str(link / "f"))
    assert script.with_name("by-link").exists() is False
    place = env.parent / "f"
    assert (place / "bin/by-link").read_text().startswith(f"#!{place}/bin/python\n")
    link.unlink()
    assert warm_machine.run("run", str(place), "--", "by-link").stdout == "it runs\n"


def test_to_a_path_that_begins_with_the_old_one(warm_machine: Machine, env: Path) -> None:
    """By `move` and by hand; and back again."""
    before, place = prints(env), env.with_name("e.bak")
    old = os.fsencode(env) + b"/"
    warm_machine.run("move", "e", "e.bak")
    assert kinds(place) == []
    assert traces(place, old) == []
    assert run_python(warm_machine, place, "import sys; print(sys.prefix)") == str(place)
    place.rename(env)
    warm_machine.run("move", "--here", "e")
    assert prints(env) == before
    env.rename(place)
    warm_machine.run("move", "--here", "e.bak")
    assert kinds(place) == []
    assert traces(place, old) == []


def test_compiled_python_is_deleted_and_written_again(
    warm_machine: Machine, env: Path, tmp_path: Path
) -> None:
    """pip compiles with the path. `verify` does not report such a file, deleted or written again."""
    pip = ("run", str(env), "--", "python", "-m", "pip", "install", "--no-index", "--no-deps")
    warm_machine.run(*pip, str(wheel(tmp_path)))
    warm_machine.run("seal", "e", "-y")
    (env / "lib/alone.pyc").write_bytes(b"\xcb\r\r\n" + bytes(12) + os.fsencode(env) + b"/x.py")
    compiled = [p for p in traces(env, os.fsencode(env)) if "/tooly." in p and p.endswith(".pyc")]
    assert compiled
    path = os.path.relpath(compiled[0], env)
    place = env.with_name("f")
    asked = warm_machine.json("move", "e", "f", "--dry-run")
    answer = warm_machine.json("move", "e", "f")
    assert path in asked["deleted"]
    assert path in answer["deleted"]
    assert path not in answer["rewritten"]
    assert [(item["path"], "compile" in item["why"]) for item in answer["left"]] == [
        ("lib/alone.pyc", True)
    ]
    assert not (place / path).exists()
    assert [item for item in kinds(place) if item[1] != "lib/alone.pyc"] == []
    assert run_python(warm_machine, place, "import tooly; tooly.main()") == str(place)
    source = str(place / _site(place) / "tooly.py")
    warm_machine.run("run", "f", "--", "python", "-m", "compileall", "-q", source)
    assert os.fsencode(place) in (place / path).read_bytes()
    assert [item for item in kinds(place) if item[1] != "lib/alone.pyc"] == []
    (place / "lib/alone.pyc").unlink()
    cloned = warm_machine.json("clone", "f", "g")
    assert path in cloned["deleted"]
    assert kinds(env.with_name("g")) == []
