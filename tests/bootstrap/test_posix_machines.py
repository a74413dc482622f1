"""micromamba_bootstrap.sh on machines that are not as ours: other tools, folders that refuse, pipes."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.bootstrap.machine import DEFAULT, Bare
from tests.channel import Channels

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a POSIX script")


def executable(bare: Bare, channels: Channels) -> Path:
    return bare.cache / "micromamba" / f"micromamba-{DEFAULT}-{channels.subdir}"


def modes(bare: Bare) -> None:
    """From now on modes hold for the script, which they do not for root."""
    if os.geteuid() == 0:
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            pytest.skip("modes do not hold for root, and there is no setpriv")
        bare.before = [setpriv, "--bounding-set=-all", "--inh-caps=-all", "--"]


def test_a_sed_without_gnu_extensions(bare: Bare, channels: Channels) -> None:
    """For others a backslash and a bar are no alternative; this stand-in takes them for a bar."""
    sed = shutil.which("sed")
    (bare.bin / "sed").unlink()
    (bare.bin / "sed").write_text(
        "#!/bin/sh\nfor word; do\n    shift\n"
        f'    set -- "$@" "$(printf \'%s\\n\' "$word" | {sed} \'s/\\\\|/[|]/g\')"\n'
        f'done\nexec {sed} "$@"\n'
    )
    (bare.bin / "sed").chmod(0o755)
    dirt = {
        "PYTHONSAFEPATH": "1",
        "CONDA_EXE": "/c",
        "MAMBA_EXE": "/m",
        "_CE_M": "1",
        "PIXI_X": "1",
    }
    bare.make("x", code=6, FAKE_MICROMAMBA_FAIL="1", **dirt)
    (call,) = bare.calls()
    assert not dirt.keys() & call["environ"].keys()
    assert call["environ"]["CONDA_PKGS_DIRS"] == str(bare.pkgs)


def test_a_folder_that_cannot_be_listed_is_not_empty(bare: Bare) -> None:
    modes(bare)
    folder = bare.envs / "x"
    folder.mkdir()
    (folder / "thesis.txt").write_text("precious")
    folder.chmod(0o300)
    try:
        assert "cannot be looked into" in bare.make("x", code=7).stderr
    finally:
        folder.chmod(0o700)
    assert [path.name for path in folder.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("text", ["", "\n", "not a digest\n", "0" * 63])
def test_a_kept_digest_that_is_none_is_asked_for_again(
    bare: Bare, channels: Channels, text: str
) -> None:
    bare.make("x", code=6, FAKE_MICROMAMBA_FAIL="1")
    exe = executable(bare, channels)
    kept = exe.with_name(exe.name + ".sha256")
    kept.write_text(text)
    done = bare.make("x", code=6, FAKE_MICROMAMBA_FAIL="1")
    assert "trusted on first use" in done.stdout
    assert kept.read_text() == hashlib.sha256(exe.read_bytes()).hexdigest() + "\n"
    before = kept.stat().st_ino, kept.stat().st_mtime_ns
    bare.make("x", code=6, FAKE_MICROMAMBA_FAIL="1")
    assert (kept.stat().st_ino, kept.stat().st_mtime_ns) == before
    assert {path.name for path in exe.parent.iterdir()} == {exe.name, kept.name}


def test_a_cache_that_is_complete_may_be_read_only(bare: Bare, channels: Channels) -> None:
    bare.make("x", code=6, FAKE_MICROMAMBA_FAIL="1")
    modes(bare)
    exe = executable(bare, channels)
    exe.with_name(exe.name + ".sha256").chmod(0o444)
    exe.parent.chmod(0o555)
    bare.cache.chmod(0o555)
    try:
        bare.make("y", code=6, FAKE_MICROMAMBA_FAIL="1")
        assert len(bare.calls()) == 2
        # Without a kept digest that of the release is asked for each time.
        exe.parent.chmod(0o755)
        exe.with_name(exe.name + ".sha256").unlink()
        exe.parent.chmod(0o555)
        done = bare.make("y", code=6, FAKE_MICROMAMBA_FAIL="1")
        assert "[WARN] The digest could not be kept" in done.stderr
        exe.parent.chmod(0o755)
        exe.unlink()
        exe.parent.chmod(0o555)
        assert "[ERROR] the cache cannot be written" in bare.make("z", code=9).stderr
        assert not (bare.envs / "z").exists()
    finally:
        bare.cache.chmod(0o755)
        exe.parent.chmod(0o755)


def test_a_marker_that_may_not_be_written(bare: Bare) -> None:
    modes(bare)
    meta = bare.envs / "x" / "conda-meta"
    meta.mkdir(parents=True)
    (meta / "sealenv.pending").write_text("sealenv-bootstrap 0\n")
    (meta / "sealenv.pending").chmod(0o444)
    (bare.envs / "x" / "half").write_text("")
    assert "[ERROR] the marker cannot be written" in bare.make("x", code=9).stderr
    assert "[ERROR] the marker cannot be written" in bare.run("x", "--remove", code=9).stderr
    assert (bare.envs / "x" / "half").exists()


def test_the_package_cache_is_asked_for_before_the_mark(bare: Bare) -> None:
    bare.pkgs.write_text("a file where a folder should be")
    done = bare.make("x", code=9)
    assert "[ERROR] the package cache cannot be written" in done.stderr
    assert "half made" not in done.stderr
    assert not (bare.envs / "x").exists()
    bare.pkgs.unlink()
    bare.pkgs.mkdir(mode=0o555)
    modes(bare)
    assert "the package cache cannot be written" in bare.make("x", code=9).stderr
    assert not (bare.envs / "x").exists()


def test_no_home(bare: Bare) -> None:
    done = bare.make("x", code=2, HOME="", XDG_CACHE_HOME="")
    assert "[ERROR] HOME is not set" in done.stderr
    assert str(bare.cache) in bare.make("x", "--dry-run", HOME="").stdout


@pytest.mark.slow
def test_no_links_and_a_strict_umask(bare: Bare, channels: Channels) -> None:
    """As on exFAT: a warning; and the modes are those that the user wants."""
    (bare.bin / "ln").unlink()
    (bare.bin / "ln").write_text("#!/bin/sh\necho 'ln: Operation not supported' >&2\nexit 1\n")
    (bare.bin / "ln").chmod(0o755)
    bare.before = ["/bin/sh", "-c", 'umask 077; exec "$@"', "sh"]
    done = bare.make("x", channels.python_minor)
    assert "[WARN]" in done.stderr
    (prefix,) = bare.envs.iterdir()
    assert not (prefix / "pkgs").exists()
    assert prefix.stat().st_mode & 0o077 == 0
    assert f". '{prefix}/etc/profile.d/conda.sh' && conda activate '{prefix}'" in done.stdout


@pytest.mark.slow
def test_what_cannot_be_activated_does_not_work(
    bare: Bare, channels: Channels, tmp_path: Path
) -> None:
    """The channel's other stand-in for conda has no conda.sh."""
    done = bare.make("x", "--packages", "conda[build=stand_in_0]", code=8)
    assert "etc/profile.d/conda.sh" in done.stderr
    assert (bare.envs / "x" / "conda-meta" / "sealenv.pending").exists()


