"""Arguments become a spec."""

from __future__ import annotations

import datetime as dt

import pytest

from sealenv.errors import SpecError, UsageError
from sealenv.spec.environment_yml import EnvironmentFile
from sealenv.spec.matchspec import package_name, split_spec
from sealenv.spec.model import build_spec, current_platform, parse_time


def test_default_is_python_conda_mamba_pip_from_conda_forge() -> None:
    spec = build_spec(python="3.12")
    assert spec.packages == ("python=3.12", "conda", "mamba", "pip")
    spec = build_spec(python="3.12", with_packages=["pip >=25", "numpy"])
    assert spec.packages == ("python=3.12", "conda", "mamba", "pip >=25", "numpy")
    assert spec.channels == ("conda-forge",)
    assert spec.platform == current_platform()


def test_a_file_is_taken_as_it_stands_but_for_python() -> None:
    file = EnvironmentFile("f", None, ("a", "nodefaults"), ("python", "numpy"))
    spec = build_spec(python="3.11", file=file, channels=["b"])
    assert spec.packages == ("numpy", "python=3.11")
    assert spec.channels == ("b", "a")


def test_credentials_are_apart_and_in_no_repr() -> None:
    spec = build_spec(channels=["https://user:geheim@h/ch/", "https://h2/t/tok-en/x"])
    assert spec.channels == ("https://h/ch/", "https://h2/x")
    assert "geheim" not in repr(spec)
    assert "tok-en" not in repr(spec)
    assert "geheim" not in str(spec.to_json())
    assert spec.secrets["https://h/ch"] == "https://user:geheim@h/ch"


def test_channels_and_platforms_that_are_refused() -> None:
    for channel in ("", "https://[", "defaults", "a\nb", "--platform"):
        with pytest.raises(SpecError):
            build_spec(channels=[channel])
    for platform in ("", "noarch", "win-64; rm"):
        with pytest.raises(SpecError):
            build_spec(platform=platform)


def test_without_something_that_is_not_there() -> None:
    with pytest.raises(UsageError, match="--without nope"):
        build_spec(without=["nope"])
    with pytest.raises(UsageError, match="no packages are requested"):
        build_spec(without=["python", "conda", "mamba", "pip"])


def test_times_are_utc() -> None:
    assert parse_time("2026-01-31").isoformat() == "2026-01-31T00:00:00+00:00"
    assert parse_time("2026-01-31T12:00:00+02:00").isoformat() == "2026-01-31T10:00:00+00:00"
    assert parse_time("2026-01-31T12:00:00Z").isoformat() == "2026-01-31T12:00:00+00:00"
    # The last two are outside of what a calendar holds, in UTC.
    for text in ("yesterday", "", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+09:00"):
        with pytest.raises(SpecError, match="is not a time"):
            parse_time(text)


def test_an_age_counts_from_now() -> None:
    now = dt.datetime(2026, 3, 1, 12, 0, 0, 5, tzinfo=dt.timezone.utc)
    for age in ("7d", "1w", "168h", "P7D"):
        assert parse_time(age, now).isoformat() == "2026-02-22T12:00:00+00:00"
    for text in ("7", "PT", "-7d", "7m"):
        with pytest.raises(SpecError, match="is not a time"):
            parse_time(text)


def test_a_version_that_would_be_dropped_is_refused() -> None:
    with pytest.raises(UsageError, match="names python too"):
        build_spec(python="3.11", with_packages=["python 3.12.*"])
    with pytest.raises(UsageError, match="names python too"):
        build_spec(python="3.11", without=["python"])


@pytest.mark.parametrize(
    ("text", "name", "constraint"),
    [
        ("NumPy >=2", "numpy", ">=2"),
        ("zzz=1.0=0", "zzz", "=1.0=0"),
        ("__glibc[version='>=2.17,<3']", "__glibc", ">=2.17,<3"),
        ("zzz[md5=abc]", "zzz", "[md5=abc]"),
        ("file:///a/sq%20[b]~x+&=!/ch::prio=2.0=0", "prio", "=2.0=0"),
    ],
)
def test_name_and_constraint(text: str, name: str, constraint: str) -> None:
    assert split_spec(text) == (name, constraint)
    assert package_name(text) == name
