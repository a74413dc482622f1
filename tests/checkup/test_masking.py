"""No secret is shown: not by doctor, its previews and JSON, nor by the gate; what is written has it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from sealenv.gates.findings import find
from sealenv.masking import masked, masked_value
from tests.checkup.computers import write
from tests.machine import Machine

SECRET = "s3cret"
HIDDEN = [
    f"export PIP_INDEX_URL=https://usr:{SECRET}@x/",
    f"https://{SECRET}@host/simple",
    f"https://u:p@{SECRET}@host/a",
    f"https://u:a/{SECRET}@host/a",
    f"https://usr:{SECRET}",
    f"https://usr:{SECRET}\nmore",
    f"https://h/t/{SECRET}/a,http://v:{SECRET}@i/t/{SECRET}",
    f"conda.anaconda.org/t/{SECRET}/c",
    f"https://h/api/t/{SECRET}/c",
    f"proxy = usr:{SECRET}@proxy:3128",
    f"https://h/a?x=1&token={SECRET}&y=2",
    f"export MY_TOKEN={SECRET} A=1",
    f'export GH_TOKEN="{SECRET}"; x',
    f"set -gx MY_PASSWORD {SECRET}",
    f"setenv API_SECRET '{SECRET}'",
    f"$env:MY_TOKEN = '{SECRET}'",
    f"os.environ['MY_TOKEN'] = '{SECRET}'",
    f"sets CONDA_TOKEN to {SECRET}",
    f"anaconda_token: {SECRET}",
    f'curl -H "Authorization: Bearer {SECRET}" x',
    f"login --password {SECRET} --token={SECRET}",
]
SHOWN = [
    "export PATH=/home/me/t/venv/bin:$PATH",
    "git+https://github.com/a/b@v1",
    "git@host:path/to",
    "https://host:8080/simple",
    "https://host:8080",
    "http://[::1]:80/a",
    "export GH_TOKEN=$(pass show gh)",
    'export GH_TOKEN="$OTHER"',
    "the token of a shell is read",
    "C:\\Users\\me\\t\\x;D:\\y",
    "a: b, c: /x/t/y",
]


@pytest.mark.parametrize("text", HIDDEN)
def test_secrets_are_hidden(text: str) -> None:
    found = masked(text)
    assert SECRET not in found
    assert "***" in found
    assert masked(found) == found


@pytest.mark.parametrize("text", SHOWN)
def test_what_is_none_is_shown(text: str) -> None:
    assert masked(text) == text


def test_by_the_name_of_the_variable() -> None:
    assert masked_value("conda_token", "x") == "***"
    assert masked_value("CONDA_EXE", "/x") == "/x"


def test_the_gate_shows_none() -> None:
    url = f"https://u:{SECRET}@h/t/{SECRET}/a"
    found = find({"PYTHONPATH": url, "PIP_TARGET": f"/x?token={SECRET}"})
    assert len(found) == 2
    assert SECRET not in " ".join(f"{f} {f!r} {f.to_json()}" for f in found)
    assert found[0].value == "https://***@h/t/***/a"


@pytest.mark.skipif(os.name == "nt", reason="start-up files of POSIX shells")
def test_doctor_shows_none(machine: Machine) -> None:
    """Also where a line is cut off, in a preview, in what a file holds besides, and in JSON."""
    url = f"https://usr:{SECRET}@host/t/{SECRET}/x"
    home = machine.home
    far = "x" * 185
    text = (
        f"export PIP_INDEX_URL={url}\nexport NEAR_TOKEN={SECRET}\nexport CONDA_CHANNELS={url}\n"
        f"export PIP_EXTRA_INDEX_URL=https://{far}:{SECRET}@h/\n"
        f"alias up='curl -u usr:{SECRET}@h {url}'\n"
    )
    write(home / ".bashrc", text)
    write(home / ".config/fish/fish_variables", f"SETUVAR --export PIP_INDEX_URL:{url}\n")
    write(home / ".config/environment.d/a.conf", f"PIP_INDEX_URL={url}\n")
    write(home / ".condarc", f"channels: ['https://{far}:{SECRET}@h/']\nchannel_alias: {url}\n")
    write(home / ".config/pip/pip.conf", f"[install]\nproxy = u:{SECRET}@h\ntarget = {url}\n")
    write(home / ".pip/pip.conf", f"[install]\nindex-url {url}\n")
    names = ("profile-variable", "fish-variables", "environment-file", "condarc", "pip-conf")
    asked = ("--fix", "condarc", "--fix", "pip-conf")
    for words in ((), ("--json",), (*asked, "--dry-run"), (*asked, "--dry-run", "--json")):
        done = machine.run("doctor", *words, code=None)
        assert SECRET not in done.stdout + done.stderr, words
        assert "***" in done.stdout or "--dry-run" in words
    report = json.loads(machine.run("doctor", "--json", code=None).stdout)
    assert {f["id"] for f in report["findings"]} >= set(names)
    condarc = (home / ".condarc").read_text()
    done = machine.run("doctor", "--fix", "condarc", "-y")
    assert SECRET not in done.stdout
    assert (home / ".condarc").read_text().count(SECRET) == condarc.count(SECRET)
    machine.run("doctor", "--undo", "-y")
    assert (home / ".condarc").read_text() == condarc


def test_a_path_is_named_as_it_is(tmp_path: Path) -> None:
    assert masked(str(tmp_path / "t/x/.bashrc")) == str(tmp_path / "t/x/.bashrc")
