"""The lines of a `pip:` section: what is read, and what is refused with the reason."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement

from sealenv.errors import SpecError
from sealenv.request.target import choose_target
from sealenv.spec.environment_yml import read_environment_yml
from sealenv.spec.model import DEFAULT_INDEX, build_spec
from sealenv.spec.requirements import parse_pip_line, requirement_name

HERE = Path("/somewhere").absolute()


@pytest.mark.parametrize(
    ("line", "kind", "value"),
    [
        (" Flask [async] >=3, <4 ", "requirement", "Flask[async]<4,>=3"),
        (
            "a @ https://host/a-1.0-py3-none-any.whl",
            "requirement",
            "a @ https://host/a-1.0-py3-none-any.whl",
        ),
        ("--index-url https://host/simple", "index", "https://host/simple"),
        ("--extra-index-url https://u:p@host/x", "extra-index", "https://u:p@host/x"),
        ("-f https://host/page.html", "find-links", "https://host/page.html"),
    ],
)
def test_what_is_read(line: str, kind: str, value: str) -> None:
    found = parse_pip_line(line, HERE)
    assert (found.kind, found.value) == (kind, value)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("-e .", "cannot be locked"),
        ("a @ https://[/a-1.0-py3-none-any.whl", "no http|not a requirement"),
        ("--index-url somewhere", "takes one http"),
        ("https://host/a-1.0-py3-none-any.whl", "a location"),
        ("a @ file:///a-1.0-py3-none-any.whl", "no http"),
        ("a @ https://host/a-1.0.tar.gz", "not a wheel"),
        ("a @ https://host/b-1.0-py3-none-any.whl", "a wheel of b"),
        ("a @ https://host/a-1.0-py3-none-any.whl?download=1", "with a query"),
        ("a @ https://u:p@host/a-1.0-py3-none-any.whl", "cannot contain credentials"),
        ("git+https://host/a.git#egg=a", "a location"),
        ("a @ git+https://host/a.git", "no http"),
        ("a==1 --hash=sha256:00", "not a requirement"),
        ("a\nb", "one requirement per"),
    ],
)
def test_what_is_refused(line: str, reason: str) -> None:
    with pytest.raises(SpecError, match=reason):
        parse_pip_line(line, HERE)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = parse_pip_line(text, HERE)
    except SpecError:
        return
    assert "\n" not in found.value
    if found.kind == "requirement":
        assert str(Requirement(found.value)) == found.value
        assert requirement_name(found.value)


def environment(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "environment.yml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_section_of_environment_yml(tmp_path: Path) -> None:
    (tmp_path / "wheels").mkdir()
    path = environment(
        tmp_path,
        "name: x\ndependencies:\n  - python=3.12\n  - pip\n  - pip:\n"
        "      - --index-url https://u:p@host/simple\n      - --extra-index-url https://more/simple\n"
        "      - --find-links wheels\n      - flask >=3\n      - six\n",
    )
    read = read_environment_yml(path)
    assert read.dependencies == ("python=3.12", "pip")
    assert read.requirements == ("flask>=3", "six")
    spec = build_spec(file=read)
    assert spec.indexes == ("https://host/simple", "https://more/simple")
    assert spec.find_links == ((tmp_path / "wheels").as_uri(),)
    assert spec.index_secrets == {"https://host/simple": "https://u:p@host/simple"}
    assert "p@" not in repr(spec)
    assert spec.to_json()["requirements"] == ["flask>=3", "six"]
    other = build_spec(file=read, pypi_index="https://other/simple")
    assert other.indexes == ("https://other/simple", "https://more/simple")


def test_pip_is_added(tmp_path: Path) -> None:
    path = environment(tmp_path, "name: x\ndependencies: [python, {pip: [six]}]\n")
    target = choose_target(name=None, python=None, prefix=None, file=path)
    assert target.spec.packages == ("python", "pip")
    assert target.spec.indexes == (DEFAULT_INDEX,)
    path = environment(tmp_path, "name: x\ndependencies: [python, pip>=24, {pip: [six]}]\n")
    target = choose_target(name=None, python=None, prefix=None, file=path)
    assert target.spec.packages == ("python", "pip>=24")


def test_a_password_in_a_requirement_is_refused(tmp_path: Path) -> None:
    line = "a @ https://u:s3cret@host/a-1.0-py3-none-any.whl"
    path = environment(tmp_path, f"dependencies: [python, {{pip: ['{line}']}}]\n")
    with pytest.raises(SpecError) as caught:
        build_spec(file=read_environment_yml(path))
    assert "s3cret" not in str(caught.value)
    assert str(caught.value.where).endswith("environment.yml:1:31")
    assert "netrc" in (caught.value.hint or "")


def test_a_folder_of_wheels_that_is_not_there(tmp_path: Path) -> None:
    """pip would go on without it, and take what an index has."""
    text = "dependencies:\n  - pip:\n      - six\n      - --find-links 'my wheels'\n"
    path = environment(tmp_path, text)
    with pytest.raises(SpecError, match=r"not a folder or file: .*my wheels") as caught:
        read_environment_yml(path)
    assert str(caught.value.where).endswith("environment.yml:4:9")
    (tmp_path / "my wheels").mkdir()
    assert read_environment_yml(path).find_links == ((tmp_path / "my wheels").as_uri(),)
