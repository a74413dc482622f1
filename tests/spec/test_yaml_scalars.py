"""Any text, written as a scalar, is that text for every reader of YAML."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from sealenv.spec.yaml_nodes import scalar

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


@given(st.from_regex(r"[0-9A-Za-z_.+:=-]{1,12}", fullmatch=True))
def test_any_word(text: str) -> None:
    assert readers(f"a:\n- {scalar(text)}\n") == [text] * 3


def test_half_a_character_is_none() -> None:
    with pytest.raises(ValueError, match="surrogate"):
        scalar("\ud800")
