"""bootstrap/micromamba_bootstrap.sh: all of it, in real shells, with curl or wget and a real server."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from sealenv.bootstrap.scripts import PINNED
from tests.bootstrap.machine import DEFAULT, Bare
from tests.channel import Channels
from tests.machine import Machine

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a POSIX script")


def target(bare: Bare, channels: Channels) -> Path:
    return bare.envs / f"my_env_{channels.python_minor.replace('.', '_')}"


@pytest.mark.slow
def test_makes_an_environment_and_leaves_no_trace(bare: Bare, channels: Channels) -> None:
    bare.run("my_env", channels.python_minor)
    prefix = target(bare, channels)
    for program in ("python", "conda", "mamba"):
        ran = subprocess.run([prefix / "bin" / program, "--version"], capture_output=True)
        assert ran.returncode == 0
    (call,) = bare.calls()
    words = call["argv"]
    assert words[0] == "install"
    assert {"--no-rc", "--override-channels", "--no-shortcuts", "--yes"} <= set(words)
    assert words[words.index("-c") + 1] == bare.url
    assert words[-3:] == [f"python={channels.python_minor}", "mamba", "conda"]
    assert call["environ"]["CONDA_PKGS_DIRS"] == str(bare.pkgs)
    assert call["environ"]["HOME"].startswith(str(bare.tmp))
    assert list(bare.home.iterdir()) == []
    assert list(bare.tmp.iterdir()) == []
    assert (prefix / "pkgs").resolve() == bare.pkgs
    assert not (prefix / "conda-meta" / "sealenv.pending").exists()
    note = (prefix / "conda-meta" / "sealenv.bootstrap").read_text()
    assert f"micromamba {DEFAULT} sha256 {bare.digest}" in note
    exe = f"micromamba-{DEFAULT}-{channels.subdir}"
    assert [path.name for path in (bare.cache / "micromamba").iterdir()] == [exe]
    # sealenv: a foreign environment, until `sealenv seal`.
    machine = Machine(bare.root / "user")
    (listed,) = machine.json("list", "--in", str(bare.envs))["environments"]
    assert (listed["name"], listed["state"]) == (prefix.name, "foreign")


@pytest.mark.slow
def test_all_variables_in_another_shell(bare: Bare, channels: Channels) -> None:
    """And with wget and shasum, in a strict umask, on a file system without links."""
    bare.use_shell("bash")
    bare.tools("wget", "shasum", without=("ln", "flock"))
    bare.before = ["/bin/sh", "-c", 'umask 077; exec "$@"', "sh"]
    script = bare.root / "build it.sh"
    activate = '. ../etc/profile.d/conda.sh && conda activate "$(cd .. && pwd)"'
    script.write_text(f'{activate} || exit\necho "$CONDA_PREFIX in $PWD, $(command -v python)"\n')
    (bare.scripts / "__home__").mkdir()
    (bare.scripts / "__home__" / "note.txt").write_text("mine\n")
    prefix = bare.root / "deep" / "er" / "x y"
    done = bare.run(
        *("unused", channels.python_minor, "--post", str(script)),
        ENV_PREFIX=str(prefix),
        CHANNEL=f"{bare.url} {bare.url}",
        PACKAGES="hello-prefix",
        KEEP_MICROMAMBA="1",
        MAMBA_X="1",
    )
    assert "[WARN] cannot make" in done.stderr
    assert not (prefix / "pkgs").exists()
    assert prefix.stat().st_mode & 0o077 == 0
    assert (prefix / "bin" / "micromamba").is_file()
    assert (prefix / "__home__" / "note.txt").read_text() == "mine\n"
    assert f"{prefix} in {prefix}/__home__, {prefix}/bin/python\n" in done.stdout
    assert activate in bare.run("--help").stdout
    (call,) = bare.calls()
    assert call["argv"].count("-c") == 2
    assert call["argv"][-1] == "hello-prefix"
    assert "MAMBA_X" not in call["environ"]


@pytest.mark.slow
def test_unfinished_is_marked_and_replaced(bare: Bare, channels: Channels) -> None:
    """micromamba fails, is killed, or makes nothing that can be activated; then all goes well."""
    prefix = target(bare, channels)
    marker = prefix / "conda-meta" / "sealenv.pending"
    run = ("my_env", channels.python_minor)
    assert "exit code 3" in bare.run(*run, code=6, FAKE_MICROMAMBA_FAIL="3").stderr
    assert marker.read_text().startswith("sealenv-bootstrap")
    bare.run(*run, code=6, FAKE_MICROMAMBA_FAIL="kill")
    assert marker.exists()
    # The channel's other stand-in for conda has nothing that could activate the environment.
    bare.run(*run, PACKAGES="conda[build=stand_in_0]", code=8)
    (listed,) = Machine(bare.root / "user").json("list", "--in", str(bare.envs))["environments"]
    assert listed["state"] == "pending"
    (prefix / "__home__").mkdir()
    (prefix / "__home__" / "mine.sh").write_text("mine")
    (prefix / "half").write_text("")
    (failing := bare.root / "build.sh").write_text("exit 4\n")
    assert "exit code 4" in bare.run(*run, "--post", str(failing), code=10).stderr
    assert not (prefix / "half").exists()
    assert (prefix / "__home__" / "mine.sh").exists()
    assert not marker.exists()


def test_the_gate_lists_all_that_is_dirty(bare: Bare) -> None:
    dirt = {"CONDA_PREFIX": "/p", "CONDA_SHLVL": "1", "VIRTUAL_ENV": "/v"}
    dirt |= {"PYTHONHOME": "/h", "PYTHONPATH": "/x"}
    before = bare.everything()
    done = bare.run("x", code=3, **dirt)
    assert [name for name in dirt if f"{name}={dirt[name]}" in done.stderr] == list(dirt)
    for name, value in dirt.items():
        assert name in bare.run("x", code=3, **{name: value}).stderr
    bare.run("x", "--dry-run", CONDA_SHLVL="0", PIP_USER="False")
    (bare.root / "other" / "conda-meta").mkdir(parents=True)
    (bare.root / "venv").mkdir()
    (bare.root / "venv" / "pyvenv.cfg").touch()
    for folder in ("other/bin", "venv/bin/", "other"):
        path = f"{bare.bin}:{bare.root / folder}"
        assert "belongs to another environment" in bare.run("x", code=3, PATH=path).stderr
    before = bare.everything()
    assert "  PIP_USER=1" in bare.run("x", "--dry-run", code=3, PIP_USER="1").stderr
    assert bare.everything() == before


@pytest.mark.parametrize(
    ("words", "variables"),
    [
        ("a&b", {}),
        ("../x", {}),
        ("x|$(touch evil)", {}),
        ("--frobnicate", {}),
        ("x", {"MICROMAMBA_VERSION": "2.9.0-0", "MICROMAMBA_SHA256": ""}),
        ("x", {"ENV_PREFIX": "/tmp/$(touch evil)"}),
        ("x", {"CONDA_PKGS_DIRS": "pkgs"}),
    ],
)
def test_usage(bare: Bare, words: str, variables: dict[str, str]) -> None:
    before = bare.everything()
    assert "[ERROR]" in bare.run(*words.split("|"), code=2, **variables).stderr
    assert bare.everything() == before


def test_help_and_dry_run_write_nothing(bare: Bare) -> None:
    before = bare.everything()
    assert "MICROMAMBA_SHA256" in bare.run("--help").stdout
    done = bare.run("my_env", "3.12", "--dry-run", PACKAGES="numpy>=1.26 scipy")
    assert str(bare.envs / "my_env_3_12") in done.stdout
    assert "python=3.12 mamba conda numpy>=1.26 scipy" in done.stdout
    text = bare.script.read_bytes()
    piped = subprocess.run(
        ["sh"], executable=bare.shell, input=text, capture_output=True, env=bare.env, cwd=bare.root
    )
    assert (piped.returncode, b"save it first" in piped.stderr) == (2, True)
    assert bare.everything() == before
    assert bare.server.answers == []


def test_the_digest_is_pinned_with_the_version(bare: Bare, channels: Channels) -> None:
    """The server's stand-in is not the release; nor is a cached file trusted by its name."""
    pinned = PINNED.sha256[channels.subdir]
    cached = bare.cache / "micromamba" / f"micromamba-{DEFAULT}-{channels.subdir}"
    cached.parent.mkdir(parents=True)
    cached.write_text("another program")
    done = bare.run("x", code=5, MICROMAMBA_SHA256="")
    assert "checksum mismatch" in done.stderr
    assert pinned in done.stderr
    assert cached.read_text() == "another program"
    assert not (bare.envs / "x").exists()
    assert list(bare.tmp.iterdir()) == []
    bare.run("x", code=6, FAKE_MICROMAMBA_FAIL="1", MICROMAMBA_SHA256=bare.digest.upper())
    assert cached.read_bytes() == bare.executable.read_bytes()
    bare.tools("openssl")  # neither curl nor wget
    bare.run("x", code=6, FAKE_MICROMAMBA_FAIL="1")
    bare.tools("curl")  # nothing for sha256
    assert "has sha256 (unknown)" in bare.run("x", code=5).stderr


