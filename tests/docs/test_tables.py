"""The tables of docs/reference are those of the code."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec
import pytest

from docs.tools.errors_reference import classes
from sealenv.activation.variables import settings
from sealenv.checks import CHECKS
from sealenv.checks.check import Check
from sealenv.gates.rules import HONOURED, KEPT, KEPT_WINDOWS
from sealenv.gates.rules import RULES as GATE
from sealenv.prefix.patches import POSIX_RULES, RULES
from sealenv.relocation.audit import FIXES, WHOSE
from sealenv.relocation.find import FORMS
from sealenv.seals import seal
from sealenv.seals.findings import KINDS
from sealenv.spec.model import EnvironmentSpec
from tests.docs.tables import REFERENCE, rows, section
from tests.machine import SRC

NOT_ERRORS = {0, 1, 125, 126, 127}
"""Done; a finding; and what `run` and `shell` say of themselves."""


VARIABLES = "environment-variables.md"
SPEC = EnvironmentSpec(packages=("python",), channels=("x",), platform="linux-64")
STRUCTS: dict[str, type[msgspec.Struct]] = {
    "Fields": seal.Seal,
    "lock": seal.LockNote,
    "patched": seal.PatchNote,
    "engine": seal.EngineNote,
    "pip": seal.DistributionNote,
    "fingerprints": seal.Fingerprints,
}


def check_row(check: Check) -> list[str]:
    """What the table says of a check."""
    return [
        check.id,
        "Windows" if check.windows else "all",
        check.title,
        check.why,
        check.fix or "-",
    ]


@pytest.mark.parametrize(
    ("file", "heading", "expected"),
    [
        ("audit.md", "Whose path it is", WHOSE.items()),
        ("audit.md", "What rewrites it", FIXES.items()),
        ("findings.md", "Findings", KINDS.items()),
        ("portability.md", "Forms", [[form] for form in FORMS]),
        ("doctor.md", "Checks", map(check_row, CHECKS)),
        ("patches.md", "Made relative on Windows", [[r.pattern, r.what] for r in RULES]),
        ("patches.md", "Made relative elsewhere", [[r.pattern, r.what] for r in POSIX_RULES]),
        (
            VARIABLES,
            "The gate",
            [
                [rule.name, ", ".join(rule.harmless) or "-", rule.what, rule.clear_in("sh")]
                for rule in GATE
            ],
        ),
        (VARIABLES, "Settings that never count as dirt", HONOURED),
        (VARIABLES, "What an activation sets", [row[:1] for row in settings("/prefix", "prefix")]),
        ("seal.md", "spec", [[name] for name in SPEC.to_json()]),
        *(
            ("seal.md", heading, [[field.encode_name] for field in msgspec.structs.fields(struct)])
            for heading, struct in STRUCTS.items()
        ),
    ],
)
def test_a_table(file: str, heading: str, expected: Iterable[Any]) -> None:
    """The cells of the code come first in each row, in the order of the code."""
    wanted = [[_plain(cell) for cell in row] for row in expected]
    found = [[_plain(cell) for cell in row] for row in rows(file, heading)]
    assert len(found) == len(wanted)
    assert [row[: len(cells)] for row, cells in zip(found, wanted, strict=True)] == wanted


def _plain(cell: str) -> str:
    return cell.replace("`", "").removesuffix(".").lower()


def test_the_schemas_of_the_seal() -> None:
    assert f"`{seal.SCHEMA}`." in section("seal.md", "Fields")
    assert f"`{seal.TABLE_SCHEMA}`." in section("seal.md", "The file table")


def test_the_exit_codes() -> None:
    listed = [int(row[0]) for row in rows("exit-codes.md", "All codes")]
    assert listed == sorted(set(listed))
    assert set(listed) - NOT_ERRORS == {cls.exit_code for cls in classes()}


def test_what_a_clean_process_gets() -> None:
    documented = rows(VARIABLES, "What a clean process gets")[: len(KEPT)]
    assert [(names.replace(",", ""), what) for names, what in documented] == list(KEPT)
    text = section(VARIABLES, "What a clean process gets").split("On Windows also:")[1]
    assert re.findall(r"`([^`]+)`", text) == list(KEPT_WINDOWS)


def test_every_variable_of_ours_in_the_source_is_documented() -> None:
    documented = re.findall(r"`(SEALENV_[A-Z_]+)`", (REFERENCE / VARIABLES).read_text("utf-8"))
    folder = SRC / "sealenv"
    for path in (*folder.rglob("*.py"), *folder.glob("activation/[tr]*/*")):
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        # __SEALENV_... is a marker in a template.
        found = set(re.findall(r"(?<!_)\bSEALENV_[A-Z_]*[A-Z]\b", text))
        assert found <= set(documented), path
