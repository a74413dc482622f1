"""`import sealenv`: the commands as functions."""

from __future__ import annotations

import ast
import inspect
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import sealenv
import sealenv.errors
from sealenv import _HOMES as HOMES
from sealenv.cli.main import _COMMANDS
from sealenv.commands.create import Created
from sealenv.tour.channel import DemoChannel
from tests.machine import SRC, Machine

NOT_FOR_PROGRAMS = {"shell", "demo", "cache"}
"""They talk with a person; `cache` is two functions."""


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory, warm_cache: Path) -> Iterator[Machine]:
    """This very process as a user's machine."""
    machine = Machine(tmp_path_factory.mktemp("api"), cache=warm_cache)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("VIRTUAL_ENV", "PYTHONPATH", "CONDA_PREFIX", "PY_ENVS", "CONDA_PKGS_DIRS"):
            patch.delenv(name, raising=False)
        for name, value in machine.env.items():
            patch.setenv(name, value)
        patch.chdir(machine.root)
        yield machine


@pytest.fixture(scope="module")
def made(here: Machine, demo_channel: DemoChannel) -> Created:
    """One environment for the questions."""
    return sealenv.create("api", demo_channel.python_minor, channels=[demo_channel.url])


def test_every_command_is_a_function_of_the_same_name() -> None:
    assert set(_COMMANDS) - NOT_FOR_PROGRAMS <= set(HOMES)


def test_type_checkers_see_what_there_is() -> None:
    tree = ast.parse((SRC / "sealenv" / "__init__.py").read_text(encoding="utf-8"))
    seen = {
        alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sealenv.")
        for alias in node.names
        if alias.asname == alias.name
    }
    assert seen | dict.fromkeys(sealenv.errors.__all__, "sealenv.errors") == HOMES


@pytest.mark.parametrize("name", HOMES)
def test_what_is_named_is_there_and_documented(name: str) -> None:
    assert inspect.getdoc(getattr(sealenv, name))
    assert name in dir(sealenv)


