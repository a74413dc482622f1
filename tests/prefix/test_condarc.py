"""The prefix's own `.condarc`."""

from __future__ import annotations

from pathlib import Path

import yaml

from sealenv.prefix.condafiles import condarc_text, write_condarc


def test_what_it_says() -> None:
    text = condarc_text(("conda-forge", "https://a.example/t: $HOME#x"), "win-64")
    said = yaml.safe_load(text)
    assert said["channels"] == ["conda-forge", "https://a.example/t: %24HOME#x"]
    assert said["default_channels"] == []
    assert said["custom_multichannels"] == {"defaults": []}
    assert said["register_envs"] is False
    assert said["subdir"] == "win-64"
    assert said["envs_dirs"] == ["$CONDA_PREFIX/.."]
    assert said["pkgs_dirs"] == ["$CONDA_PREFIX/pkgs"]
    assert [line for line in text.splitlines() if "#!final" in line] == [
        "register_envs: false #!final"
    ]


def test_channels_are_written_as_conda_names_them() -> None:
    """`conda export` lists each other spelling as one more channel. A lock has addresses."""
    host = "https://conda.anaconda.org"
    given = (f"{host}/conda-forge/", f"{host}/a/label/dev", f"{host}/defaults", "https://x.org/c/")
    said = yaml.safe_load(condarc_text(given, "linux-64"))
    assert said["channels"] == ["conda-forge", "a/label/dev", f"{host}/defaults", "https://x.org/c"]


def test_a_file_that_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / ".condarc").write_text("channels: [mine]")
    write_condarc(tmp_path, ("conda-forge",), "linux-64")
    assert (tmp_path / ".condarc").read_text() == "channels: [mine]"
