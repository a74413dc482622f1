"""Passwords and tokens are masked in what is shown."""

from __future__ import annotations

import pytest

from sealenv.gates.admission import find
from sealenv.urls import masked, masked_value

SECRET = "s3cret"
HIDDEN = [
    f"export PIP_INDEX_URL=https://usr:{SECRET}@x/",
    f"https://h/t/{SECRET}/a,http://v:{SECRET}@i/t/{SECRET}",
    f"proxy = usr:{SECRET}@proxy:3128",
    f"https://h/a?x=1&token={SECRET}&y=2",
    f"export MY_TOKEN={SECRET} A=1",
    f"set -gx MY_PASSWORD {SECRET}",
    f"anaconda_token: {SECRET}",
    f'curl -H "Authorization: Bearer {SECRET}" x',
    f"login --password {SECRET} --token={SECRET}",
]
SHOWN = [
    "export PATH=/home/me/t/venv/bin:$PATH",
    "git+https://github.com/a/b@v1",
    "https://host:8080/simple",
    "export GH_TOKEN=$(pass show gh)",
    "the token of a shell is read",
    "C:\\Users\\me\\t\\x;D:\\y",
]


@pytest.mark.parametrize("text", HIDDEN)
def test_secrets_are_hidden(text: str) -> None:
    found = masked(text)
    assert SECRET not in found
    assert "***" in found
    assert masked(found) == found


@pytest.mark.parametrize("text", SHOWN)
def test_other_text_is_shown(text: str) -> None:
    assert masked(text) == text


def test_a_value_is_masked_by_its_name() -> None:
    assert masked_value("conda_token", "x") == "***"
    assert masked_value("CONDA_EXE", "/x") == "/x"


def test_the_gate_shows_no_secret() -> None:
    url = f"https://u:{SECRET}@h/t/{SECRET}/a"
    found = find({"PYTHONPATH": url, "PIP_TARGET": f"/x?token={SECRET}"})
    assert len(found) == 2
    assert SECRET not in " ".join(f"{f} {f!r} {f.to_json()}" for f in found)
    assert found[0].value == "https://***@h/t/***/a"
