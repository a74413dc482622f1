"""The checks of POSIX and the command; that it writes nothing, and what stands in its way."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from sealenv.checkup.checks.conda import activates_base
from sealenv.checkup.volume import Volume, look_at
from sealenv.commands.doctor import examine
from tests.checkup.computers import computer, ids, write
from tests.commands.test_trace import _CALLS, strace, writes
from tests.machine import Machine

__all__ = ["strace"]

pytestmark = pytest.mark.skipif(os.name == "nt", reason="tests/windows/test_doctor.py")

BLOCK = "# >>> conda initialize >>>\nx\n# <<< conda initialize <<<\n"
NOWHERE = ("/dev/", "/proc/self/fd/")


@pytest.mark.skipif(sys.platform != "linux", reason="strace")
def test_it_writes_nothing_and_starts_nothing(strace: str, machine: Machine) -> None:
    write(machine.home / ".bashrc", "conda activate x\n")
    log = machine.root / "strace.log"
    calls = f"{_CALLS},execve,connect"
    subprocess.run(
        [strace, "-f", "-y", "-qq", "-e", f"trace={calls}", "-o", str(log), *machine.command("doctor")],
        env=machine.env, cwd=machine.root, capture_output=True, check=False, timeout=120,
    )  # fmt: skip
    lines = log.read_text().splitlines(keepends=True)
    log.write_text("".join(line for line in lines if "execve(" not in line))
    changed, peers = writes(log)
    assert {p for p in changed if not p.startswith(NOWHERE)} == set()
    assert sum("execve(" in line for line in lines) == 1  # itself
    assert peers == set()
    assert sorted(os.listdir(machine.home)) == [".bashrc"]


def test_a_clean_machine(tmp_path: Path) -> None:
    machine = computer(tmp_path)
    assert [f for f in examine(machine).findings if f.check != "target-space"] == []


def test_what_cannot_be_read_is_said_and_stops_nothing(machine: Machine) -> None:
    """A FIFO, a folder, a loop of links, 100 MB, a file that is not a file; each once, and soon."""
    home = machine.home
    os.mkfifo(home / ".bashrc")
    (home / ".zshrc").mkdir()
    (home / ".profile").symlink_to(".bash_profile")
    (home / ".bash_profile").symlink_to(".profile")
    with (home / ".zshenv").open("wb") as file:
        file.truncate(100 << 20)
    os.mkfifo(home / ".condarc")
    os.mkfifo(write(home / ".config/pip/x", "").with_name("pip.conf"))
    (home / ".tcshrc").symlink_to("/dev/zero")
    write(home / ".xonshrc", "$PYTHONPATH = '/x'\n")
    report = machine.json("doctor", code=1)
    said = [Path(f["where"]).name for f in report["findings"] if f["id"] == "profile-unreadable"]
    names = [".bash_profile", ".bashrc", ".profile", ".tcshrc", ".zshenv", ".zshrc"]
    assert sorted(said) == names
    assert "profile-variable" in {f["id"] for f in report["findings"]}
    assert {"condarc", "pip-conf"} <= {
        f["id"] for f in report["findings"] if "cannot be read" in f["what"]
    }


def test_files_that_source_each_other(tmp_path: Path) -> None:
    machine = computer(tmp_path)
    write(machine.home / ".bashrc", ". ~/.a\n. $HOME/.b\n. ~/$X/never\n. ~/gone\n")
    write(machine.home / ".a", ". ~/.bashrc\nsource ~/.a\n")
    deep = write(machine.home / ".b", "conda activate deep\n")
    assert ids(machine)["profile-activate"].where == f"{deep}:1"


def test_what_is_in_bashrc_d(tmp_path: Path) -> None:
    machine = computer(tmp_path)
    found = write(machine.home / ".bashrc.d/b.sh", "export PYTHONPATH=/x\n")
    assert ids(machine)["profile-variable"].where == f"{found}:1"


def test_each_line_is_shown_with_its_number(tmp_path: Path) -> None:
    """Also in a file of UTF-16, as PowerShell 5 writes it; no fix touches such a line."""
    machine = computer(tmp_path)
    text = "# mine\r\n$env:PYTHONPATH = '/x'\r\n\r\n  conda activate a\r\n"
    path = write(
        machine.home / ".config/powershell/profile.ps1", b"\xff\xfe" + text.encode("utf-16-le")
    )
    variable, activate = (ids(machine)[name] for name in ("profile-variable", "profile-activate"))
    assert (variable.where, variable.severity.value) == (f"{path}:2", "error")
    assert variable.evidence == ("$env:PYTHONPATH = '/x'",)
    assert (activate.where, activate.severity.value) == (f"{path}:4", "warning")
    assert not variable.fixable
    assert not activate.fixable


@pytest.mark.parametrize(
    "line",
    ["ZDOTDIR=~/z", 'export ZDOTDIR="${XDG_CONFIG_HOME:-$HOME}/z"', "typeset -x ZDOTDIR=$HOME/z"],
)
def test_zdotdir_of_zshenv(tmp_path: Path, line: str) -> None:
    machine = computer(tmp_path)
    write(machine.home / ".zshenv", f"{line}\n")
    path = write(machine.home / "z/.zshrc", "conda activate x\n")
    assert ids(machine)["profile-activate"].where == f"{path}:1"


def test_bytes_of_any_kind_reach_no_terminal(machine: Machine) -> None:
    write(machine.home / ".bashrc", b"export PYTHONPATH=/\x1b[31m\xff\xc2\x9b0m\n")
    done = machine.run("doctor", code=1)
    assert "\x1b" not in done.stdout
    assert r"\x1b" in done.stdout
    assert r"\udcff" in machine.json("doctor", code=1)["findings"][0]["evidence"][0]


@pytest.mark.parametrize(
    ("settings", "does"),
    [
        ("", "activates base in every shell"),
        ("auto_activate_base: false\n", "loads its functions in every shell"),
        ("auto_activate: no", "loads its functions in every shell"),
        ("x: &a no\nauto_activate_base: *a\n", "loads its functions in every shell"),
        ("auto_activate: [", "unless a .condarc that cannot be read disables that"),
    ],
)
def test_a_hook_of_conda_with_and_without_base(tmp_path: Path, settings: str, does: str) -> None:
    """An error in any case; a block of comments is no finding."""
    machine = computer(tmp_path)
    load = 'eval "$(/c/bin/conda shell.bash hook)"'
    block = "# >>> conda initialize >>>\n{}\n# <<< conda initialize <<<\n"
    write(machine.home / ".zshrc", block.format(f"# {load}"))  # commented out
    write(machine.home / ".bashrc", block.format(load))
    write(machine.home / ".condarc", settings)
    (found,) = examine(machine, ["conda-init"]).findings
    assert (found.severity.value, Path(found.where).name) == ("error", ".bashrc:1")
    assert found.what.endswith(does)


def test_configurations(tmp_path: Path) -> None:
    machine = computer(tmp_path)
    home = machine.home
    write(home / ".condarc", "envs_dirs: [/a]\nchannels: [c]\n")
    write(home / ".mambarc", "{ not yaml")
    write(home / ".pydistutils.cfg", "[install]\nprefix=/x\n")
    write(tmp_path / "root/etc/environment", 'PYTHONHOME="/x"\nLANG=C\n')
    write(home / ".conda/environments.txt", "/opt/conda\n")
    write(home / ".local/lib/python3.12/site-packages/a.dist-info/METADATA", "")
    write(home / ".config/fish/functions/conda.fish", "function conda; end\n")
    found = ids(machine)
    assert found["user-site"].what.startswith("1 package of")
    for name in ("condarc", "distutils-cfg", "environment-file", "conda-environments", "user-site"):
        assert name in found, name
    assert found["fish-functions"].where.endswith("functions/conda.fish")
    assert found["environment-file"].severity.value == "error"
    texts = {f.what.split(":")[0] for f in examine(machine, ["condarc"]).findings}
    assert "sealenv cannot read it" in texts


def test_a_folder_of_condarcs_that_cannot_be_listed(tmp_path: Path) -> None:
    """A loop of links: what root may not list either."""
    machine = computer(tmp_path)
    folder = machine.home / ".conda/condarc.d"
    folder.parent.mkdir()
    folder.symlink_to("condarc.d")
    write(machine.home / ".config/conda/condarc.d", "a file is none")
    (found,) = examine(machine, ["condarc"]).findings
    assert (found.where, found.severity.value) == (str(folder), "warning")
    assert "cannot be read" in found.what
    assert activates_base(machine) is None


def test_pip_conf_becomes_a_comment_with_all_its_lines(machine: Machine) -> None:
    path = machine.home / ".config/pip/pip.conf"
    text = "[global]\r\nindex-url = https://me:secret@x/\r\n[install]\r\ntarget =\r\n  /a\r\nuser=no\r\n"
    write(path, text)
    environment = machine.env | {"PIP_CONFIG_FILE": str(path)}
    ask = [sys.executable, "-m", "pip", "config", "list", "--isolated"]
    real = [part for part in ask if part != "--isolated"]
    before = subprocess.run(real, env=environment, capture_output=True, text=True, check=True)
    assert "install.target" in before.stdout
    report = machine.json("doctor", code=1)
    assert "secret" not in str(report)
    machine.run("doctor", "--fix", "pip-conf", "-y")
    after = subprocess.run(real, env=environment, capture_output=True, text=True, check=True)
    assert "install.target" not in after.stdout
    assert "install.user" in after.stdout
    machine.run("doctor", "--undo", "-y")
    assert path.read_bytes().decode() == text


def test_path(tmp_path: Path) -> None:
    venv.create(tmp_path / "real venv", with_pip=False)
    write(tmp_path / "tools/conda", "#!/bin/sh\n").chmod(0o755)
    path = f"~/bin:/usr/bin::rel:{tmp_path}/real venv/bin:{tmp_path}/tools"
    found = ids(computer(tmp_path, PATH=path))
    assert found["shell"].where == f"PATH={tmp_path}/real venv/bin"
    assert {"path-tilde", "path-relative", "path-conda"} <= set(found)
    assert "path-python" not in found
    (tmp_path / "link").symlink_to(tmp_path / "real venv/bin")
    linked = computer(tmp_path, PATH=f"{tmp_path}/link")
    assert "the virtual environment" in ids(linked)["path-python"].what
    own = dataclasses.replace(linked, own=(str(tmp_path / "real venv"),))
    assert "path-python" not in ids(own)


def test_target(tmp_path: Path) -> None:
    machine = computer(tmp_path)
    bad = Volume(tmp_path, "exfat", 1 << 20, True, True, False, True, True)
    machine.__dict__["volume"] = bad
    found = ids(machine)
    for name in ("noexec", "readonly", "case", "space", "network", "filesystem"):
        assert f"target-{name}" in found
    outer = write(tmp_path / "outer/conda-meta/history", "").parent.parent
    nested = dataclasses.replace(machine, target=outer / "One: $x/OneDrive/envs")
    assert {"target-nested", "target-name", "target-synced"} <= set(ids(nested))


def test_a_target_below_a_file(tmp_path: Path) -> None:
    machine = computer(tmp_path)
    file = write(tmp_path / "file", "")
    (tmp_path / "nowhere").symlink_to("gone")
    for place in (file, file / "x/y", tmp_path / "nowhere/x"):
        found = ids(dataclasses.replace(machine, target=place))
        assert "is not a folder" in found["target-readonly"].what


BROKEN = [b"[global\nuser = no\n", b"user = no\n", b"[global]\nfoo\n", b"[g]\na=1\na=2\n"]
BROKEN += [b"[global]\nx = caf\xe9\n", b"\xef\xbb\xbf[global]\nx = 1\n"]


@pytest.mark.parametrize("data", BROKEN, ids=range(len(BROKEN)))
def test_a_pip_conf_that_pip_ends_at(machine: Machine, data: bytes) -> None:
    path = write(machine.home / ".config/pip/pip.conf", data)
    done = subprocess.run(
        [sys.executable, "-m", "pip", "list"], env=machine.env | {"PIP_CONFIG_FILE": str(path)},
        capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    said = [
        f["severity"]
        for f in machine.json("doctor", "--only", "pip-conf", code=1)["findings"]
        if "every pip ends" in f["what"] and f["where"].startswith(str(path))
    ]
    assert said == ["error"]


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_a_real_volume() -> None:
    """Of Linux itself: /proc is no place for programs, /dev/shm knows upper and lower case."""
    proc = look_at(Path("/proc/self/nothing/there"), "linux")
    assert (proc.kind, proc.free) == ("proc", 0)
    shm = look_at(Path("/dev/shm/nothing"), "linux")
    assert (shm.folder, shm.folds_case) == (Path("/dev/shm"), False)


def test_the_command(machine: Machine) -> None:
    write(machine.home / ".bashrc", f"{BLOCK}export PYTHONPATH=/x\n")
    done = machine.run("doctor", code=1)
    assert "sealenv doctor --fix conda-init" in done.stdout
    assert "to do: remove the setting" in done.stdout
    write(machine.home / ".condarc", "channels: [a]\n")
    quiet = machine.run("doctor", "-q", code=1).stdout
    assert ("error    profile-variable" in quiet, "condarc" in quiet) == (True, False)
    (machine.home / ".condarc").unlink()
    (found,) = machine.json("doctor", "--only", "profile-variable", code=1)["findings"]
    assert found["fix"] == found["how"] != ""
    assert machine.run("doctor", "--only", "condarc").stderr.startswith("1 check: nothing found")
    answer = machine.json("doctor", "--in", "sub", "--only", "target-name")
    assert answer["target"] == str(machine.root / "sub")
