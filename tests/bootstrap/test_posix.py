"""bootstrap/micromamba_bootstrap.sh, all of it: in dash, through curl or wget and a real server."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import pytest

from tests.bootstrap.machine import DEFAULT, Bare
from tests.channel import Channels
from tests.machine import Machine

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a POSIX script")


def made(bare: Bare, channels: Channels) -> Path:
    return bare.envs / f"my_env_{channels.python_minor.replace('.', '_')}"


@pytest.mark.slow
def test_makes_an_environment_and_leaves_no_trace(bare: Bare, channels: Channels) -> None:
    done = bare.make("my_env", channels.python_minor)
    prefix = made(bare, channels)
    for program in ("python", "conda", "mamba"):
        ran = subprocess.run([prefix / "bin" / program, "--version"], capture_output=True)
        assert ran.returncode == 0
    (call,) = bare.calls()
    words = call["argv"]
    assert words[0] == "install"
    assert {"--no-rc", "--override-channels", "--no-shortcuts", "--yes"} <= set(words)
    assert "--no-env" not in words  # it would make micromamba pass CONDA_PKGS_DIRS by
    assert words[words.index("-c") + 1] == bare.url
    assert words[-3:] == [f"python={channels.python_minor}", "mamba", "conda"]
    assert call["environ"]["CONDA_PKGS_DIRS"] == str(bare.pkgs)
    assert call["environ"]["HOME"].startswith(str(bare.tmp))
    assert list(bare.home.iterdir()) == []
    assert list(bare.tmp.iterdir()) == []
    assert (prefix / "pkgs").resolve() == bare.pkgs
    meta = {path.name for path in (prefix / "conda-meta").iterdir()}
    assert "sealenv.pending" not in meta
    assert {"history", "sealenv.bootstrap"} <= meta
    assert DEFAULT in (prefix / "conda-meta" / "sealenv.bootstrap").read_text()
    cached = {path.name for path in (bare.cache / "micromamba").iterdir()}
    exe = f"micromamba-{DEFAULT}-{channels.subdir}"
    assert cached == {exe, f"{exe}.sha256"}
    assert "trusted on first use" in done.stdout


@pytest.mark.slow
def test_sealenv_takes_it_for_a_foreign_environment(bare: Bare, channels: Channels) -> None:
    bare.make("my_env", channels.python_minor)
    prefix = made(bare, channels)
    machine = Machine(bare.root / "user")
    (listed,) = machine.json("list", "--in", str(bare.envs))["environments"]
    assert (listed["name"], listed["state"]) == (prefix.name, "foreign")
    code = "import sys; print(sys.prefix)"
    ran = machine.run("run", str(prefix), "--", "python", "-c", code)
    assert ran.stdout.strip() == str(prefix)
    machine.run("remove", str(prefix), "--yes")
    assert not prefix.exists()
    assert any(bare.pkgs.iterdir())


@pytest.mark.slow
def test_a_second_run_uses_the_cache_and_wget_does_it_too(bare: Bare, channels: Channels) -> None:
    bare.tools("wget", "shasum")
    bare.make("one", channels.python_minor)
    before = len(bare.server.answers)
    bare.tools("openssl")  # no network tool at all
    done = bare.make("two", channels.python_minor)
    assert len(bare.server.answers) == before
    assert "the digest that an earlier run kept" in done.stdout
    assert len(bare.calls()) == 2


def test_no_program_to_download_or_to_hash(bare: Bare) -> None:
    bare.tools("sha256sum")
    assert "neither curl nor wget" in bare.make("x", code=9).stderr
    bare.tools("curl")
    assert "no digest" in bare.make("x", code=5).stderr
    assert not (bare.envs / "x").exists()
    assert not any(path.name.endswith(".part") for path in bare.cache.rglob("*"))


@pytest.mark.slow
def test_options(bare: Bare, channels: Channels) -> None:
    script = bare.root / "build it.sh"
    script.write_text('echo "$0 in $PWD $1"; [ -x ../bin/python ]\n')
    (bare.scripts / "__home__").mkdir()
    (bare.scripts / "__home__" / "note.txt").write_text("mine\n")
    target = bare.root / "deep" / "er" / "x y"
    done = bare.run(
        *("--prefix", str(target), channels.python_minor, "--channel", f"{bare.url},{bare.url}"),
        *("--packages", "hello-prefix", "--keep-micromamba", "--post", str(script), "--clean"),
        PYTHONPATH="/nowhere",
    )
    assert "hello-prefix" in done.stdout
    assert (target / "bin" / "micromamba").is_file()
    assert (target / "__home__" / "note.txt").read_text() == "mine\n"
    assert f"in {target}/__home__" in done.stdout
    assert bare.calls()[0]["argv"].count("-c") == 2
    assert "PYTHONPATH" not in bare.calls()[0]["environ"]


@pytest.mark.slow
def test_a_post_script_that_fails_keeps_the_environment(bare: Bare, channels: Channels) -> None:
    script = bare.root / "build.sh"
    script.write_text("exit 4\n")
    done = bare.make("my_env", channels.python_minor, "--post", str(script), code=10)
    assert "exit code 4" in done.stderr
    assert not (made(bare, channels) / "conda-meta" / "sealenv.pending").exists()


def test_the_gate_lists_all_that_is_dirty(bare: Bare) -> None:
    dirt = {"CONDA_PREFIX": "/p", "CONDA_SHLVL": "1", "VIRTUAL_ENV": "/v"}
    dirt |= {"PYTHONHOME": "/h", "PYTHONPATH": "/x"}
    before = bare.everything()
    done = bare.make("x", code=3, **dirt)
    assert [name for name in dirt if f"{name}={dirt[name]}" in done.stderr] == list(dirt)
    for name, value in dirt.items():
        assert name in bare.make("x", code=3, **{name: value}).stderr
    assert bare.everything() == before
    bare.make("x", "--dry-run", CONDA_SHLVL="0")
    bare.make("x", "--dry-run", PIP_USER="False")
    for value in ("0 false", "a\x1b[31mb"):
        said = bare.make("x", "--dry-run", code=3, PIP_USER=value).stderr
        assert "  PIP_USER=" in said
        assert "\x1b" not in said
    bare.make("x", "--dry-run", "--clean", code=0, **dirt)


@pytest.mark.parametrize(
    "name",
    [
        *("a&calc", "%PATH%", 'x" & y', "a!b", "a^b", "n" * 300, "../x", "C:evil", "con", "NUL.x"),
        *("dot.", "space ", " space", "~x", "base", "a\nb", "$(touch evil)", "`touch evil`", "a'b"),
    ],
)
def test_hostile_names(bare: Bare, name: str) -> None:
    before = bare.everything()
    done = bare.make(name, code=2)
    assert "[ERROR]" in done.stderr
    assert bare.everything() == before


@pytest.mark.parametrize(
    "args",
    [
        ("--frobnicate",),
        ("a", "3.12", "b"),
        ("a", "3.x"),
        ("a", "3..12"),
        ("--prefix",),
        ("--prefix", "/tmp/x", "name", "3.12"),
        ("--sha256", "abc"),
        ("--micromamba", "-1"),
        ("--micromamba", "2.6.0"),
        ("--micromamba", "2.6.3-1"),
        ("--packages", "--root-prefix=/"),
        ("--post", "nowhere.sh"),
    ],
)
def test_usage(bare: Bare, args: tuple[str, ...]) -> None:
    before = bare.everything()
    assert "[ERROR]" in bare.run(*args, code=2).stderr
    assert bare.everything() == before


def test_help_and_dry_run_write_nothing(bare: Bare) -> None:
    before = bare.everything()
    assert "--keep-micromamba" in bare.run("--help").stdout
    done = bare.make("my_env", "3.12", "--dry-run")
    assert str(bare.envs / "my_env_3_12") in done.stdout
    assert bare.everything() == before
    assert bare.server.answers == []


@pytest.mark.parametrize(
    ("fault", "pattern"),
    [
        ({"status": 404}, "*.sha256"),
        ({"status": 404}, "*64"),
        ({"truncate": 10}, "*64"),
        ({"flip": True}, "*64"),
        ({"truncate": 0, "honest": True}, "*.sha256"),
    ],
    ids=["no digest", "no executable", "truncated", "wrong digest", "empty digest"],
)
def test_bad_downloads(
    bare: Bare, fault: dict[str, int | bool], pattern: str, channels: Channels
) -> None:
    bare.server.fail(pattern.replace("*64", f"*{channels.subdir}"), **fault)
    done = bare.make("x", code=5)
    assert "[ERROR]" in done.stderr
    left = [path.name for path in (bare.cache / "micromamba").iterdir()]
    assert left == []
    assert not (bare.envs / "x").exists()
    assert list(bare.tmp.iterdir()) == []


def test_no_network(bare: Bare) -> None:
    done = bare.make("x", code=5, SEALENV_MICROMAMBA_URL="http://127.0.0.1:9")
    assert "a download failed" in done.stderr


def test_a_pinned_digest_is_the_only_one_that_counts(bare: Bare) -> None:
    done = bare.make("x", "--sha256", "0" * 64, code=5)
    assert "said by --sha256" in done.stderr
    assert not any(path.endswith(".sha256") for _, path, _ in bare.server.answers)


@pytest.mark.slow
def test_a_changed_executable_in_the_cache_is_refused(bare: Bare, channels: Channels) -> None:
    bare.make("one", channels.python_minor)
    exe = bare.cache / "micromamba" / f"micromamba-{DEFAULT}-{channels.subdir}"
    exe.write_bytes(exe.read_bytes() + b"#")
    done = bare.make("two", channels.python_minor, code=5)
    assert "not the one that was promised" in done.stderr
    assert exe.exists()
    assert not made(bare, channels).with_name("two").exists()


def test_latest(bare: Bare) -> None:
    bare.server.fail("latest", redirect=f"/tag/{DEFAULT}")
    (bare.server.root / "tag").mkdir()
    (bare.server.root / "tag" / DEFAULT).write_text("a page")
    done = bare.make("x", "--micromamba", "latest", "--sha256", "0" * 64, code=5)
    assert f"latest is       {DEFAULT}" in done.stdout
    bare.server.heal()
    bare.server.fail("latest", redirect="/tag/2.6.0-1")
    (bare.server.root / "tag" / "2.6.0-1").write_text("a page")
    assert "known to be bad" in bare.make("x", "--micromamba", "latest", code=2).stderr


def test_targets_that_are_not_ours_stay(bare: Bare) -> None:
    full = bare.envs / "full"
    full.mkdir()
    (full / "thesis.txt").write_text("precious")
    existing = bare.envs / "existing" / "conda-meta"
    existing.mkdir(parents=True)
    (existing / "history").write_text("")
    sealenvs = bare.envs / "begun" / "conda-meta"
    sealenvs.mkdir(parents=True)
    (sealenvs / "sealenv.pending").write_text("0123456789abcdef\n{}\n")
    (bare.envs / "link").symlink_to(full)
    (bare.envs / "file").write_text("")
    before = bare.everything()
    for name in ("full", "existing", "begun", "link", "file"):
        assert "[ERROR]" in bare.make(name, code=7).stderr
        if name != "begun":
            bare.run(name, "--remove", code=7)
    assert bare.everything() == before


def test_a_target_that_may_not_be_written(bare: Bare) -> None:
    blocked = bare.root / "blocked"
    blocked.write_text("a file where a folder should be")
    assert "[ERROR]" in bare.make("x", code=9, PY_ENVS=str(blocked)).stderr


@pytest.mark.slow
def test_half_made_is_marked_and_made_anew(bare: Bare, channels: Channels) -> None:
    done = bare.make("my_env", channels.python_minor, code=6, FAKE_MICROMAMBA_FAIL="3")
    assert "exit code 3" in done.stderr
    prefix = made(bare, channels)
    assert (prefix / "conda-meta" / "sealenv.pending").read_text().startswith("sealenv-bootstrap")
    assert (
        Machine(bare.root / "user").json("list", "--in", str(bare.envs))["environments"][0]["state"]
        == "pending"
    )
    (prefix / "__home__").mkdir()
    (prefix / "__home__" / "mine.sh").write_text("mine")
    (prefix / "half").write_text("")
    bare.make("my_env", channels.python_minor)
    assert not (prefix / "half").exists()
    assert (prefix / "__home__" / "mine.sh").exists()
    assert not (prefix / "conda-meta" / "sealenv.pending").exists()


@pytest.mark.slow
def test_killed_micromamba_leaves_the_marker(bare: Bare, channels: Channels) -> None:
    bare.make("my_env", channels.python_minor, code=6, FAKE_MICROMAMBA_FAIL="kill")
    assert (made(bare, channels) / "conda-meta" / "sealenv.pending").exists()
    bare.run("my_env", channels.python_minor, "--remove")
    assert not made(bare, channels).exists()


@pytest.mark.slow
def test_remove_leaves_the_package_cache(bare: Bare, channels: Channels) -> None:
    bare.make("my_env", channels.python_minor)
    before = {path.name for path in bare.pkgs.iterdir()}
    dry = bare.run("my_env", channels.python_minor, "--remove", "--dry-run")
    assert "Would remove" in dry.stdout
    bare.run("my_env", channels.python_minor, "--remove")
    assert not made(bare, channels).exists()
    assert {path.name for path in bare.pkgs.iterdir()} == before
    bare.run("my_env", channels.python_minor, "--remove", code=7)


@pytest.mark.slow
def test_an_empty_folder_is_a_target_and_the_marker_is_locked(
    bare: Bare, channels: Channels, tmp_path: Path
) -> None:
    prefix = made(bare, channels)
    prefix.mkdir()
    wait = tmp_path / "go on"
    env = bare.env | {"FAKE_MICROMAMBA_WAIT": str(wait)}
    command = [bare.shell, str(bare.script), "my_env", channels.python_minor]
    command += ["--channel", bare.url]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        assert any("Transaction starting" in line for line in first.stdout)
        second = bare.make("my_env", channels.python_minor, code=7)
        assert "another process" in second.stderr
        removed = bare.run("my_env", channels.python_minor, "--remove", code=7)
        assert "another process" in removed.stderr
        wait.touch()
        first.stdout.read()
        assert first.wait(timeout=120) == 0
    assert (prefix / "bin" / "python").exists()


@pytest.mark.slow
def test_a_micromamba_that_makes_nothing_leaves_the_marker(bare: Bare, channels: Channels) -> None:
    fake = bare.server.root / "download" / DEFAULT / f"micromamba-{channels.subdir}"
    program = b'#!/bin/sh\necho "a stand-in that makes nothing"\n'
    fake.write_bytes(program)
    fake.with_name(fake.name + ".sha256").write_text(hashlib.sha256(program).hexdigest())
    assert "there is no bin/python" in bare.make("my_env", code=6).stderr
    assert (bare.envs / "my_env" / "conda-meta" / "sealenv.pending").exists()
