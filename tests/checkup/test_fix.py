"""Fixes: shown, kept, atomic, undone byte for byte; refused where something changed since."""

from __future__ import annotations

import dataclasses
import os
import signal
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealenv.checkup.applying import apply, undo
from sealenv.checkup.catalogue import checks_for
from sealenv.checkup.journal import Journal, journals, locked
from sealenv.checkup.plan import make_plan, preview
from sealenv.doctoring import examine, plan_fix
from sealenv.errors import FilesystemError
from tests.checkup.computers import computer, write
from tests.machine import Machine
from tests.test_move_kill import killed

pytestmark = pytest.mark.skipif(os.name == "nt", reason="tests/windows/test_doctor.py")

DIRTY = "# one\nexport PYTHONPATH=/x\n# three\n"
CLEAN = "# one\n: # sealenv doctor took out: export PYTHONPATH=/x\n# three\n"
FIXABLE = [check.id for check in checks_for(windows=False) if check.fix]


def journal_folder(machine: Machine) -> Path:
    return machine.home / ".local/share/sealenv/doctor"


def kept(machine: Machine) -> list[Path]:
    return sorted(journal_folder(machine).glob("*.json"))


PIECES = st.sampled_from(
    [
        *(b"export PYTHONPATH=/x", b"conda activate a", b"if true; then", b"fi"),
        *(b"# >>> conda initialize >>>", b"# <<< conda initialize <<<", b'eval "$(pyenv init -)"'),
        *(
            b"\xff\xfe",
            b"\0",
            b"'",
            b'"',
            b"\\",
            b"cat <<E",
            b"E",
            b"\xef\xbb\xbf",
            b"caf\xe9",
            b";",
        ),
        *(
            b" && ",
            b"  ",
            b"\t",
            b"`",
            b"$(",
            b")",
            b"\xe2\x80\xa8",
            b"\x0b",
            b"f() {",
            b"}",
            b"\x85",
        ),
        *(b"export PATH=~/miniconda3/bin:$PATH", b"SETUVAR --export PYTHONPATH:/x", b"# x"),
    ]
)
ENDS = st.sampled_from([b"\n", b"\r\n", b"", b"\r", b"\n\n"])
FILES = st.lists(st.tuples(PIECES, ENDS), max_size=24).map(
    lambda parts: b"".join(piece + end for piece, end in parts)
)
PLACES = [".bashrc", ".zshrc", ".tcshrc", ".xonshrc", ".config/fish/config.fish", ".condarc"]
PLACES += [".config/nushell/env.nu", ".config/powershell/profile.ps1", ".config/pip/pip.conf"]
PLACES += [".config/fish/fish_variables", ".config/environment.d/a.conf"]


@settings(max_examples=60, deadline=None)
@given(place=st.sampled_from(PLACES), data=st.one_of(FILES, st.binary(max_size=80)))
def test_fix_then_undo_gives_the_same_bytes(
    tmp_path_factory: pytest.TempPathFactory, place: str, data: bytes
) -> None:
    root = tmp_path_factory.mktemp("property")
    machine = computer(root)
    path = write(machine.home / place, data)
    plan = plan_fix(machine, FIXABLE)
    folder = root / "doctor"
    if plan.empty:
        return
    with locked(folder):
        apply(plan, folder, None)
        now = path.read_bytes() if path.exists() else None
        assert now != data
        (journal,) = journals(folder)
        assert isinstance(journal, Journal)
        undo(journal, folder, None)
    assert path.read_bytes() == data
    assert list(folder.glob("*.json")) == []


