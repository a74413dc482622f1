"""Inside an environment: whose settings conda, mamba and pip read."""

from __future__ import annotations

import sys

import pytest

from tests.machine import Machine

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="printenv of POSIX")


def test_pip_reads_no_configuration_of_the_user(used: Machine) -> None:
    folder = used.home / ".config" / "pip"
    folder.mkdir(parents=True)
    (folder / "pip.conf").write_text("[global]\ntarget = /elsewhere\n")
    words = ("run", "e", "--", "python", "-m", "pip", "config", "list")
    assert "/elsewhere" not in used.run(*words).stdout
    # The same file is read where nothing tells pip otherwise.
    shell = "unset PIP_CONFIG_FILE; exec python -m pip config list"
    assert "/elsewhere" in used.run("run", "e", "--", "sh", "-c", shell).stdout


def test_the_file_is_sealed_and_may_be_edited_but_not_lost(used: Machine) -> None:
    file = used.envs / "e" / ".condarc"
    written = file.read_bytes()
    assert b"register_envs: false #!final" in written
    assert str(used.envs).encode() not in written
    file.write_bytes(written + b"ssl_verify: false\n")
    assert used.json("verify", "e")["findings"] == []
    file.unlink()
    (found,) = used.json("verify", "e", code=1)["findings"]
    assert (found["kind"], found["path"]) == ("missing", ".condarc")
    used.run("repair", "e")
    assert file.read_bytes() == written
