"""YAML with places: what a scalar is, by libyaml and by the parser in Python alike."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from sealenv.errors import SpecError
from sealenv.spec.yaml_nodes import load, read_text


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


def test_aliases_only_where_they_are_allowed() -> None:
    assert load("[&a x, *a]", "x", aliases=True).data() == ["x", "x"]
    for text in ("[&a x, *a]", "[&a x]"):
        with pytest.raises(SpecError, match="anchors"):
            load(text, "x")
    with pytest.raises(SpecError, match="not YAML"):
        load("[*a]", "x", aliases=True)


@pytest.mark.parametrize("parser", ["CSafeLoader", "SafeLoader"])
@pytest.mark.parametrize("text", ["a: b\nc: \0d\n", "c:\n  - 'e\x07'\n", "\ufffea: b\n"])
def test_a_character_that_yaml_has_not_is_refused(
    parser: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not hasattr(yaml, parser):
        pytest.skip("PyYAML was built without libyaml")
    monkeypatch.setattr(yaml, "CSafeLoader", getattr(yaml, parser))
    with pytest.raises(SpecError, match="the file is not YAML") as caught:
        load(text, "x")
    assert str(caught.value.where).startswith("x")


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no such device here")
def test_what_never_ends_is_too_large() -> None:
    with pytest.raises(SpecError, match="too large"):
        read_text(Path("/dev/zero"), limit=1 << 20)
