"""micromamba_bootstrap.sh beside another process: who comes second changes nothing."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.bootstrap.machine import Bare
from tests.channel import Channels

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a POSIX script")

FINISHED = """
mkdir -p '{meta}' '{prefix}/bin'
echo theirs >'{prefix}/bin/python'
: >'{meta}/history'
rm -f '{meta}/sealenv.pending'
"""
HAPPENINGS = {
    "sealed": FINISHED + ": >'{meta}/sealenv'",
    "made": FINISHED + ": >'{meta}/sealenv.bootstrap'",
    "foreign": FINISHED,
    "a file": "mkdir -p '{prefix}'; echo precious >'{prefix}/thesis.txt'",
    "a link": "mkdir -p '{prefix}.real'; ln -s '{prefix}.real' '{prefix}'",
    "begun by sealenv": "mkdir -p '{meta}'; echo 0123456789abcdef >'{meta}/sealenv.pending'",
}


def left(prefix: Path) -> dict[str, str]:
    """Every file, with its text."""
    found = sorted(path for path in prefix.rglob("*") if path.is_file())
    return {str(path.relative_to(prefix)): path.read_text() for path in found}


@pytest.mark.parametrize(
    ("happening", "pending"),
    [
        *((happening, False) for happening in HAPPENINGS),
        *((happening, True) for happening in ("sealed", "made", "foreign", "begun by sealenv")),
    ],
)
def test_what_comes_during_the_download_stays(bare: Bare, happening: str, pending: bool) -> None:
    prefix = bare.envs / "x"
    if pending:
        (prefix / "conda-meta").mkdir(parents=True)
        (prefix / "conda-meta" / "sealenv.pending").write_text("sealenv-bootstrap 0\n")
    hook = HAPPENINGS[happening].format(prefix=prefix, meta=prefix / "conda-meta")
    seen = bare.root / "seen"
    bare.fake_before("curl", f"[ -e '{seen}' ] || {{ {hook}\n: >'{seen}'; }}")
    done = bare.make("x", code=7)
    assert seen.exists()
    assert bare.calls() == []
    files = left(prefix)
    assert "sealenv-bootstrap" not in "".join(files.values()), done.stderr
    assert files.get("bin/python", "theirs\n") == "theirs\n"
    assert files.get("thesis.txt", "precious\n") == "precious\n"
    assert files or (happening == "a link" and list((bare.envs / "x.real").iterdir()) == [])
    assert not (prefix / "conda-meta" / "sealenv.lock").exists()
    if happening != "begun by sealenv":
        assert not (prefix / "conda-meta" / "sealenv.pending").exists()


@pytest.mark.parametrize("happening", ["sealed", "made", "foreign", "a file"])
def test_what_comes_before_the_lock_stays(bare: Bare, happening: str) -> None:
    """Between the mark and the lock: flock is the program that runs there."""
    prefix = bare.envs / "x"
    hook = HAPPENINGS[happening].format(prefix=prefix, meta=prefix / "conda-meta")
    bare.fake_before("flock", hook)
    bare.make("x", code=7)
    assert bare.calls() == []
    files = left(prefix)
    assert not any("sealenv.pending" in name or "sealenv.lock" in name for name in files)
    assert {"bin/python", "thesis.txt"} & set(files)


def test_a_marker_that_is_not_ours_is_no_leftover(bare: Bare) -> None:
    """Neither a new run nor --remove takes a folder for its own by an empty or another marker."""
    for name, text in (("empty", ""), ("other", "0123456789abcdef\n")):
        meta = bare.envs / name / "conda-meta"
        meta.mkdir(parents=True)
        (meta / "sealenv.pending").write_text(text)
        (bare.envs / name / "thesis.txt").write_text("precious")
    before = bare.everything()
    for name in ("empty", "other"):
        bare.make(name, code=7)
        done = bare.run(name, "--remove", code=7)
        assert "nothing is removed" in done.stderr
    assert bare.everything() == before


@pytest.mark.slow
@pytest.mark.parametrize("shell", ["dash", "zsh"])
def test_one_at_a_time_without_flock(
    bare: Bare, channels: Channels, tmp_path: Path, shell: str
) -> None:
    bare.use_shell(shell)
    bare.tools("curl", "sha256sum", without=("flock",))
    wait = tmp_path / "go on"
    command = [bare.shell, str(bare.script), "x", channels.python_minor, "--channel", bare.url]
    env = bare.env | {"FAKE_MICROMAMBA_WAIT": str(wait)}
    prefix = bare.envs / f"x_{channels.python_minor.replace('.', '_')}"
    with subprocess.Popen(
        command, env=env, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as first:
        try:
            assert first.stdout is not None
            assert any("Transaction starting" in line for line in first.stdout)
            (prefix / "half").write_text("of the first run")
            for args in (("--channel", bare.url), ("--remove",)):
                second = bare.run("x", channels.python_minor, *args, code=7)
                assert "another process" in second.stderr
            assert (prefix / "half").exists()
            # The script alone is killed: micromamba goes on, and the folder stays locked.
            os.kill(first.pid, signal.SIGKILL)
            first.wait()
            assert "another process" in bare.make("x", channels.python_minor, code=7).stderr
        finally:
            os.killpg(first.pid, signal.SIGKILL)
        assert first.stdout is not None
        first.stdout.read()  # ends when all of them have ended
    # Where nobody waits for orphans they stay in the table of processes: here one that is out of it.
    with subprocess.Popen(["true"]) as dead:
        pass
    (prefix / "conda-meta" / "sealenv.lock" / "pid").write_text(f"{dead.pid} folder\n")
    bare.make("x", channels.python_minor)
    assert not (prefix / "half").exists()
    meta = {path.name for path in (prefix / "conda-meta").iterdir()}
    assert not {"sealenv.pending", "sealenv.lock"} & meta
    bare.run("x", channels.python_minor, "--remove")
    assert not prefix.exists()
