"""Put facts, style and scripts together into one HTML file.

The facts are JSON data in the page, with every special character of HTML escaped; scripts insert them as
text. A Content-Security-Policy allows the page's own style and scripts by their digests, and nothing
else: no network, no other script, no HTML from strings (Trusted Types).
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

LIBRARIES = {"d3-hierarchy.min.js": "d3-hierarchy.LICENSE"}
"""Vendored libraries (release/vendored.py), with their licences."""
SCRIPTS = ("base.js", "packages.js", "tree.js", "findings.js", "main.js")
"""Our scripts in order, joined to one."""


def write_page(facts: Mapping[str, Any], sbom: str) -> str:
    """Return the page.

    Args:
        facts: what it shows (`sealenv.commands.report`).
        sbom: a JSON document, for a button that saves it.
    """
    style = _asset("page.css")
    licences = "".join(f"/*\n{_asset(name)}*/\n" for name in LIBRARIES.values())
    library = licences + "".join(_asset(name) for name in LIBRARIES)
    script = "".join(_asset(name) for name in SCRIPTS)
    script = f'"use strict";\n(() => {{\n{script}}})();\n'
    policy = (
        f"default-src 'none'; script-src {_digest(library)} {_digest(script)}; "
        f"style-src {_digest(style)}; base-uri 'none'; form-action 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )
    name = str(facts.get("environment", {}).get("name", ""))
    values = {
        "POLICY": html.escape(policy, quote=True).replace("&#x27;", "'"),
        "TITLE": html.escape(f"{name}: sealenv report"),
        "STYLE": style,
        "FACTS": as_data(facts),
        "SBOM": as_data(json.loads(sbom)),
        "LIBRARY": library,
        "SCRIPT": script,
    }
    # In one pass: values are never parsed again.
    parts = _asset("page.html").split("@@")
    return "".join(values[part] if i % 2 else part for i, part in enumerate(parts))


def as_data(value: object) -> str:
    """Return JSON for a `<script type="application/json">`, which ends at `</script`.

    `<`, `>`, `&` and Unicode line ends are escaped; lone surrogates (from file names) become `?`.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    text = text.encode("utf-8", "replace").decode("utf-8")
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _asset(name: str) -> str:
    data = files("sealenv.inventory") / "assets" / name
    return data.read_bytes().decode("utf-8").replace("\r\n", "\n")
