"""What create adds to the prefix that py-rattler links."""

from __future__ import annotations

import ast
import hashlib
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sealenv.layout import State, state_of
from tests.channel import Channels
from tests.machine import Machine, tiny

SPECS = ("python", "pip", "demo-hello")


@pytest.fixture(scope="module")
def ours(
    channels: Channels, warm_cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Machine, Path]:
    """python, pip and a program of a noarch package, made by sealenv."""
    machine = Machine(tmp_path_factory.mktemp("ours"), cache=warm_cache)
    machine.json("create", "e", "-c", channels.main_url, *tiny(*SPECS))
    return machine, machine.envs / "e"


def records(prefix: Path) -> dict[str, dict[str, Any]]:
    """Every record by the package's name."""
    found = [json.loads(p.read_text()) for p in (prefix / "conda-meta").glob("*.json")]
    return {record["name"]: record for record in found}


def test_history_has_the_requested_specs(ours: tuple[Machine, Path]) -> None:
    """`conda env export --from-history` reads it."""
    prefix = ours[1]
    lines = (prefix / "conda-meta" / "history").read_text().splitlines()
    assert re.fullmatch(r"==> \d{4}-\d\d-\d\d \d\d:\d\d:\d\d <==", lines[0])
    assert lines[1].startswith("# cmd: sealenv create e ")
    (specs,) = (line for line in lines if line.startswith("# update specs: "))
    assert ast.literal_eval(specs.partition(": ")[2]) == ["python", "pip", "demo-hello"]
    assert {line for line in lines if line.startswith("+")} == {
        f"+{r['channel'].rstrip('/')}/{r['subdir']}::{r['name']}-{r['version']}-{r['build']}"
        for r in records(prefix).values()
    }


def test_a_prefix_that_is_a_command_is_refused(warm_machine: Machine) -> None:
    """py-rattler writes the prefix unquoted into scripts."""
    root = warm_machine.root
    before = warm_machine.snapshot()
    for part in ("$(touch pwned2)", "`touch pwned2`", "a;touch pwned2", "${HOME}"):
        answer = warm_machine.json("create", "-p", str(root / part), code=2)
        assert answer["error"] == "usage"
    assert warm_machine.snapshot() == before


def test_entry_points_run_in_an_unusual_folder(warm_machine: Machine, channels: Channels) -> None:
    prefix = warm_machine.root / "a & b, 100% ünï 環境=c (d)#e" / "e"
    warm_machine.json(
        "create", "-p", str(prefix), "-c", channels.main_url, "--no-pyc", *tiny(*SPECS)
    )
    done = subprocess.run(
        [prefix / "bin" / "demo-hello"],
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        check=True,
    )
    assert done.stdout.decode() == f"Hello from {prefix}\n"


def test_a_path_longer_than_a_placeholder_is_refused_first(
    machine: Machine, channels: Channels
) -> None:
    if not any((channels.main / channels.subdir).glob("hello-prefix-*")):
        pytest.skip("no C compiler made hello-prefix")
    deep = machine.root / "/".join(["x" * 60] * 5)
    specs = ["hello-prefix", "prio"]
    deep.mkdir(parents=True)
    before = machine.snapshot(machine.cache)
    answer = machine.json(
        "create", "-p", str(deep / "ours"), "-c", channels.main_url, *tiny(*specs), code=6
    )
    assert "hello-prefix-1.0-0 has room for 255" in answer["what"]
    assert machine.snapshot(machine.cache) == before


class TestLinkScripts:
    """Post-link scripts: py-rattler runs none by default."""

    def test_it_runs_and_its_message_is_shown(self, machine: Machine, channels: Channels) -> None:
        done = machine.run("create", "e", "-c", channels.main_url, *tiny("post-link-ok"))
        assert "post-link-ok says hello" in done.stdout + done.stderr
        assert not (machine.envs / "e" / ".messages.txt").exists()

    def test_a_failing_one_fails_create(self, machine: Machine, channels: Channels) -> None:
        answer = machine.tiny("e", channels.main_url, "post-link-fails", code=6)
        assert answer["error"] == "link-script"
        assert "exit code 3" in answer["what"]
        assert answer["details"] == ["post-link-fails: no luck today"]
        assert state_of(machine.envs / "e") is State.PENDING

    def test_home_is_not_the_users(self, machine: Machine, channels: Channels) -> None:
        machine.tiny("e", channels.main_url, "post-link-home")
        assert not list(machine.root.rglob(".sealenv-test-trace"))
        assert list(machine.tmp.iterdir()) == []

    def test_without_them_they_are_listed(self, machine: Machine, channels: Channels) -> None:
        packages = ("post-link-ok", "post-link-fails", "prio")
        answer = machine.tiny("e", channels.main_url, *packages, args=["--no-link-scripts"])
        assert answer["link_scripts"] == []
        assert sorted(answer["skipped_link_scripts"]) == ["post-link-fails", "post-link-ok"]


class TestView:
    """The package cache that conda and mamba in the environment use."""

    def check(self, prefix: Path, view: Path) -> None:
        archive = view / "prio-1.0-0.conda"
        record = records(prefix)["prio"]
        assert archive.is_file()
        urls = (view / "urls.txt").read_text().splitlines()
        assert urls.count(record["url"]) == 1
        assert record["package_tarball_full_path"] == str(archive)
        assert hashlib.sha256(archive.read_bytes()).hexdigest() == record["sha256"]
        assert (prefix / "pkgs").is_symlink()
        assert (prefix / "pkgs").resolve() == view.resolve()

    def test_archives_are_hard_links_beside_the_content_of_others(
        self, machine: Machine, channels: Channels
    ) -> None:
        view = machine.root / "pkgs"
        view.mkdir()
        (view / "urls.txt").write_text("https://elsewhere/noarch/x-1-0.conda\n")
        (view / "mine.conda").write_text("mine")
        del machine.env["SEALENV_CACHE"]
        machine.env["CONDA_PKGS_DIRS"] = f"{view},{machine.root}/other"
        for name in ("one", "two"):
            machine.tiny(name, channels.main_url, "prio")
            self.check(machine.envs / name, view)
        (archive,) = (view / ".sealenv" / "archives").glob("*/prio-*.conda")
        assert archive.samefile(view / archive.name)
        assert (view / "mine.conda").read_text() == "mine"
        assert (view / "urls.txt").read_text().startswith("https://elsewhere/")
        assert list(machine.home.iterdir()) == []
