"""The bill of materials, judged by the standard's own schema."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from sealenv.inventory.items import Item, Need
from sealenv.inventory.sbom import cyclonedx, purl

CONDA = Item(
    "conda:numpy", "numpy", "2.1.0", "py312_0", "linux-64", "https://example.test/conda-forge",
    "https://example.test/conda-forge/linux-64/numpy-2.1.0-py312_0.conda", "a" * 64,
    "BSD-3-Clause AND MIT", "arrays", needs=(Need("python", "conda:python"), Need("__glibc", None)),
    asked=("numpy",),
)  # fmt: skip
PYTHON = Item(
    "conda:python", "python", "3.12.1", license="PSF-2.0", needs=(Need("python", "conda:python"),)
)
WHEEL = Item("pypi:six", "six", "1.17.0", needs=(Need("numpy>=2", "conda:numpy"),))
HOSTILE = Item(
    "conda:<b>", "<b>\x07\u202e", "1\x00", "b&d", "no/arch", "javascript:alert(1)", "http://[bad",
    "c" * 64,
    license="((((", summary="</script><script>alert(1)</script>\ud800",
)  # fmt: skip
WHEN = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.timezone.utc)


def valid(text: str) -> dict[str, Any]:
    fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    assert fault is None, fault
    document: dict[str, Any] = json.loads(text)
    return document


def test_it_is_valid_and_says_what_is_known() -> None:
    items = [CONDA, PYTHON, WHEEL]
    document = valid(cyclonedx("my env", items, created=WHEN, properties={"sealenv:lock": "d"}))
    found = {c["bom-ref"]: c for c in document["components"]}
    assert document["specVersion"] == "1.6"
    assert document["metadata"]["timestamp"] == "2026-01-02T03:04:05+00:00"
    assert document["metadata"]["component"]["name"] == "my env"
    assert found["conda:numpy"]["purl"] == (
        "pkg:conda/numpy@2.1.0?build=py312_0&channel=conda-forge&subdir=linux-64&type=conda"
    )
    assert found["conda:numpy"]["hashes"] == [{"alg": "SHA-256", "content": "a" * 64}]
    assert found["conda:numpy"]["licenses"] == [{"expression": "BSD-3-Clause AND MIT"}]
    assert found["pypi:six"]["purl"] == "pkg:pypi/six@1.17.0"
    needs = {d["ref"]: d.get("dependsOn", []) for d in document["dependencies"]}
    assert needs == {
        "environment": ["conda:numpy"],
        "conda:numpy": ["conda:python"],
        "conda:python": [],
        "pypi:six": ["conda:numpy"],
    }


def test_the_same_items_give_the_same_bytes() -> None:
    first, second = (cyclonedx("e", [CONDA, PYTHON], created=WHEN) for _ in range(2))
    assert first == second
    other = valid(cyclonedx("e", [PYTHON], created=WHEN))
    assert other["serialNumber"] != json.loads(first)["serialNumber"]


def test_hostile_texts_are_still_valid() -> None:
    document = valid(cyclonedx("<e>", [HOSTILE, CONDA, PYTHON]))
    (one,) = (c for c in document["components"] if c["bom-ref"] == HOSTILE.id)
    assert one["description"].startswith("</script>")


@pytest.mark.parametrize(
    ("item", "text"),
    [
        (Item("pypi:a", "a", "1", url="https://x.org/a-1-py3-none-any.whl", sha256="a" * 64),
         "pkg:pypi/a@1?download_url=https://x.org/a-1-py3-none-any.whl"),
        (Item("pypi:a", "a", "1", url="git+https://x.org/a@c0"),
         "pkg:pypi/a@1?vcs_url=git%2Bhttps://x.org/a%40c0"),
        (Item("pypi:a", "a", "1", url="file:///home/me/a"), None),
    ],
)  # fmt: skip
def test_package_urls(item: Item, text: str | None) -> None:
    found = purl(item)
    assert (found.to_string() if found else None) == text
