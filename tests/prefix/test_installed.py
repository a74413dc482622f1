"""Installed packages and requested specs, in prefixes of conda, mamba and sealenv."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sealenv.errors import DigestError, RecordError
from sealenv.prefix.condafiles import read_requested
from sealenv.prefix.installed import installed

SHA = "ab" * 32
RECORD = {
    "name": "a", "version": "1.0", "build": "h1_0", "build_number": 0, "subdir": "linux-64",
    "channel": "conda-forge", "fn": "a-1.0-h1_0.conda", "sha256": SHA, "size": 5, "depends": ["b"],
    "url": "https://conda.anaconda.org/conda-forge/linux-64/a-1.0-h1_0.conda",
    "link": {"source": "/x", "type": 1}, "files": ["bin/a"], "requested_spec": "a",
}  # fmt: skip


def prefix(tmp_path: Path, *records: dict[str, Any], history: str = "") -> Path:
    meta = tmp_path / "conda-meta"
    meta.mkdir()
    (meta / "history").write_text(history)
    for record in records:
        (meta / f"{record['name']}-{record['version']}.json").write_text(json.dumps(record))
    return tmp_path


def test_records_become_a_lock_without_what_belongs_to_the_prefix(tmp_path: Path) -> None:
    b = {**RECORD, "name": "b", "depends": [], "fn": "b-1.0-h1_0.conda",
         "url": RECORD["url"].replace("/a-", "/b-")}  # type: ignore[attr-defined]  # fmt: skip
    where = prefix(tmp_path, RECORD, b, history="# update specs: ['a=1', 'gone']\n")
    lock = installed(where, "osx-64")
    assert lock.platform == "linux-64"
    assert lock.channels == ("https://conda.anaconda.org/conda-forge/",)
    assert [p.name for p in lock.packages] == ["b", "a"]
    assert lock.specs == ("a=1",)
    record = lock.packages[1].record
    assert "link" not in record
    assert "files" not in record


@pytest.mark.parametrize(
    ("said", "channel"),
    [
        ("https://x.org/index/", "https://x.org/index/"),
        ("conda-forge", "https://conda.anaconda.org/conda-forge/"),
    ],
)
def test_the_channel_is_what_the_record_says(
    tmp_path: Path, said: str | None, channel: str
) -> None:
    """The packages of a channel can be elsewhere (`base_url`, CEP 15)."""
    lock = installed(prefix(tmp_path, {**RECORD, "channel": said}), "linux-64")
    assert lock.channels == (channel,)


@pytest.mark.parametrize("missing", ["sha256", "url"])
def test_a_record_without_digest_or_url_is_refused(tmp_path: Path, missing: str) -> None:
    where = prefix(tmp_path, {**RECORD, missing: None})
    with pytest.raises(DigestError, match="1 of 1 package records"):
        installed(where, "linux-64")
    assert installed(where, "linux-64", strict=False).packages[0].name == "a"


@pytest.mark.parametrize("text", ["{", '{"name": "a"}'])
def test_a_damaged_record_is_named(tmp_path: Path, text: str) -> None:
    where = prefix(tmp_path)
    (where / "conda-meta" / "x.json").write_text(text)
    with pytest.raises(RecordError) as caught:
        installed(where, "linux-64")
    assert str(caught.value.where).endswith("x.json")


def test_history_is_read_as_conda_does(tmp_path: Path) -> None:
    text = (
        "==> 2026-01-01 00:00:00 <==\n# cmd: conda create\n"
        "# update specs: ['python=3.12', 'numpy', 'scipy']\n+x::y\n"
        "==> 2026-01-02 00:00:00 <==\n# remove specs: ['scipy']\n"
        "# update specs: ['numpy >=2']\n"
        "# update specs: [broken\n"
    )
    asked = read_requested(prefix(tmp_path, history=text))
    assert asked["python"] == "python=3.12"
    assert asked["numpy"] == "numpy >=2"
    assert "scipy" not in asked
    assert read_requested(tmp_path / "nowhere") == {}