@settings(max_examples=60, deadline=None)
@given(data=FILES)
def test_a_fix_leaves_nothing_that_it_would_fix_again(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    root = tmp_path_factory.mktemp("again")
    write(computer(root).home / ".bashrc", data)
    for _ in range(3):  # what a block held, or hid behind it, comes to light
        plan = plan_fix(computer(root), FIXABLE)
        if plan.empty:
            return
        with locked(root / "doctor"):
            apply(plan, root / "doctor", None)
    found = [f for f in examine(computer(root)).findings if f.fixable]
    assert found == []


FISH = ".config/fish/config.fish"
NU = ".config/nushell/env.nu"
PATHS = [
    # shell's file, line, what it becomes (None: left)
    (
        ".bashrc",
        'export PATH="$HOME/go/bin:$HOME/miniconda3/bin:$HOME/rust/bin:$PATH"',
        'export PATH="$HOME/go/bin:$HOME/rust/bin:$PATH"',
    ),
    (".zshrc", "PATH=~/miniconda3/bin:${PATH} # why", "PATH=${PATH} # why"),
    (
        ".bashrc",
        'export PATH=/opt/conda/bin:"$HOME/my tools":$PATH && x',
        'export PATH="$HOME/my tools":$PATH && x',
    ),
    (".bashrc", "export PATH=/opt/conda/bin", None),
    (".bashrc", 'export PATH="/opt/conda/bin:$(go env GOPATH)/bin:$PATH"', None),
    (".bashrc", "export PATH=/opt/conda/bin:$PATH EDITOR=vi", None),
    (".bashrc", 'export PATH="/my dir/conda/bin:$PATH"', None),
    (".bashrc", "PATH+=:/opt/conda/bin", ": # sealenv doctor took out: PATH+=:/opt/conda/bin"),
    (".bashrc", "PATH+=:/opt/conda/bin:~/go/bin", "PATH+=:~/go/bin"),
    (".bashrc", "PATH+=:/opt/conda/bin && x", None),
    (".bashrc", 'PATH="/opt/conda/bin":"$PATH"', 'PATH="$PATH"'),
    (".bashrc", "PATH='/opt/conda/bin':$PATH", "PATH=$PATH"),
    (".bashrc", "pathmunge /opt/conda/bin after", "PUT"),
    (".bashrc", "declare -x PATH=/opt/conda/bin:$PATH", "declare -x PATH=$PATH"),
    (".bashrc", "P=~/miniconda3/bin; PATH=$P:$PATH", "P=~/miniconda3/bin; PATH=$PATH"),
    (".bashrc", "R=$HOME/miniconda3\nexport PATH=${R}/bin:/a", "R=$HOME/miniconda3\nexport PATH=/a"),
    (".zshrc", "path=($HOME/miniconda3/bin $path)", "path=($path)"),
    (".zshrc", "path=(\n  ~/miniconda3/bin\n  ~/go/bin\n)", "path=(\n  ~/go/bin\n)"),
    (".zshrc", "path+=(~/go/bin ~/miniconda3/bin)", "path+=(~/go/bin)"),
    (".zshrc", "path+=(~/miniconda3/bin)", "PUT"),
    (".zshrc", "path+=~/miniconda3/bin", "PUT"),
    (".zshrc", "path[1,0]=~/miniconda3/bin", "PUT"),
    (".zshrc", "path[1,0]=(~/miniconda3/bin ~/go/bin)", "path[1,0]=(~/go/bin)"),
    (".zshrc", "typeset -U path=(~/miniconda3/bin $path)", "typeset -U path=($path)"),
    (".zshrc", "path=(~/miniconda3/bin)", None),
    (".zshrc", "path=(~/miniconda3/bin # mine\n $path)", None),
    (FISH, "set -gxp PATH ~/miniforge3/bin", "PUT"),
    (FISH, "set -gx -a PATH ~/miniforge3/bin ~/go/bin", "set -gx -a PATH ~/go/bin"),
    (FISH, "set --prepend PATH ~/miniforge3/bin", "PUT"),
    (FISH, "set PATH $PATH ~/miniforge3/bin", "set PATH $PATH"),
    (FISH, "fish_add_path ~/miniforge3/bin", "PUT"),
    (".bashrc", "export PATH=/opt/conda/bin${PATH:+:$PATH}", None),
    (FISH, "fish_add_path -g ~/go/bin ~/miniforge3/bin", "fish_add_path -g ~/go/bin"),
    (FISH, "set -gx PATH /opt/conda/bin ~/go/bin $PATH", "set -gx PATH ~/go/bin $PATH"),
    (FISH, "set -gx PATH /opt/conda/bin", None),
    (".tcshrc", "set path = (~/go/bin ~/anaconda3/bin $path)", "set path = (~/go/bin $path)"),
    (".tcshrc", 'setenv PATH "/opt/conda/bin:$PATH"', 'setenv PATH "$PATH"'),
    (NU, "$env.PATH = ($env.PATH | prepend '/opt/conda/bin' | prepend '/my')", None),
    (
        ".config/powershell/profile.ps1",
        '$env:PATH = "C:\\mine;C:\\miniconda3\\Scripts;$env:PATH"',
        '$env:PATH = "C:\\mine;$env:PATH"',
    ),
]  # fmt: skip


@pytest.mark.parametrize(("place", "line", "after"), PATHS, ids=[line[1] for line in PATHS])
def test_path_loses_the_one_entry_alone(
    tmp_path: Path, place: str, line: str, after: str | None
) -> None:
    machine = computer(tmp_path)
    path = write(machine.home / place, f"{line}\n")
    plan = plan_fix(machine, ["profile-path"])
    if after is None:
        assert (plan.empty, len(plan.left)) == (True, 1)
    else:
        nothing = "true" if place == FISH else ":"
        after = after.replace("PUT", f"{nothing} # sealenv doctor took out: {line}")
        assert plan.files[0].after == f"{after}\n".encode()
    assert path.read_text() == f"{line}\n"


def test_what_the_user_wrote_into_a_block_stays(tmp_path: Path) -> None:
    """The begin of a block that was cut off takes nothing with it up to the end of another one."""
    machine = computer(tmp_path)
    begin, end = "# >>> conda initialize >>>\n", "# <<< conda initialize <<<\n"
    load = 'eval "$(/opt/{}/bin/conda shell.bash hook)"\n'
    text = begin + load.format("a") + "export EDITOR=mine\n" + begin + load.format("b") + end
    path = write(machine.home / ".bashrc", text + "export KEEP=1\n" + end)
    for kept in (2, 2):
        with locked(tmp_path / "doctor"):
            apply(plan_fix(computer(tmp_path), ["conda-init"]), tmp_path / "doctor", None)
        lines = path.read_text().splitlines()
        assert len([line for line in lines if line.startswith("export")]) == kept
    (found,) = examine(computer(tmp_path), ["conda-init"]).findings
    assert (found.fixable, "by hand" in found.seen.how) == (False, True)


def test_a_folder_of_tools_is_no_python(tmp_path: Path) -> None:
    """`envs` in a name says little: where the folder is there, it is looked into."""
    machine = computer(tmp_path)
    write(machine.home / "projects/envs/tools/bin/tool", "")
    write(machine.home / ".bashrc", "export PATH=~/projects/envs/tools/bin:$PATH\n")
    assert examine(machine, ["profile-path"]).findings == ()
    write(machine.home / "projects/envs/tools/bin/python3", "")
    assert len(examine(computer(tmp_path), ["profile-path"]).findings) == 1


def test_folders_of_path_that_are_called_otherwise(tmp_path: Path) -> None:
    """What they hold counts; with other programs in it, no fix takes a folder off PATH."""
    machine = computer(tmp_path)
    for place in ("pyd/python3", "tools/python3.12", "tools/mine", "ours/bin/x", "P y/python"):
        write(machine.home / place, "")
    write(machine.home / ".bashrc", "PATH=$HOME/pyd:$PATH\nPATH=~/ours/bin:/usr/bin:/bin:$PATH\n")
    write(machine.home / ".zshrc", "path=(~/tools 'none' $path)\n")
    write(machine.home / ".profile", 'PATH="$HOME/P y:$PATH"\nN=~/pyd\nN=~/x\nPATH=$N:$PATH\n')
    found = {Path(f.seen.where).name: f for f in examine(machine, ["profile-path"]).findings}
    assert sorted(found) == [".bashrc:1", ".profile:1", ".zshrc:1"]
    assert len(found[".bashrc:1"].seen.evidence) == 1
    assert not found[".zshrc:1"].fixable
    assert "by hand: other programs" in found[".zshrc:1"].seen.how
    contents = {f.path.name: f.after for f in plan_fix(machine, ["profile-path"]).files}
    assert contents[".bashrc"] == b"PATH=$PATH\nPATH=~/ours/bin:/usr/bin:/bin:$PATH\n"
    assert b'PATH="$PATH"\n' in (contents[".profile"] or b"")
    own = dataclasses.replace(computer(tmp_path), own=(str(machine.home / "ours"),))
    write(machine.home / "ours/bin/python3", "")
    assert len(examine(own, ["profile-path"]).findings) == 3


REASONS = {
    "export PATH=/opt/conda/bin": "nothing would be left",
    "export PATH=/opt/conda/bin:$(x)": "not plain enough",
    "PATH+=:/opt/conda/bin && x": "something hangs on",
}


@pytest.mark.parametrize("line", REASONS)
def test_why_an_entry_is_not_cut(tmp_path: Path, line: str) -> None:
    machine = computer(tmp_path)
    write(machine.home / ".bashrc", f"{line}\n")
    (found,) = examine(machine, ["profile-path"]).findings
    assert REASONS[line] in found.seen.how


def test_path_in_what_the_login_reads(tmp_path: Path) -> None:
    machine = computer(tmp_path)
    write(machine.home / "pyd/python3", "")
    text = 'A=1\nPATH="$HOME/pyd:/opt/conda/bin:${PATH}"\nPATH=/usr/bin:${PATH}\n'
    write(machine.home / ".config/environment.d/a.conf", text)
    write(machine.home / ".pam_environment", "PATH DEFAULT=@{HOME}/pyd:${PATH}\n")
    found = {Path(f.seen.where).name: f for f in examine(machine, ["environment-file"]).findings}
    assert {name: f.fixable for name, f in found.items()} == {
        "a.conf:2": True,
        ".pam_environment:1": False,
    }
    (edit,) = plan_fix(machine, ["environment-file"]).files
    assert edit.after == text.replace("$HOME/pyd:/opt/conda/bin:", "").encode()


def test_nothing_is_fixed_without_a_yes(machine: Machine) -> None:
    profile = write(machine.home / ".bashrc", DIRTY)
    done = machine.run("doctor", "--fix", "profile-variable", code=2)
    assert "-export PYTHONPATH=/x" in done.stdout
    machine.run("doctor", "--fix", "profile-variable", "--dry-run")
    assert profile.read_text() == DIRTY
    assert not journal_folder(machine).exists()


def test_what_cannot_be_meant(machine: Machine) -> None:
    assert "did you mean conda-init" in machine.run("doctor", "--fix", "conda-inti", code=2).stderr
    assert "no fix" in machine.run("doctor", "--fix", "path-tilde", code=2).stderr
    assert "together" in machine.run("doctor", "--fix", "a", "--undo", "-y", code=2).stderr
    assert "another system" in machine.run("doctor", "--only", "autorun", code=2).stderr
    machine.run("doctor", "-y", code=2)
    machine.run("doctor", "--undo", "-y", code=7)
    assert "nothing to fix" in machine.run("doctor", "--fix", "conda-init").stderr


def test_one_file_alone(machine: Machine) -> None:
    for name in (".bashrc", ".zshrc"):
        write(machine.home / name, DIRTY)
    machine.run("doctor", "--fix", "profile-variable:~/.zshrc", "-y")
    assert (machine.home / ".bashrc").read_text() == DIRTY
    assert (machine.home / ".zshrc").read_text() == CLEAN


def test_a_file_that_changed_since_is_left_alone(machine: Machine) -> None:
    profile = write(machine.home / ".bashrc", DIRTY)
    machine.run("doctor", "--fix", "profile-variable", "-y")
    profile.write_text(CLEAN + "mine\n")
    answer = machine.json("doctor", "--undo", "-y", code=9)
    assert answer["error"] == "changed-since"
    assert profile.read_text() == CLEAN + "mine\n"
    profile.write_text(CLEAN)
    machine.run("doctor", "--undo", "-y")
    assert profile.read_text() == DIRTY
    assert kept(machine) == []


def test_an_earlier_fix_waits_for_the_later(machine: Machine) -> None:
    profile = write(machine.home / ".bashrc", DIRTY + "conda activate x\n")
    machine.run("doctor", "--fix", "profile-variable", "-y")
    machine.run("doctor", "--fix", "profile-activate", "-y")
    assert "a later fix" in machine.run("doctor", "--undo", "profile-variable", "-y", code=9).stderr
    machine.run("doctor", "--undo", "-y")
    machine.run("doctor", "--undo", "-y")
    assert profile.read_text() == DIRTY + "conda activate x\n"


def test_a_link_keeps_its_target(machine: Machine) -> None:
    """As in a folder of dotfiles; out of the home it is said."""
    real = write(machine.root / "dotfiles/bashrc", DIRTY)
    (machine.home / ".bashrc").symlink_to(real)
    done = machine.run("doctor", "--fix", "profile-variable", "-y")
    assert "outside of your home" in done.stdout
    assert (machine.home / ".bashrc").is_symlink()
    assert real.read_text() == CLEAN
    (machine.home / ".bashrc").unlink()
    (machine.home / ".bashrc").symlink_to("elsewhere")
    machine.run("doctor", "--undo", "-y")
    assert real.read_text() == DIRTY


def test_a_file_that_is_taken_away(machine: Machine) -> None:
    function = write(machine.home / ".config/fish/functions/conda.fish", "function conda\nend\n")
    function.chmod(0o600)
    done = machine.run("doctor", "--fix", "fish-functions", "-y")
    assert "-function conda\n-end\n" in done.stdout
    assert not function.exists()
    machine.run("doctor", "--undo", "-y")
    assert function.read_text() == "function conda\nend\n"
    assert function.stat().st_mode & 0o777 == 0o600
    target = write(machine.home / "real", "function conda; end\n")
    function.unlink()
    function.symlink_to(target)
    done = machine.run("doctor", "--fix", "fish-functions", "-y")
    assert f"a link to {target}" in done.stdout
    assert (os.path.lexists(function), target.exists()) == (False, True)
    write(function, "mine\n")
    machine.run("doctor", "--undo", "-y", code=9)
    function.unlink()
    machine.run("doctor", "--undo", "-y")
    assert os.readlink(function) == str(target)


CONDARCS = [
    # text, what it becomes (None: left)
    (
        "# mine\nchannels:\n- a\n- b\n\n# why\nssl_verify: /ca.pem\nenvs_dirs: [/x,\n  /y]\n",
        "# mine\n# channels:\n# - a\n# - b\n\n# why\nssl_verify: /ca.pem\n# envs_dirs: [/x,\n#   /y]\n",
    ),
    ("\ufeffchannels:\r\n  # c\r\n  - a\r\n", "\ufeff# channels:\r\n#   # c\r\n#   - a\r\n"),
    ("---\n'channels': [a]\nauto_activate: no", "---\n# 'channels': [a]\nauto_activate: no"),
    ("{channels: [a], ssl_verify: no}\n", None),
    ("channels: &c [a]\nx: *c\n", None),
    ("channels: [\nssl_verify: no\n]\n", None),
    ("auto_activate_base: false\n", None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "after"), CONDARCS, ids=range(len(CONDARCS)))
def test_a_condarc_keeps_its_other_settings(tmp_path: Path, text: str, after: str | None) -> None:
    machine = computer(tmp_path)
    write(machine.home / ".condarc", text)
    plan = plan_fix(machine, ["condarc"])
    if after is None:
        assert (plan.empty, len(plan.left)) == (True, 1)
    else:
        assert plan.files[0].after == after.encode()
        assert any(line.lstrip("+\ufeff").startswith("# ") for line in preview(plan, machine))


def test_the_copy_is_for_nobody_else(machine: Machine) -> None:
    write(machine.home / ".bashrc", DIRTY)
    machine.run("doctor", "--fix", "profile-variable", "-y")
    assert kept(machine)[0].stat().st_mode & 0o777 == 0o600
    assert journal_folder(machine).stat().st_mode & 0o777 == 0o700


def test_a_damaged_journal_writes_nothing(machine: Machine) -> None:
    profile = write(machine.home / ".bashrc", DIRTY)
    machine.run("doctor", "--fix", "profile-variable", "-y")
    (journal,) = kept(machine)
    text = journal.read_text()
    for damaged in (text[:-20], text.replace('"before": "', '"before": "AAAA'), "{}", "[]", "\xff"):
        journal.write_text(damaged)
        machine.run("doctor", "--undo", "-y", code=9)
    assert profile.read_text() == CLEAN


def test_a_damaged_journal_stands_in_nobody_elses_way(machine: Machine) -> None:
    profile = write(machine.home / ".bashrc", DIRTY)
    machine.run("doctor", "--fix", "profile-variable", "-y")
    (good,) = kept(machine)
    damaged = write(journal_folder(machine) / "20990101T000000000000Z-condarc.json", "{")
    partial = write(journal_folder(machine) / f".{good.name}.0123456789abcdef", "secret")
    other = write(journal_folder(machine) / ".mine.0123456789abcdef", "")
    assert str(damaged) in machine.run("doctor", "--undo", "-y", code=9).stderr
    machine.run("doctor", "--undo", "condarc", "-y", code=9)
    machine.run("doctor", "--undo", "profile-variable", "-y")
    assert profile.read_text() == DIRTY
    assert (partial.exists(), other.exists(), kept(machine)) == (False, True, [damaged])


def test_an_empty_name_means_nothing(machine: Machine) -> None:
    profile = write(machine.home / ".bashrc", DIRTY)
    assert "no file" in machine.run("doctor", "--fix", "profile-variable:", "-y", code=2).stderr
    for words in (("--fix", ""), ("--fix", ":~/.bashrc"), ("--only", ""), ("--in", "")):
        machine.run("doctor", *words, code=2)
    machine.run("doctor", "--fix", "profile-variable", "-y")
    assert "empty" in machine.run("doctor", "--undo", "", "-y", code=2).stderr
    assert profile.read_text() == CLEAN


@pytest.mark.skipif(sys.platform != "linux", reason="names that are no UTF-8")
def test_a_path_that_is_no_utf8(machine: Machine) -> None:
    name = os.fsdecode(b"caf\xe9.sh")
    path = write(machine.home / name, DIRTY)
    write(machine.home / ".bashrc", b". ~/caf\xe9.sh\n")
    (found,) = machine.json("doctor", "--only", "profile-variable", code=1)["findings"]
    where = found["where"].rpartition(":")[0]
    assert where.endswith(r"caf\xe9.sh")
    answer = machine.json("doctor", "--fix", f"profile-variable:{where}", "-y")
    assert answer["files"][0]["path"] == where
    assert path.read_text() == CLEAN
    assert machine.json("doctor", "--undo", "-y")["files"] == [where]
    assert path.read_text() == DIRTY
    machine.run("doctor", "--fix", f"profile-variable:{path}", "-y")
    assert path.read_text() == CLEAN


def test_two_doctors_at_once(machine: Machine) -> None:
    write(machine.home / ".bashrc", DIRTY)
    with locked(journal_folder(machine)):
        done = machine.run("doctor", "--fix", "profile-variable", "-y", code=9)
    assert "another doctor" in done.stderr
    machine.run("doctor", "--fix", "profile-variable", "-y")


def test_a_file_that_changes_between_look_and_fix(tmp_path: Path) -> None:
    machine = computer(tmp_path)
    path = write(machine.home / ".bashrc", DIRTY)
    findings = examine(machine, ["profile-variable"]).findings
    path.write_text(DIRTY + "mine\n")
    with pytest.raises(Exception, match="changed"):
        make_plan(["profile-variable"], findings)
    assert path.read_text() == DIRTY + "mine\n"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="counts system calls")
