"""Emptying a pending prefix: only planned paths and known places are deleted."""

from __future__ import annotations

from pathlib import Path

from sealenv.layout import MARKER, PKGS
from sealenv.prefix.pending import clear_pending, write_plan


def pending(folder: Path) -> Path:
    (folder / "conda-meta").mkdir(parents=True)
    (folder / MARKER).write_text("token\n")
    return folder


def test_planned_files_are_deleted_and_others_kept(tmp_path: Path) -> None:
    prefix = pending(tmp_path / "env")
    planned, others = ["bin/tool", "lib/x/y.so"], ["bin/mine", "lib/x/notes.txt", "own"]
    for path in (*planned, *others):
        (prefix / path).parent.mkdir(parents=True, exist_ok=True)
        (prefix / path).write_text(path)
    write_plan(prefix, planned)
    assert clear_pending(prefix) == others
    assert {p.name for p in prefix.iterdir()} == {"conda-meta", "__home__"}
    for path in others:
        assert (prefix / "__home__" / "kept-1" / path).read_text() == path


def test_links_are_removed_and_never_entered(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("x")
    prefix = pending(tmp_path / "env")
    (prefix / PKGS).symlink_to(outside)
    (prefix / "lib").symlink_to(outside)
    write_plan(prefix, ["lib"])
    assert clear_pending(prefix) == []
    assert (outside / "precious").read_text() == "x"
    assert not (prefix / PKGS).is_symlink()


def test_probes_of_the_engine_are_deleted(tmp_path: Path) -> None:
    prefix = pending(tmp_path / "env")
    test = "symtest_8e6d90de-2293-435e-a77a-fc0e6ab49a8f"
    (prefix / test).symlink_to("./")
    (prefix / ".refprobe-jvKr3V").mkdir()
    (prefix / ".refprobe-jvKr3V" / "src").write_text("reflink probe")
    assert clear_pending(prefix) == []
    assert [p.name for p in prefix.iterdir()] == ["conda-meta"]
    (prefix / test).write_text("mine")
    (prefix / ".refprobe-jvKr3V").mkdir()
    (prefix / ".refprobe-jvKr3V" / "notes").write_text("mine")
    assert clear_pending(prefix) == [".refprobe-jvKr3V/notes", test]


def test_a_planned_file_that_was_being_replaced_is_ours_too(tmp_path: Path) -> None:
    """A kill while a script is patched leaves the new one under the name it is written to first."""
    prefix = pending(tmp_path / "env")
    (prefix / "Scripts").mkdir()
    names = ["conda-script.py", ".conda-script.py.0123456789abcdef", ".mine.0123456789abcdef"]
    for name in names:
        (prefix / "Scripts" / name).write_text("x")
    write_plan(prefix, ["Scripts/conda-script.py"])
    assert clear_pending(prefix) == ["Scripts/.mine.0123456789abcdef"]
