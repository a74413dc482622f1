"""The page as a text: one file, escaped data, a policy that names every script."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from release import vendored
from sealenv.commands.report import write_page

PAGE = Path(vendored.ASSETS)
HOSTILE = "</script><script>alert(1)</script><!-- @@SBOM@@ ]]> \u2028 &lt; \ud800"


class Reader(HTMLParser):
    """Every element with its attributes and the text that follows its start."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, dict[str, str | None], str]] = []
        self._open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs), ""))
        self._open = True

    def handle_endtag(self, tag: str) -> None:
        self._open = False

    def handle_data(self, data: str) -> None:
        if self._open:
            tag, attributes, text = self.found[-1]
            self.found[-1] = tag, attributes, text + data


def read(page: str) -> list[tuple[str, dict[str, str | None], str]]:
    reader = Reader()
    reader.feed(page)
    reader.close()
    return reader.found


def test_the_policy_names_what_is_inline_and_nothing_else() -> None:
    found = read(write_page({"environment": {"name": "e"}}, "{}"))
    policies = [a["content"] or "" for t, a, _ in found if a.get("http-equiv")]
    assert len(policies) == 1
    scripts = [text for tag, a, text in found if tag == "script" and "type" not in a]
    styles = [text for tag, _, text in found if tag == "style"]
    assert (len(scripts), len(styles)) == (2, 1)
    for text in (*scripts, *styles):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policies[0]
    assert policies[0].startswith("default-src 'none'; ")
    assert "unsafe" not in policies[0]
    assert not [a for _, a, _ in found if "src" in a or any(k.startswith("on") for k in a)]
    assert [a["href"] for _, a, _ in found if "href" in a] == ["#content"]


def test_hostile_facts_stay_data() -> None:
    facts = {"environment": {"name": HOSTILE}, "packages": [HOSTILE]}
    page = write_page(facts, json.dumps({"x": HOSTILE}))
    plain = [(tag, a) for tag, a, _ in read(write_page({"environment": {"name": "e"}}, "{}"))]
    assert [(tag, a) for tag, a, _ in read(page)] == plain, "the same elements as without"
    (data,) = (text for tag, a, text in read(page) if a.get("id") == "facts-data")
    assert json.loads(data)["packages"] == [HOSTILE.replace("\ud800", "?")]


@pytest.mark.parametrize("path", sorted(PAGE.glob("*.js")), ids=lambda p: p.name)
def test_no_script_makes_markup(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.findall(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|</script", text
    )