def test_importing_imports_nothing_and_hides_no_builtin() -> None:
    code = (
        "import sys; before = set(sys.modules); from sealenv import *; import sealenv; "
        "print(sorted(set(sys.modules) - before), list is type([]), hasattr(sealenv, 'nope'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(SRC)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "['sealenv', 'sealenv._version'] True False"


class _Told(sealenv.Reporter):
    """A reporter that keeps what it hears."""

    def __init__(self) -> None:
        self.phases: list[str] = []
        self.advances: list[tuple[int, int]] = []

    def phase(self, name: str, what: str) -> None:
        self.phases.append(name)

    def advance(self, done: int, total: int, unit: str, item: str = "") -> None:
        self.advances.append((done, total))


def test_create_tells_who_asks_and_prints_nothing(
    here: Machine, demo_channel: DemoChannel, capfd: pytest.CaptureFixture[str]
) -> None:
    told = _Told()
    done = sealenv.create(
        "told", channels=demo_channel.url, without=["python", "conda", "mamba"], no_pyc=True,
        reporter=told,
    )  # fmt: skip
    assert told.phases[:2] == ["solve", "fetch"]
    assert told.phases[-1] == "seal"
    assert any(0 < done <= total for done, total in told.advances)
    assert done.prefix == here.envs / "told"
    sealenv.remove("told")
    assert capfd.readouterr() == ("", "")
    assert not done.prefix.exists()


def test_a_plan_writes_nothing(here: Machine, demo_channel: DemoChannel) -> None:
    planned = sealenv.plan("planned", demo_channel.python_minor, channels=[demo_channel.url])
    assert "python" in {package.name for package in planned.packages}
    assert not planned.prefix.exists()


def test_run_is_a_child(made: Created) -> None:
    code = "import sys; print(sys.prefix, sys.stdin.read()); sys.exit(7)"
    done = sealenv.run(made.prefix, ["python", "-c", code], capture_output=True, input="ü")
    assert done.stdout == f"{made.prefix} ü\n"
    assert done.returncode == 7
    with pytest.raises(subprocess.CalledProcessError) as caught:
        sealenv.run(made.prefix, ["python", "-c", "raise SystemExit(3)"], check=True)
    assert (caught.value.returncode, caught.value.cmd[0]) == (3, "python")
    assert sealenv.run("api_" + "_".join(str(made.python).split(".")[:2]), ["true"]).returncode == 0
    with pytest.raises(subprocess.TimeoutExpired):
        sealenv.run(made.prefix, ["sleep", "60"], timeout=0.1)
    with pytest.raises(sealenv.DirtyShellError):
        sealenv.run(made.prefix, ["true"], environ={**os.environ, "CONDA_PREFIX": "/x"})


def test_the_life_of_an_environment(made: Created, here: Machine) -> None:
    copy = sealenv.clone(made.prefix, here.root / "copy").prefix
    file = next((copy / "lib").rglob("pip/__init__.py"))
    file.unlink()
    report = sealenv.verify(copy)
    assert report.damaged
    assert {finding.kind for finding in report.findings if finding.damage} >= {"missing"}
    repaired = sealenv.repair(copy, offline=True)
    assert not repaired.left
    assert file.is_file()
    assert not sealenv.verify(copy, fast=True).damaged
    (copy / "notes.txt").write_text("mine")
    assert [f.path for f in sealenv.seal(copy, dry_run=True).findings] == ["notes.txt"]
    sealenv.seal(copy)
    assert not sealenv.verify(copy).damaged
    fixed = sealenv.audit(copy, fix=True)
    assert fixed.left == 0
    assert sealenv.audit(copy).files == fixed.files
    place = here.root / "moved"
    assert sealenv.move(copy, place).how == "renamed"
    place.rename(copy)
    assert sealenv.move(copy, here=True).how == "rewritten"
    with pytest.raises(sealenv.UsageError):
        sealenv.move(copy, place, here=True)
    gone = sealenv.remove(copy)
    assert (gone.removed, copy.exists()) == (copy, False)
    assert gone.files > 500


def test_several_threads_at_once(here: Machine, demo_channel: DemoChannel) -> None:
    """Two environments at once are two environments; two on one are one and an error that says so."""
    results: dict[int, object] = {}
    begin = threading.Barrier(3)

    def work(number: int, name: str) -> None:
        begin.wait()
        try:
            results[number] = sealenv.create(
                name, channels=[demo_channel.url], without=["python", "conda", "mamba"], no_pyc=True
            )
        except sealenv.SealenvError as error:
            results[number] = error

    names = ("one", "same", "same")
    threads = [threading.Thread(target=work, args=(n, name)) for n, name in enumerate(names)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert isinstance(results[0], Created)
    both = [results[1], results[2]]
    assert sum(isinstance(each, Created) for each in both) == 1
    assert sum(isinstance(each, sealenv.PrefixError) for each in both) == 1
    assert not sealenv.verify("same").damaged


def test_what_a_reporter_raises_ends_the_function(here: Machine, demo_channel: DemoChannel) -> None:
    class StopError(Exception):
        pass

    class Stopping(sealenv.Reporter):
        def phase(self, name: str, what: str) -> None:
            if name == "link":
                raise StopError

    with pytest.raises(StopError):
        sealenv.create(
            "stopped", channels=[demo_channel.url], without=["python", "conda", "mamba"],
            reporter=Stopping(),
        )  # fmt: skip
    assert sealenv.info("stopped").state == "pending"
    sealenv.remove("stopped")


@pytest.mark.slow
def test_a_users_script_is_typed(tmp_path: Path) -> None:
    """mypy --strict, from outside of the checkout, on the installed package's own types."""
    page = (SRC.parent / "docs" / "reference" / "api.md").read_text(encoding="utf-8")
    script = tmp_path / "script.py"
    wrong = 'plain: int = sealenv.info("x").python\nsealenv.verify("x", quick=True)\n'
    right = "names: list[str] = [e.name for e in sealenv.list()]\n"
    right += 'fixed: sealenv.Audited = sealenv.audit("x", fix=True)\n'
    script.write_text(page.split("```python\n")[1].split("```")[0] + right + wrong)
    site = tmp_path / "site"
    site.mkdir()
    (site / "sealenv").symlink_to(SRC / "sealenv")
    (tmp_path / "mypy.ini").write_text("[mypy]\n")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent",
         "--cache-dir", str(tmp_path / "cache"), "script.py"],
        cwd=tmp_path, env={**os.environ, "MYPYPATH": str(site)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    lines = [line for line in done.stdout.splitlines() if ": error: " in line]
    assert len(lines) == 2, done.stdout
    assert "[assignment]" in lines[0]
    assert 'keyword argument "quick"' in lines[1]
