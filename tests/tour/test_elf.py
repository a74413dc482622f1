"""RUNPATHs become relative, in place."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from sealenv.errors import UsageError
from sealenv.tour.archive import Payload
from sealenv.tour.elf import is_elf, relocate, runpaths
from sealenv.tour.interpreter import Interpreter
from sealenv.tour.repackage import _check_program

_GCC = shutil.which("gcc")
pytestmark = pytest.mark.skipif(_GCC is None, reason="no C compiler")


def _program(folder: Path, runpath: str) -> bytes:
    assert _GCC is not None
    (folder / "a.c").write_text("int main(void) { return 7; }\n")
    subprocess.run([_GCC, f"-Wl,-rpath,{runpath}", "-o", "a", "a.c"], cwd=folder, check=True)
    return (folder / "a").read_bytes()


def test_entries_inside_the_prefix_become_relative(tmp_path: Path) -> None:
    data = _program(tmp_path, "/some/old/prefix/lib:/elsewhere/lib:/some/old/prefix-other/lib")
    assert is_elf(data)
    moved = relocate(data, "bin/a", "/some/old/prefix")
    assert runpaths(moved) == ["$ORIGIN/../lib:/elsewhere/lib:/some/old/prefix-other/lib"]
    assert len(moved) == len(data)
    program = tmp_path / "moved"
    program.write_bytes(moved)
    program.chmod(0o755)
    assert subprocess.run([str(program)]).returncode == 7


@pytest.mark.parametrize(
    ("path", "expected"),
    [("lib/libx.so", "$ORIGIN"), ("lib/python3.12/lib-dynload/x.so", "$ORIGIN/../..")],
)
def test_depth_counts(tmp_path: Path, path: str, expected: str) -> None:
    data = _program(tmp_path, "/some/old/prefix/lib")
    assert runpaths(relocate(data, path, "/some/old/prefix")) == [expected]


def test_a_program_that_depends_on_the_loaders_configuration_is_refused() -> None:
    here = Path("/somewhere")
    data = b"\x7fELF\x02\x01" + b"\0" * 58 + b"libpython3.12.so.1.0\0"
    interpreter = Interpreter(
        "3.12.1", here, here, here, None, None, "libpython3.12.so.1.0", "linux-64"
    )
    with pytest.raises(UsageError, match="shared library"):
        _check_program([Payload("bin/python3.12", data=data)], interpreter)


def test_without_room_it_is_refused(tmp_path: Path) -> None:
    data = _program(tmp_path, "/p/lib")
    with pytest.raises(UsageError, match="no room"):
        relocate(data, "bin/a", "/p")
