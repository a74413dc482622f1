"""Fixes: shown, atomic, undone byte for byte, and refused if something has changed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealenv.checks import checks_for
from sealenv.checks.journal import Journals
from sealenv.commands.doctor import examine, plan_fix
from tests.checks.computers import fake_computer, write
from tests.machine import Machine

pytestmark = pytest.mark.skipif(os.name == "nt", reason="tests/windows/test_doctor.py")

BLOCK = "# >>> conda initialize >>>\neval x\n# <<< conda initialize <<<\n"
DIRTY = f"# one\n{BLOCK}# three\n"
CLEAN = "# one\n# three\n"
FIXABLE = [check.id for check in checks_for(windows=False) if check.fix]


def journal_folder(machine: Machine) -> Path:
    return machine.home / ".local/share/sealenv/doctor"


def kept(machine: Machine) -> list[Path]:
    return sorted(journal_folder(machine).glob("*.json"))


PIECES = st.sampled_from(
    [
        *(b"# >>> conda initialize >>>", b"# <<< conda initialize <<<"),
        *(b"# >>> mamba initialize >>>", b"#region conda initialize", b"#endregion"),
        *(b"if true; then", b"fi", b"conda activate a", b"# x", b"  ", b"\0"),
        *(b"\xff\xfe", b"\xef\xbb\xbf", b"caf\xe9", b"\xe2\x80\xa8"),
    ]
)
ENDS = st.sampled_from([b"\n", b"\r\n", b"", b"\r", b"\n\n"])
FILES = st.lists(st.tuples(PIECES, ENDS), max_size=24).map(
    lambda parts: b"".join(piece + end for piece, end in parts)
)
PLACES = [".bashrc", ".config/fish/config.fish", ".config/powershell/profile.ps1"]


@settings(max_examples=60)
@given(place=st.sampled_from(PLACES), data=st.one_of(FILES, st.binary(max_size=80)))
def test_fix_then_undo_gives_the_same_bytes(
    tmp_path_factory: pytest.TempPathFactory, place: str, data: bytes
) -> None:
    root = tmp_path_factory.mktemp("property")
    machine = fake_computer(root)
    path = write(machine.home / place, data)
    fix, _ = plan_fix(machine, FIXABLE)
    kept = Journals(None, root / "doctor")
    if not fix.files:
        return
    kept.apply(fix)
    assert path.read_bytes() != data
    kept.revert(kept.find(None))
    assert path.read_bytes() == data
    assert kept.names() == []


def test_a_block_inside_a_command_or_without_an_end_has_no_fix(tmp_path: Path) -> None:
    machine = fake_computer(tmp_path)
    path = write(
        machine.home / ".bashrc", f"if true; then\n{BLOCK}fi\n# >>> mamba initialize >>>\n"
    )
    findings = examine(machine, ["conda-init"]).findings
    assert [(f.where, f.severity) for f in findings] == [
        (f"{path}:2", "error"),
        (f"{path}:6", "warning"),
    ]
    assert all("by hand" in f.fix for f in findings)
    assert not plan_fix(machine, ["conda-init"])[0].files


def test_nothing_is_fixed_without_confirmation(machine: Machine) -> None:
    profile = write(machine.home / ".bashrc", DIRTY)
    done = machine.run("doctor", "--fix", "conda-init", code=2)
    assert "-eval x" in done.stdout
    machine.run("doctor", "--fix", "conda-init", "--dry-run")
    assert profile.read_text() == DIRTY
    assert not journal_folder(machine).exists()


def test_invalid_command_lines(machine: Machine) -> None:
    assert "the checks: " in machine.run("doctor", "--fix", "conda-inti", code=2).stderr
    assert "has no finding" in machine.run("doctor", "--fix", "target-synced", code=2).stderr
    profile = write(machine.home / ".bashrc", "\nexport PYTHONPATH=/x\n")
    refused = machine.run("doctor", "--fix", "profile-variable", "-y", code=2).stderr
    assert "no fix: change it by hand" in refused
    assert f"{profile}:2" in refused
    assert "together" in machine.run("doctor", "--fix", "a", "--undo", "-y", code=2).stderr
    assert "another system" in machine.run("doctor", "--only", "autorun", code=2).stderr
    machine.run("doctor", "-y", code=2)
    machine.run("doctor", "--undo", "-y", code=7)
    assert "nothing to fix" in machine.run("doctor", "--fix", "conda-init").stderr


def test_one_file_alone(machine: Machine) -> None:
    for name in (".bashrc", ".zshrc"):
        write(machine.home / name, DIRTY)
    machine.run("doctor", "--fix", "conda-init:~/.zshrc", "-y")
    assert (machine.home / ".bashrc").read_text() == DIRTY
    assert (machine.home / ".zshrc").read_text() == CLEAN


def test_a_file_that_changed_since_is_left_alone(machine: Machine) -> None:
    profile = write(machine.home / ".bashrc", DIRTY)
    machine.run("doctor", "--fix", "conda-init", "-y")
    profile.write_text(CLEAN + "mine\n")
    answer = machine.json("doctor", "--undo", "-y", code=9)
    assert answer["error"] == "changed-since"
    assert profile.read_text() == CLEAN + "mine\n"
    profile.write_text(CLEAN)
    machine.run("doctor", "--undo", "-y")
    assert profile.read_text() == DIRTY
    assert kept(machine) == []


def test_a_link_keeps_its_target(machine: Machine) -> None:
    """As in a folder of dotfiles. A target outside the home is mentioned."""
    real = write(machine.root / "dotfiles/bashrc", DIRTY)
    (machine.home / ".bashrc").symlink_to(real)
    done = machine.run("doctor", "--fix", "conda-init", "-y")
    assert "not in your home" in done.stdout
    assert (machine.home / ".bashrc").is_symlink()
    assert real.read_text() == CLEAN
    machine.run("doctor", "--undo", "-y")
    assert real.read_text() == DIRTY