def test_what_a_killed_download_left_goes(bare: Bare, channels: Channels) -> None:
    folder = bare.cache / "micromamba"
    folder.mkdir(parents=True)
    old, young = (folder / f"micromamba-2.8.0-0-x.{n}.part" for n in (1, 2))
    for path in (old, young):
        path.write_bytes(b"half")
    long_ago = time.time() - 3 * 86400
    os.utime(old, (long_ago, long_ago))
    bare.make("x", code=6, FAKE_MICROMAMBA_FAIL="1")
    assert not old.exists()
    assert young.exists()


def test_passwords_and_tokens_are_not_shown(bare: Bare) -> None:
    channel = "https://me:hunter2@127.0.0.1/t/tk-1234/main,http://127.0.0.1/t/tk-1234"
    mirror = "http://me:hunter2@127.0.0.1:9/t/tk-1234/mirror"
    done = bare.run("x", "--channel", channel, code=5, SEALENV_MICROMAMBA_URL=mirror)
    assert "https://***@127.0.0.1/t/***/main" in done.stdout
    assert "http://***@127.0.0.1:9/t/***/mirror" in done.stderr
    assert "hunter2" not in done.stdout + done.stderr
    assert "tk-1234" not in done.stdout + done.stderr


@pytest.mark.parametrize(("scheme", "allowed"), [("https", "=https"), ("http", "=http,https")])
def test_https_stays_https(bare: Bare, scheme: str, allowed: str) -> None:
    seen = bare.root / "seen"
    bare.fake_before("curl", f"printf '%s\\n' \"$*\" >>'{seen}'; exit 7")
    for version in ("latest", "2.8.0"):
        args = ("x", "--micromamba", version)
        bare.make(*args, code=5, SEALENV_MICROMAMBA_URL=f"{scheme}://127.0.0.1:9")
    lines = seen.read_text().splitlines()
    assert len(lines) == 2
    assert all(f"--proto-redir {allowed} " in line for line in lines)


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_other_shells(bare: Bare, shell: str) -> None:
    bare.use_shell(shell)
    done = bare.make("x", "3.12", "--packages", "numpy scipy", "--dry-run")
    assert "python=3.12 mamba conda numpy scipy" in done.stdout
    bare.make("x", code=6, FAKE_MICROMAMBA_FAIL="1", PIXI_X="1", MAMBA_X="1")
    (call,) = bare.calls()
    assert call["argv"][-3:] == ["python", "mamba", "conda"]
    assert "MAMBA_X" not in call["environ"]


def test_two_dashes_end_the_options(bare: Bare) -> None:
    done = bare.run("--dry-run", "--", "x", "3.12")
    assert str(bare.envs / "x_3_12") in done.stdout
    assert "ENV_NAME" in bare.run("--dry-run", "--", "--clean", code=2).stderr


def piped(bare: Bare, text: str, *args: str) -> subprocess.CompletedProcess[str]:
    """`curl ... | sh -s -- ARGS`."""
    return subprocess.run(
        ["sh", "-s", "--", *args, "--channel", bare.url],
        executable=bare.shell,
        env=bare.env,
        cwd=bare.root,
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_through_a_pipe_nothing_of_the_current_folder_is_taken(
    bare: Bare, channels: Channels
) -> None:
    (bare.root / "__home__").mkdir()
    (bare.root / "__home__" / "secret").write_text("")
    done = piped(bare, bare.script.read_text(), "x", channels.python_minor)
    assert done.returncode == 0, done.stderr
    assert "Done." in done.stdout
    (prefix,) = bare.envs.iterdir()
    assert not (prefix / "__home__").exists()


def test_a_pipe_that_breaks_runs_nothing(bare: Bare) -> None:
    text = bare.script.read_text()
    before = bare.everything()
    for part in (0.5, 0.9, 0.99):
        assert piped(bare, text[: int(len(text) * part)], "x").returncode != 0
    assert bare.everything() == before
