"""environment.yml (CEP 24): what is read, what is refused, and where it stands."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealenv.errors import SpecError
from sealenv.spec.environment_yml import EnvironmentFile, read_environment_yml


def read(tmp_path: Path, text: str) -> EnvironmentFile:
    path = tmp_path / "environment.yml"
    path.write_text(text, encoding="utf-8")
    return read_environment_yml(path)


def test_all_five_keys(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "name: my-env\nprefix: /old/place\nplatforms: []\nchannels: [conda-forge, nodefaults]\n"
        "dependencies: [python=3.12, 'numpy >=2']\nvariables: {ONE: '1', TWO: 2.10, DAY: 2020-01-01}\n",
    )
    assert found.name == "my-env"
    assert found.channels == ("conda-forge", "nodefaults")
    assert found.dependencies == ("python=3.12", "numpy >=2")
    assert found.variables == {"ONE": "1", "TWO": "2.10", "DAY": "2020-01-01"}
    (warning,) = found.warnings
    assert "'platforms'" in warning


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        (f"dependencies: [{{pip: [{'b' * 5000}]}}]\n", ":1:23", "5000 characters"),
        ("name: x\n", ":1:1", "'dependencies'"),
        ("name: 'a b'\ndependencies: [python]\n", ":1:7", "not a name"),
        ("dependencies:\n  - python\n  - 3.12\n", ":3:5", "not a MatchSpec"),
        ("dependencies:\n  - npm: [x]\n", ":2:5", "unknown"),
        ("dependencies: [a]\nvariables:\n  1A: x\n", ":3:7", "not a name of a variable"),
        ("dependencies: [a\nname: x\n", ":2", "not YAML"),
    ],
)
def test_what_is_not_right_is_refused_with_its_place(
    tmp_path: Path, text: str, place: str, reason: str
) -> None:
    with pytest.raises(SpecError) as caught:
        read(tmp_path, text)
    assert reason in caught.value.what
    assert f"environment.yml{place}" in str(caught.value.where)


@given(text=st.text(max_size=300))
def test_any_text_is_read_or_refused_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.mktemp("yml") / "environment.yml"
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    with contextlib.suppress(SpecError):
        read_environment_yml(path)


def test_variables_in_channels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEALENV_TEST_HOST", "https://x.org")
    monkeypatch.delenv("SEALENV_TEST_TOKEN", raising=False)
    text = "channels: [$SEALENV_TEST_HOST/a, '${SEALENV_TEST_HOST}/b']\ndependencies: [python]\n"
    assert read(tmp_path, text).channels == ("https://x.org/a", "https://x.org/b")
    with pytest.raises(SpecError, match="SEALENV_TEST_TOKEN in a channel is not set") as caught:
        read(
            tmp_path, "channels: [https://x.org/t/$SEALENV_TEST_TOKEN/c]\ndependencies: [python]\n"
        )
    assert str(caught.value.where).endswith(":1:12")