def test_targets_that_are_not_ours_stay(bare: Bare) -> None:
    full = bare.envs / "full"
    full.mkdir()
    (full / "thesis.txt").write_text("precious")
    for name, marker in (("existing", None), ("begun", "0123456789abcdef\n{}\n"), ("empty", "")):
        meta = bare.envs / name / "conda-meta"
        meta.mkdir(parents=True)
        (meta / "history").write_text("")
        if marker is not None:
            (meta / "sealenv.pending").write_text(marker)
    (bare.envs / "link").symlink_to(full)
    (bare.envs / "file").write_text("")
    before = bare.everything()
    for name in ("full", "existing", "begun", "empty", "link", "file"):
        assert "[ERROR]" in bare.run(name, code=7).stderr
    assert bare.everything() == before


def test_what_comes_during_the_download_stays(bare: Bare) -> None:
    prefix = bare.envs / "x"
    command = "mkdir '{0}.real'; : >'{0}.real/thesis.txt'; ln -s '{0}.real' '{0}'"
    bare.fake_before("curl", command.format(prefix))
    bare.run("x", code=7)
    assert bare.calls() == []
    assert len(bare.server.answers) == 1
    assert [path.name for path in prefix.iterdir()] == ["thesis.txt"]


@pytest.mark.slow
@pytest.mark.parametrize("flock", [True, False])
def test_one_at_a_time(bare: Bare, channels: Channels, tmp_path: Path, flock: bool) -> None:
    bare.tools("curl", "sha256sum", without=() if flock else ("flock",))
    wait = tmp_path / "go on"
    run = ("my_env", channels.python_minor)
    command = [bare.shell, str(bare.script), *run]
    prefix = target(bare, channels)
    prefix.mkdir()  # an empty folder is a target
    env = bare.env | {"FAKE_MICROMAMBA_WAIT": str(wait)}
    with subprocess.Popen(
        command, env=env, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as first:
        assert first.stdout is not None
        assert any("Transaction starting" in line for line in first.stdout)
        assert "another process" in bare.run(*run, code=7).stderr
        assert (prefix / "conda-meta" / "sealenv.pending").exists()
        if flock:
            # The script alone is killed: micromamba goes on, and keeps the lock.
            os.kill(first.pid, signal.SIGKILL)
            first.wait()
            assert "another process" in bare.run(*run, code=7).stderr
        os.killpg(first.pid, signal.SIGKILL)
        first.stdout.read()  # ends when all of them have ended
    bare.run(*run)
    assert (prefix / "bin" / "python").exists()