def test_killed_anywhere(machine: Machine) -> None:
    """Every file is old or new, and what is new can be undone."""
    paths = [write(machine.home / name, DIRTY) for name in (".bashrc", ".zshrc")]
    number, undone = 0, False
    while True:
        number += 1
        code, said = killed(machine, number, "doctor", "--fix", "profile-variable", "-y")
        contents = [path.read_text() for path in paths]
        assert set(contents) <= {DIRTY, CLEAN}, number
        if CLEAN in contents and not undone:
            undone = True
            code2, _ = killed(machine, 4, "doctor", "--undo", "-y")
            if code2 == -signal.SIGKILL:
                assert {path.read_text() for path in paths} <= {DIRTY, CLEAN}
                machine.run("doctor", "--undo", "-y")
        for journal in kept(machine):  # written, and nothing was changed yet
            machine.run("doctor", "--undo", journal.stem, "-y")
        assert [path.read_text() for path in paths] == [DIRTY] * 2
        if code == 0:
            break
        assert code == -signal.SIGKILL, said
    assert number > 6
    assert sorted(p.name for p in machine.home.iterdir()) == [
        ".bashrc",
        ".local",
        ".zshrc",
    ]


def test_what_fails_in_the_middle_is_put_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = computer(tmp_path)
    paths = [write(machine.home / name, DIRTY) for name in (".bashrc", ".zshrc")]
    plan = plan_fix(machine, ["profile-variable"])
    replace = os.replace

    def full(source: str | Path, target: str | Path) -> None:
        if str(target).endswith(".zshrc"):
            raise OSError(28, "No space left on device", str(source))
        replace(source, target)

    monkeypatch.setattr(os, "replace", full)
    with (
        locked(tmp_path / "doctor"),
        pytest.raises(FilesystemError, match="the disk is full") as told,
    ):
        apply(plan, tmp_path / "doctor", None)
    assert told.value.where == str(machine.home / ".zshrc")
    assert [path.read_text() for path in paths] == [DIRTY] * 2
    assert sorted(os.listdir(machine.home)) == [".bashrc", ".zshrc"]
    assert list((tmp_path / "doctor").glob("*.json")) == []
