"""YAML with places: what a scalar is, by libyaml and by the parser in Python alike."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from sealenv.errors import SpecError
from sealenv.spec.yaml_nodes import load, read_text, scalar


@pytest.mark.parametrize("parser", ["CSafeLoader", "SafeLoader"])
def test_null_numbers_and_text(parser: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if not hasattr(yaml, parser):
        pytest.skip("PyYAML was built without libyaml")
    monkeypatch.setattr(yaml, "CSafeLoader", getattr(yaml, parser))
    text = "a: null\nb:\nc: ~\nd: 'null'\ne: 3.10\nf: yes\ng: true\nh: ''\ni: 1e3\nj: .5\n"
    root = load(text, "x")
    nodes = root.value
    assert isinstance(nodes, dict)
    assert [key for key, node in nodes.items() if node.is_null] == ["a", "b", "c"]
    assert [key for key, node in nodes.items() if node.is_number] == ["e", "i", "j"]
    assert [key for key, node in nodes.items() if node.is_text] == ["d", "f", "h"]
    assert root.get("a") is None
    assert nodes["e"].value == "3.10"


def test_aliases_are_refused() -> None:
    for text in ("[&a x, *a]", "[*a]", "&own [*own]"):
        with pytest.raises(SpecError, match="anchors"):
            load(text, "x")


def test_a_character_that_yaml_has_not_is_refused() -> None:
    with pytest.raises(SpecError, match="the file is not YAML") as caught:
        load("a: b\nc: \0d\n", "x")
    assert str(caught.value.where).startswith("x")


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no such device here")
def test_what_never_ends_is_too_large() -> None:
    with pytest.raises(SpecError, match="too large"):
        read_text(Path("/dev/zero"), limit=1 << 20)


WORDS = ["", " ", "null", "~", "Yes", "off", "1.10", "0x1F", "1e5", ".5", "1:30", "2020-01-01", "=",
         "a: b", "a #b", "a:", "- a", "[a]", "{a", "&a", "*a", "!a", "|", ">", "%a", "@a", "`a", "a\nb",
         "\x85", "\u2028", "\ufeff", "𐀀", "'", '"', "\\", "a\tb", "_1", "/x", "a, b", "<<"]  # fmt: skip


def readers(text: str) -> list[object]:
    return [
        yaml.load(text, yaml.SafeLoader)["a"][0],
        yaml.load(text, yaml.CSafeLoader)["a"][0],
        YAML(typ="safe", pure=True).load(text)["a"][0],
    ]


@pytest.mark.parametrize("text", WORDS)
def test_hard_texts(text: str) -> None:
    assert readers(f"a:\n- {scalar(text)}\n") == [text] * 3


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text(text: str) -> None:
    assert "\n" not in scalar(text)
    assert readers(f"a:\n- {scalar(text)}\n") == [text] * 3
