"""Credentials in URLs are split off and never shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealenv.urls import redact, split_credentials

SECRET = st.text("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789-_.~", min_size=6, max_size=30)


@pytest.mark.parametrize(
    ("url", "clean"),
    [
        ("https://h/ch", "https://h/ch"),
        ("https://u:p@h/ch", "https://h/ch"),
        ("https://h/t/abc-123/ch", "https://h/ch"),
        ("https://u:p@h/t/abc/ch/linux-64/x.conda", "https://h/ch/linux-64/x.conda"),
        ("https://h/channel/t/abc", "https://h/channel/t/abc"),
        ("conda-forge", "conda-forge"),
        ("file:///a%20b/c", "file:///a%20b/c"),
        ("https://[", "https://["),
    ],
)
def test_split(url: str, clean: str) -> None:
    found = split_credentials(url)
    assert found.clean == clean
    assert found.secret == (url if url != clean else None)


def test_what_is_no_url_loses_its_credentials_too() -> None:
    assert split_credentials("https://u:p@[h/ch") == ("https://[h/ch", None)


@given(user=SECRET, password=SECRET, token=SECRET)
def test_no_secret_survives_redaction(user: str, password: str, token: str) -> None:
    text = f"failed: https://{user}:{password}@host.example/t/{token}/ch/x.conda (os error 2)"
    shown = redact(text)
    assert password not in shown.replace("host.example", "").replace("ch/x.conda (os error 2)", "")
    assert f"/t/{token}/" not in shown
    assert "host.example" in shown


@pytest.mark.parametrize("piece", ["a:", "/t/", "://a", "?x-amz-"])
def test_redaction_is_linear(piece: str) -> None:
    """A quadratic pattern takes minutes for each of these."""
    text = piece * 500_000
    assert redact(text) == text
