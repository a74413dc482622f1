"""What py-rattler 0.28 leaves to us (shared facts, 14 gaps): what is in the prefix afterwards."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import re
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sealenv.commands.verify import verify
from sealenv.layout import MARKER, State, state_of
from tests.channel import Channels
from tests.engine.bare import bare_install
from tests.machine import Machine, tiny, umask

SPECS = ("python", "pip", "demo-hello")


@pytest.fixture(scope="module")
def ours(
    channels: Channels, warm_cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Machine, Path]:
    """python, pip and a program of a noarch package, made by sealenv."""
    machine = Machine(tmp_path_factory.mktemp("ours"), cache=warm_cache)
    machine.json("create", "e", "-c", channels.main_url, *tiny(*SPECS))
    return machine, machine.envs / "e"


@pytest.fixture(scope="module")
def bare(channels: Channels, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, made by py-rattler alone."""
    root = tmp_path_factory.mktemp("bare")
    done = bare_install(channels.main_url, SPECS, root / "e", root / "cache")
    assert done.returncode == 0, done.stderr
    return root / "e"


def records(prefix: Path) -> dict[str, dict[str, Any]]:
    """Every record by the package's name."""
    found = [json.loads(p.read_text()) for p in (prefix / "conda-meta").glob("*.json")]
    return {record["name"]: record for record in found}


def modes(folder: Path) -> set[int]:
    return {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir() if path.is_file()}


def test_byte_code_is_compiled(ours: tuple[Machine, Path], bare: Path) -> None:
    """Gap 4: py-rattler compiles nothing."""
    prefix = ours[1]
    assert not list(bare.rglob("site-packages/**/*.pyc"))
    assert len(list(prefix.rglob("site-packages/**/*.pyc"))) > 100


def test_modes_follow_the_umask(ours: tuple[Machine, Path], bare: Path) -> None:
    """Gap 5: py-rattler makes records 0600 and entry points 0775, whatever the umask."""
    prefix = ours[1]
    assert modes(bare / "conda-meta") >= {0o600}
    assert modes(prefix / "conda-meta") == {0o666 & ~umask()}
    assert stat.S_IMODE((bare / "bin" / "demo-hello").stat().st_mode) == 0o775
    assert stat.S_IMODE((prefix / "bin" / "demo-hello").stat().st_mode) == 0o777 & ~umask()


def test_modes_follow_a_stricter_umask(warm_machine: Machine, channels: Channels) -> None:
    command = warm_machine.command("create", "e", "-c", channels.main_url, "-q", *tiny("prio"))
    subprocess.run(command, env=warm_machine.env, umask=0o077, check=True, capture_output=True)
    assert modes(warm_machine.envs / "e" / "conda-meta") == {0o600}


def test_backup_tools_do_not_skip_the_environment(ours: tuple[Machine, Path], bare: Path) -> None:
    """Gap 5: py-rattler's CACHEDIR.TAG tells them to."""
    assert (bare / "CACHEDIR.TAG").exists()
    assert not (ours[1] / "CACHEDIR.TAG").exists()


def parse_history(text: str) -> tuple[list[tuple[str, set[str], list[str]]], dict[str, list[str]]]:
    """As conda 26 does (conda/history.py: parse, _parse_comment_line, get_requested_specs_map)."""
    revisions: list[tuple[str, set[str], list[str]]] = []
    requested: dict[str, list[str]] = {}
    for line in text.splitlines():
        if head := re.match(r"==>\s*(.+)\s*<==", line):
            revisions.append((head.group(1).strip(), set(), []))
        elif line.startswith("#"):
            revisions[-1][2].append(line)
            if found := re.match(r"#\s*(\w+)\s*specs:\s*(.+)?", line):
                specs = found.group(2) or ""
                assert specs.startswith("[")
                requested[found.group(1)] = ast.literal_eval(specs)
        elif line:
            revisions[-1][1].add(line)
    return revisions, requested


