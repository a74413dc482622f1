"""Digests in records: those of what was rewritten, and no others."""

from __future__ import annotations

import base64
import json

from sealenv.relocation.digests import (
    Mark,
    Rewritten,
    redigest_record,
    redigest_wheel,
)

BEFORE, AFTER = b"/envs/e", b"/mnt/x y"
CHANGED = Rewritten(Mark.of(BEFORE), Mark.of(AFTER))
OTHER = "ab" * 32


def record(digest: str) -> dict[str, object]:
    return {
        "name": "x",
        "sha256": CHANGED.before.sha256.hex(),
        "paths_data": {
            "paths": [
                {"_path": 'bin/a {"b"}', "sha256": OTHER, "sha256_in_prefix": digest},
                {"sha256_in_prefix": digest, "_path": "bin/é", "n": [1, {"x": None}]},
                {"_path": "bin/altered", "sha256_in_prefix": OTHER},
                {"_path": "bin/untouched", "sha256_in_prefix": CHANGED.before.sha256.hex()},
            ]
        },
    }


def test_a_packages_record() -> None:
    changed = dict.fromkeys(['bin/a {"b"}', "bin/é", "bin/altered"], CHANGED)
    for settings in ({"ensure_ascii": False, "indent": number} for number in (2, None, 4)):
        before = json.dumps(record(CHANGED.before.sha256.hex()), **settings).encode()  # type: ignore[arg-type]
        wanted = record(CHANGED.after.sha256.hex())
        paths = wanted["paths_data"]["paths"]  # type: ignore[index]
        assert paths[3]["sha256_in_prefix"] == CHANGED.before.sha256.hex()
        assert redigest_record(before, changed) == json.dumps(wanted, **settings).encode()  # type: ignore[arg-type]


def test_a_record_of_pip() -> None:
    def rows(digest: bytes, size: int) -> bytes:
        text = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        return (
            f"../../../bin/tool,sha256={text},{size}\r\n"
            f'"a, b.py",sha256={text},{size}\r\n'
            f"x-1.dist-info/RECORD,,\r\n"
        ).encode() + b"other.py,sha256=abc,7\r\n"

    changed = {
        "bin/tool": CHANGED,
        "lib/python3.11/site-packages/a, b.py": CHANGED,
        "lib/python3.11/site-packages/other.py": CHANGED,
    }
    place = "lib/python3.11/site-packages/x-1.dist-info/RECORD"
    before = rows(CHANGED.before.sha256, len(BEFORE))
    assert redigest_wheel(before, place, changed) == rows(CHANGED.after.sha256, len(AFTER))


OLD, NEW = Mark.of(b"old"), Mark.of(b"newer")


def test_an_entry_point_has_one_digest_and_its_size() -> None:
    entry = {
        "_path": "bin/x",
        "path_type": "unix_python_entry_point",
        "sha256": OLD.sha256.hex(),
    }
    content = json.dumps({"paths_data": {"paths": [entry | {"size_in_bytes": 3}]}}).encode()
    record = json.loads(redigest_record(content, {"bin/x": Rewritten(OLD, NEW)}))
    mended = record["paths_data"]["paths"][0]
    assert (mended["sha256"], mended["size_in_bytes"]) == (NEW.sha256.hex(), 5)


def test_a_file_with_a_placeholder_keeps_the_size_in_its_package() -> None:
    entry = {
        "_path": "a", "sha256": "1" * 64, "sha256_in_prefix": OLD.sha256.hex(),
        "prefix_placeholder": "/old", "size_in_bytes": 3,
    }  # fmt: skip
    content = json.dumps({"paths_data": {"paths": [entry]}}).encode()
    record = json.loads(redigest_record(content, {"a": Rewritten(OLD, NEW)}))
    mended = record["paths_data"]["paths"][0]
    assert mended == entry | {"sha256_in_prefix": NEW.sha256.hex()}
