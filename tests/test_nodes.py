"""YAML with places: what a scalar is, by libyaml and by the parser in Python alike."""

from __future__ import annotations

import pytest
import yaml

from sealenv.errors import SpecError
from sealenv.nodes import load


@pytest.mark.parametrize("parser", ["CSafeLoader", "SafeLoader"])
def test_null_numbers_and_text(parser: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if not hasattr(yaml, parser):
        pytest.skip("PyYAML was built without libyaml")
    monkeypatch.setattr(yaml, "CSafeLoader", getattr(yaml, parser))
    text = "a: null\nb:\nc: ~\nd: 'null'\ne: 3.10\nf: yes\ng: true\nh: ''\ni: 1e3\nj: .5\n"
    root = load(text, "x")
    nodes = root.mapping("it")
    assert [key for key, node in nodes.items() if node.is_null] == ["a", "b", "c"]
    assert [key for key, node in nodes.items() if node.is_number] == ["e", "i", "j"]
    assert [key for key, node in nodes.items() if node.is_text] == ["d", "f", "h"]
    assert root.get("a") is None
    assert nodes["e"].value == "3.10"


def test_aliases_only_where_they_are_allowed() -> None:
    assert load("[&a x, *a]", "x", aliases=True).texts("it") == ["x", "x"]
    for text in ("[&a x, *a]", "[&a x]"):
        with pytest.raises(SpecError, match="anchors"):
            load(text, "x")
    with pytest.raises(SpecError, match="no YAML"):
        load("[*a]", "x", aliases=True)