def test_history_says_what_was_asked_for(ours: tuple[Machine, Path], bare: Path) -> None:
    """Gap 6: py-rattler leaves it empty; then `conda env export --from-history` is empty too."""
    prefix = ours[1]
    assert (bare / "conda-meta" / "history").read_text() == ""
    revisions, requested = parse_history((prefix / "conda-meta" / "history").read_text())
    assert len(revisions) == 1
    when, lines, _ = revisions[0]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", when)
    assert requested == {"update": ["python", "pip", "demo-hello"]}
    expected = {
        f"+{r['channel'].rstrip('/')}/{r['subdir']}::{r['name']}-{r['version']}-{r['build']}"
        for r in records(prefix).values()
    }
    assert lines == expected


def test_records_say_what_was_asked_for(ours: tuple[Machine, Path], bare: Path) -> None:
    """Gap 13: py-rattler's install(requested_specs=[MatchSpec]) raises TypeError."""
    assert not any(r.get("requested_specs") for r in records(bare).values())
    asked = {name: r["requested_specs"] for name, r in records(ours[1]).items()}
    assert {name for name, specs in asked.items() if specs} == set(SPECS)
    assert asked["demo-greeting"] == []


def test_a_prefix_that_was_left_half_made_heals(warm_machine: Machine, channels: Channels) -> None:
    """Gap 7: py-rattler has no rollback, marks nothing, and compares only records afterwards."""
    root = warm_machine.root
    bare = root / "bare"
    for _ in range(2):
        bare_install(channels.main_url, ["prio"], bare, root / "c")
        (bare / "share" / "prio" / "version.txt").unlink(missing_ok=True)
    assert bare_install(channels.main_url, ["prio"], bare, root / "c").returncode == 0
    assert not (bare / "share" / "prio" / "version.txt").exists()

    warm_machine.tiny("e", channels.main_url, "prio")
    prefix = warm_machine.envs / "e"
    (prefix / MARKER).write_text("token\n")
    (prefix / "share" / "prio" / "version.txt").unlink()
    assert state_of(prefix) is State.PENDING
    warm_machine.tiny("e", channels.main_url, "prio")
    assert not verify(prefix).findings


def test_a_failed_link_leaves_a_pending_prefix(machine: Machine, channels: Channels) -> None:
    """Gap 7: py-rattler leaves files behind that nothing tells from an environment's."""
    args = ("hostile-dotdot-paths",)
    bare = machine.root / "bare"
    done = bare_install(channels.hostile_url, args, bare, machine.root / "c")
    assert done.returncode != 0
    assert (bare / "conda-meta").is_dir()
    machine.tiny("e", channels.main_url, "post-link-fails", code=6)
    assert state_of(machine.envs / "e") is State.PENDING
    machine.tiny("e", channels.main_url, "prio")
    assert not (machine.envs / "e" / "share" / "post-link-fails").exists()


def test_a_prefix_that_is_a_command_is_refused(warm_machine: Machine, channels: Channels) -> None:
    """Gap 9: py-rattler writes it into scripts as it is, where sh runs it."""
    root = warm_machine.root
    bare = root / "$(touch pwned)"
    assert bare_install(channels.main_url, SPECS, bare, root / "c").returncode == 0
    subprocess.run([bare / "bin" / "demo-hello"], cwd=root, capture_output=True, check=False)
    assert (root / "pwned").exists()
    before = warm_machine.snapshot()
    for part in ("$(touch pwned2)", "`touch pwned2`", "a;touch pwned2", "${HOME}"):
        answer = warm_machine.json("create", "-p", str(root / part), code=2)
        assert answer["error"] == "usage"
    assert warm_machine.snapshot() == before


