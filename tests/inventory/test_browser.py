"""The page in a real Chromium: by hand and by keyboard, with hostile names, with many packages."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser import Browser, Page, open_browser
from tests.inventory.prefixes import package, write_prefix
from tests.machine import Machine

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Chromium is driven over POSIX descriptors")

MARK = "window.__hostile=1"
HOSTILE = (
    f"<script>{MARK}<\\u002fscript>",
    f"</script><script>{MARK}</script>",
    f"<img src=x onerror={MARK}>",
    f"<svg/onload={MARK}>",
    '"><iframe srcdoc="<script>parent.__hostile=1</script>">',
    f"javascript:{MARK}",
    "<!--<script>",
    "@@SCRIPT@@${" + MARK + "}`",
    "\u202eevil\u2028\x00\x1b[2J",
    "__proto__",
    "constructor",
)
NAMED = {
    "button", "link", "searchbox", "combobox", "checkbox", "table", "tree", "listbox", "option",
    "region", "treeitem",
}  # fmt: skip


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with open_browser(tmp_path_factory.mktemp("chromium")) as found:
        yield found


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    return Machine(tmp_path_factory.mktemp("pages"))


@pytest.fixture(scope="module")
def small(machine: Machine) -> Path:
    """The page of a few packages, among them a circle."""
    script = "#!/bin/sh\n" + "x" * 9000
    packages = [
        package("app", "lib >=1", "round", "__glibc >=2", files={"bin/app": script}),
        package("lib", "deep", files={"lib/lib": "y" * 5000}, license="BSD-3-Clause"),
        package("deep", files={"lib/deep": "z" * 3000}),
        package("round", "about", files={"lib/round": "r" * 800}),
        package("about", "round", files={"lib/about": "a" * 700}),
        package("other", files={"lib/other": "o" * 600}),
    ]
    prefix = write_prefix(machine.envs / "small", packages, ["app", "other"])
    (prefix / "lib" / "where").write_text(f"made in {prefix}\n")
    machine.run("report", "small", "-o", "small.html")
    return machine.root / "small.html"


@pytest.fixture
def page(browser: Browser, small: Path) -> Iterator[Page]:
    found = browser.open(small)
    yield found
    found.close()


def texts(page: Page, selector: str) -> list[str]:
    found: list[str] = page.run(
        f"[...document.querySelectorAll({json.dumps(selector)})].map(n => n.textContent)"
    )
    return found


def names_in_tree(page: Page) -> list[str]:
    labels = page.run("[...document.querySelectorAll('#tree li')].map(n => n.ariaLabel)")
    return [text.split(" ")[0] for text in labels]


def type_into(page: Page, selector: str, text: str) -> None:
    page.run(f"document.querySelector({json.dumps(selector)}).focus()")
    page.call("Input.insertText", text=text)


def test_every_section_is_there_and_nothing_is_asked_of_the_network(page: Page) -> None:
    assert texts(page, "nav a") == texts(page, "main h2")
    assert len(texts(page, "main h2")) == 7
    ids = page.run("[...document.querySelectorAll('[id]')].map(n => n.id)")
    assert len(ids) == len(set(ids))
    assert texts(page, "#packages tbody th") == ["app", "lib", "deep", "round", "about", "other"]
    assert texts(page, "#verify .intro") == ["14 files and 6 packages: damaged, 1 damaged path."]
    assert texts(page, "#audit tbody th") == ["lib/where"]
    assert page.trouble() == []


def test_the_table_sorts_and_filters(page: Page) -> None:
    page.run("document.querySelector('#packages th button').click()")
    assert texts(page, "#packages tbody th") == ["about", "app", "deep", "lib", "other", "round"]
    assert page.run("document.querySelector('#packages [aria-sort]').ariaSort") == "ascending"
    type_into(page, "#packages input", "bsd")
    assert texts(page, "#packages tbody th") == ["lib"]
    assert "app → lib" in texts(page, "#packages tbody td")[-1]


def test_the_treemap_by_keyboard(page: Page) -> None:
    assert len(texts(page, ".cell")) == 8, "packages, records and the untracked file"
    page.run("document.querySelector('#treemap').focus()")
    page.press("Home", "Enter")
    assert texts(page, "#details h3") == ["app 1.0"]
    at = "document.querySelector('.cell.at').ariaLabel"
    page.press("End")
    last = page.run(at)
    page.press("Home")
    first = page.run(at)
    page.press("ArrowRight")
    assert page.run(at) not in (first, last)
    active = page.run("document.querySelector('#treemap').getAttribute('aria-activedescendant')")
    assert page.run(f"document.getElementById('{active}').ariaLabel") == page.run(at)
    labels = page.run("[...document.querySelectorAll('.cell')].map(c => c.ariaLabel)")
    assert labels[0].startswith("app 1.0, 9.0 kB, ")
    assert labels[0].endswith("\u00a0%, requested")


def test_the_tree_folds_by_keyboard(page: Page) -> None:
    focused = "document.activeElement.ariaLabel"
    page.run("document.querySelector('#tree > li').focus()")
    assert page.run(focused) == "app 1.0, requested"
    page.press("ArrowLeft")
    assert page.run("document.activeElement.ariaExpanded") == "false"
    page.press("ArrowDown")
    assert page.run(focused) == "other 1.0, requested", "what is folded is passed over"
    page.press("a", "ArrowRight", "ArrowRight", "ArrowDown", "ArrowRight", "ArrowRight")
    assert page.run(focused) == "about 1.0"
    page.press("ArrowRight", "ArrowRight")
    assert page.run(focused) == "round 1.0, needs itself", "a circle ends"
    assert page.run("document.activeElement.ariaLevel") == "4"
    page.press("Enter")
    assert texts(page, "#details h3") == ["round 1.0"]


def test_everything_can_be_reached_and_has_a_name(page: Page) -> None:
    tree = page.call("Accessibility.getFullAXTree")["nodes"]
    controls = [n for n in tree if not n["ignored"] and n["role"]["value"] in NAMED]
    assert len(controls) > 50
    assert [n for n in controls if not n.get("name", {}).get("value")] == []
    seen = []
    for _ in range(14):
        page.press("Tab")
        seen.append(page.run("(n => n.id + n.textContent.slice(0, 20))(document.activeElement)"))
    assert seen[0] == "Skip to the content"
    assert len(set(seen)) == len(seen), "it never gets stuck"


def test_the_sbom_is_saved(page: Page, browser: Browser, tmp_path: Path) -> None:
    allowed: dict[str, Any] = {
        "behavior": "allow",
        "downloadPath": str(tmp_path),
        "eventsEnabled": True,
    }
    browser.call("Browser.setDownloadBehavior", **allowed)
    page.run("document.querySelector('#save-sbom').click()")
    browser.wait("Browser.downloadProgress", None, state="completed")
    saved = json.loads((tmp_path / "small.cdx.json").read_text(encoding="utf-8"))
    assert saved == json.loads(page.run("document.getElementById('sbom-data').textContent"))
    assert saved["bomFormat"] == "CycloneDX"
    assert page.trouble() == []


def hostile_package(n: int, text: str) -> dict[str, Any]:
    """One whose every text is hostile; a record whose name could be a path is refused before."""
    name = text.replace("/", "\u2215").replace("\\", "")
    files = {f"bin/c{n}": f"#!{text}\n", f"lib/{n} {name.replace(chr(0), '')[:80]}": "x"}
    told = {"license": text, "channel": text, "url": f"x://{text}", "subdir": text, "build": f"{n}"}
    return package(f"n{n} {name}", *HOSTILE, version=name, files=files, **told)


def test_hostile_names_run_nothing(browser: Browser, machine: Machine) -> None:
    packages = [hostile_package(n, text) for n, text in enumerate(HOSTILE)]
    prefix = write_prefix(machine.envs / "hostile", packages, [*HOSTILE])
    (prefix / f"untracked {HOSTILE[2]}").write_text(str(prefix))
    machine.run("report", "hostile", "-o", "hostile.html")
    page = browser.open(machine.root / "hostile.html")
    assert len(texts(page, "#packages tbody tr")) == len(HOSTILE)
    for selector in (".cell", "#packages tbody th button", "#graph button", "button.more"):
        page.run(f"[...document.querySelectorAll('{selector}')].forEach(n => n.click())")
    type_into(page, "#graph input", "<")
    assert MARK in page.run("document.body.textContent")
    assert page.run("typeof window.__hostile") == "undefined"
    made = "document.querySelectorAll('img, iframe, svg, object, embed, link, base').length"
    assert page.run(made) == 0
    assert page.run("document.scripts.length") == 4
    assert page.trouble() == []
    page.close()
