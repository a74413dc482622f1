"""docs/reference/environment-variables.md says what the code does with which variable."""

from __future__ import annotations

import re
from pathlib import Path

from sealenv.activation.variables import settings
from sealenv.gates.rules import HONOURED, KEPT, KEPT_WINDOWS, RULES
from tests.docs.tables import rows, section

FILE = "environment-variables.md"
SRC = Path(__file__).parents[2] / "src" / "sealenv"


def test_the_gate() -> None:
    documented = [tuple(row) for row in rows(FILE, "The gate")]
    assert documented == [
        (rule.name, ", ".join(rule.harmless) or "-", rule.what, rule.clear_in("sh"))
        for rule in RULES
    ]


def test_honoured_settings() -> None:
    assert [tuple(row) for row in rows(FILE, "Settings that never count as dirt")] == list(HONOURED)


def test_what_a_clean_process_gets() -> None:
    documented = rows(FILE, "What a clean process gets")[: len(KEPT)]
    assert [(names.replace(",", ""), what) for names, what in documented] == list(KEPT)
    text = section(FILE, "What a clean process gets").split("On Windows also:")[1]
    assert re.findall(r"`([^`]+)`", text) == list(KEPT_WINDOWS)


def test_what_an_activation_sets() -> None:
    documented = [row[0] for row in rows(FILE, "What an activation sets")]
    assert documented == [row[0] for row in settings("/prefix", "prefix")]


def test_every_setting_of_ours_in_the_source_is_documented() -> None:
    sources = [
        *SRC.rglob("*.py"),
        *SRC.glob("activation/templates/*"),
        *SRC.glob("activation/rc/*"),
    ]
    found = {
        name
        for path in sources
        if path.is_file()
        for name in re.findall(r"\bSEALENV_[A-Z_]*[A-Z]\b", path.read_text(encoding="utf-8"))
        if f"__{name}" not in path.read_text(encoding="utf-8")  # a marker in a template
    }
    documented = set(re.findall(r"`(SEALENV_[A-Z_]+)`", (section_all())))
    assert found - documented == set()


def section_all() -> str:
    return (SRC.parents[1] / "docs" / "reference" / FILE).read_text(encoding="utf-8")