def test_entry_points_run_in_an_unusual_folder(warm_machine: Machine, channels: Channels) -> None:
    """Gap 9: what py-rattler writes into entry points must hold there."""
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
    """Gap 10: py-rattler fails half way."""
    if not any((channels.main / channels.subdir).glob("hello-prefix-*")):
        pytest.skip("no C compiler made hello-prefix")
    deep = machine.root / "/".join(["x" * 60] * 5)
    specs = ["hello-prefix", "prio"]
    bare = bare_install(channels.main_url, specs, deep / "bare", machine.root / "c")
    assert bare.returncode != 0
    assert deep.is_dir()
    before = machine.snapshot(machine.cache)
    answer = machine.json(
        "create", "-p", str(deep / "ours"), "-c", channels.main_url, *tiny(*specs), code=6
    )
    assert "hello-prefix-1.0-0 has room for 255" in answer["what"]
    assert machine.snapshot(machine.cache) == before


def test_links_have_no_digest_that_does_not_hold(ours: tuple[Machine, Path], bare: Path) -> None:
    """Gap 11: py-rattler gives bin/python the digest of its text; conda doctor reads what is behind
    the link, and calls it altered."""

    def untrue(prefix: Path) -> list[str]:
        """What conda doctor would call altered (conda/plugins/subcommands/doctor)."""
        return [
            path["_path"]
            for record in records(prefix).values()
            for path in record["paths_data"]["paths"]
            if (promised := path.get("sha256_in_prefix"))
            and hashlib.sha256((prefix / path["_path"]).read_bytes()).hexdigest() != promised
        ]

    machine, prefix = ours
    assert "bin/python" in untrue(bare)
    assert untrue(prefix) == []
    assert "bin/python" in {p["_path"] for p in records(prefix)["python"]["paths_data"]["paths"]}
    machine.run("verify", "e")


class TestLinkScripts:
    """Gap 12: py-rattler runs none unless told to; then a failing one is a success."""

    def test_it_runs_and_its_message_is_shown(self, machine: Machine, channels: Channels) -> None:
        bare = machine.root / "bare"
        bare_install(channels.main_url, ["post-link-ok"], bare, machine.root / "c")
        assert not (bare / ".messages.txt").exists()
        done = machine.run("create", "e", "-c", channels.main_url, *tiny("post-link-ok"))
        assert "post-link-ok says hello" in done.stdout + done.stderr
        assert not (machine.envs / "e" / ".messages.txt").exists()

    def test_a_failing_one_fails_create(self, machine: Machine, channels: Channels) -> None:
        bare = bare_install(
            channels.main_url, ["post-link-fails"], machine.root / "b", machine.root / "c",
            scripts=True,
        )  # fmt: skip
        assert bare.returncode == 0
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
    """Gap 14: py-rattler's cache is of no use for conda and mamba inside the environment."""

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

    def test_archives_are_there_as_hard_links(self, machine: Machine, channels: Channels) -> None:
        for name in ("one", "two"):
            machine.tiny(name, channels.main_url, "prio")
            self.check(machine.envs / name, machine.cache / "pkgs")
        (archive,) = (machine.cache / "archives").glob("*/prio-*.conda")
        assert archive.samefile(machine.cache / "pkgs" / archive.name)

    def test_conda_pkgs_dirs_is_honoured_and_what_is_in_it_kept(
        self, machine: Machine, channels: Channels
    ) -> None:
        view = machine.root / "pkgs"
        view.mkdir()
        (view / "urls.txt").write_text("https://elsewhere/noarch/x-1-0.conda\n")
        (view / "mine.conda").write_text("mine")
        del machine.env["SEALENV_CACHE"]
        machine.tiny("e", channels.main_url, "prio", CONDA_PKGS_DIRS=f"{view},{machine.root}/other")
        self.check(machine.envs / "e", view)
        assert (view / "mine.conda").read_text() == "mine"
        assert (view / "urls.txt").read_text().startswith("https://elsewhere/")
        assert (view / ".sealenv" / "archives").is_dir()
        assert list(machine.home.iterdir()) == []


def test_no_path_of_the_cache_is_in_the_prefix_but_in_its_records(
    ours: tuple[Machine, Path],
) -> None:
    machine, prefix = ours
    needle = os.fsencode(machine.cache / "unpacked")
    for path in prefix.rglob("*"):
        if path.is_file() and not path.is_symlink():
            assert needle not in path.read_bytes(), path
