"""YAML's scalars, written: plain where nothing can take them for anything else, else quoted."""

from __future__ import annotations

import json
import re

__all__ = ["scalar"]

_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./+=<>!,|*~ ()@%-]*(:[A-Za-z0-9_./+=<>!,|*~ ()@%:-]*)?")
_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def scalar(text: str) -> str:
    """A text as one line of YAML 1.1 and 1.2 that every reader takes for this very text.

    Raises:
        ValueError: it holds half of a surrogate pair, which is no character.
    """
    if (
        _PLAIN.fullmatch(text)
        and text.lower() not in _WORDS
        and ": " not in text
        and not text.endswith((" ", ":"))
    ):
        return text
    if any("\ud800" <= c <= "\udfff" for c in text):
        raise ValueError(f"{text!a} holds half of a surrogate pair")
    quoted = json.dumps(text, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found.group()):04X}", quoted)
