"""Digests in records: those of what was rewritten, and no others."""

from __future__ import annotations

import base64
import hashlib
import json

from sealenv.portability.rewriting.metadata import Digests, redigest_record, redigest_wheel

BEFORE, AFTER = b"/envs/e", b"/mnt/x y"
CHANGED = Digests(
    hashlib.sha256(BEFORE).digest(), hashlib.sha256(AFTER).digest(), len(BEFORE), len(AFTER)
)
OTHER = "ab" * 32


def record(digest: str) -> dict[str, object]:
    return {
        "name": "x",
        "sha256": CHANGED.before.hex(),
        "paths_data": {
            "paths": [
                {"_path": 'bin/a {"b"}', "sha256": OTHER, "sha256_in_prefix": digest},
                {"sha256_in_prefix": digest, "_path": "bin/é", "n": [1, {"x": None}]},
                {"_path": "bin/altered", "sha256_in_prefix": OTHER},
                {"_path": "bin/untouched", "sha256_in_prefix": CHANGED.before.hex()},
            ]
        },
    }


def test_a_packages_record() -> None:
    changed = dict.fromkeys(['bin/a {"b"}', "bin/é", "bin/altered"], CHANGED)
    for settings in ({"indent": 2}, {}, {"ensure_ascii": False, "indent": 4}):
        before = json.dumps(record(CHANGED.before.hex()), **settings).encode()  # type: ignore[arg-type]
        wanted = record(CHANGED.after.hex())
        paths = wanted["paths_data"]["paths"]  # type: ignore[index]
        assert paths[3]["sha256_in_prefix"] == CHANGED.before.hex()
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
    before = rows(CHANGED.before, len(BEFORE))
    assert redigest_wheel(before, place, changed) == rows(CHANGED.after, len(AFTER))
