"""Records follow the files that they name: there and back the same bytes, and nothing else changes."""

from __future__ import annotations

import base64
import hashlib
import json

from hypothesis import given
from hypothesis import strategies as st

from sealenv.relocation.changes import Change, Mark, reversed_changes
from sealenv.relocation.metadata import mend_record, mend_wheel_record

NAMES = st.text(
    st.characters(codec="utf-8", exclude_characters="/\\\r\n\0"), min_size=1, max_size=12
)
BEFORE, AFTER = Mark.of(b"old"), Mark.of(b"newer")


def written(data: bytes) -> str:
    digest = hashlib.sha256(data).digest()
    return "sha256=" + base64.urlsafe_b64encode(digest).decode().rstrip("=")


def record(names: list[str], data: bytes, **dump: object) -> bytes:
    digest = hashlib.sha256(data).hexdigest()
    paths = [
        {"_path": name, "path_type": "hardlink", "sha256": "0" * 64, "sha256_in_prefix": digest}
        for name in names
    ]
    content = {"name": "x", "paths_data": {"paths": paths, "paths_version": 1}}
    return json.dumps(content, **dump).encode()  # type: ignore[arg-type]


@given(
    st.lists(NAMES, min_size=1, max_size=4, unique=True), st.booleans(), st.sampled_from([None, 2])
)
def test_a_record_of_any_tool(names: list[str], ascii_only: bool, indent: int | None) -> None:
    layout = {"ensure_ascii": ascii_only, "indent": indent}
    before, after = record(names, b"old", **layout), record(names, b"newer", **layout)
    changes = {name: Change(BEFORE, AFTER) for name in names}
    assert mend_record(before, changes) == after
    assert mend_record(after, changes) == after
    assert mend_record(after, reversed_changes(changes)) == before


def test_what_was_altered_keeps_its_promise() -> None:
    content = record(["a"], b"something else")
    assert mend_record(content, {"a": Change(BEFORE, AFTER)}) == content


def test_an_entry_point_has_one_digest_and_its_size() -> None:
    entry = {
        "_path": "bin/x",
        "path_type": "unix_python_entry_point",
        "sha256": BEFORE.sha256.hex(),
    }
    content = json.dumps({"paths": [entry | {"size_in_bytes": 3}]}).encode()
    mended = json.loads(mend_record(content, {"bin/x": Change(BEFORE, AFTER)}))["paths"][0]
    assert (mended["sha256"], mended["size_in_bytes"]) == (AFTER.sha256.hex(), 5)


def test_a_file_with_a_placeholder_keeps_the_size_in_its_package() -> None:
    entry = {
        "_path": "a", "sha256": "1" * 64, "sha256_in_prefix": BEFORE.sha256.hex(),
        "prefix_placeholder": "/old", "size_in_bytes": 3,
    }  # fmt: skip
    content = json.dumps({"paths": [entry]}).encode()
    mended = json.loads(mend_record(content, {"a": Change(BEFORE, AFTER)}))["paths"][0]
    assert mended == entry | {"sha256_in_prefix": AFTER.sha256.hex()}


@given(NAMES, st.sampled_from(["\n", "\r\n"]))
def test_a_wheel_record(name: str, end: str) -> None:
    quoted = f'"{name.replace(chr(34), chr(34) * 2)}"'
    head = f"{quoted},{{}},{{}}{end}other,,{end}"
    before = (
        head.format(written(b"old"), 3).encode() if "{" not in name and "}" not in name else b""
    )
    changes = {f"lib/site-packages/{name}": Change(BEFORE, AFTER)}
    path = "lib/site-packages/x-1.dist-info/RECORD"
    if not before or name in {".", ".."}:
        return
    after = head.format(written(b"newer"), 5).encode()
    assert mend_wheel_record(before, path, changes) == after
    assert mend_wheel_record(after, path, reversed_changes(changes)) == before
