"""Remove credentials from URLs, and secrets from texts that the doctor and the gate show."""

from __future__ import annotations

import os
import re
from typing import NamedTuple
from urllib.parse import urlsplit, urlunsplit

# Each is linear in the text: its repetitions exclude its first character, or are bounded.
_USERINFO = re.compile(r"://[^/@\s'\"]+@")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}://[^\s'\"#]+")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:[/\\]")
_TOKEN = re.compile(r"/t/(?!<TOKEN>)[^/\s'\"]+(?=/|$)")
_QUERY_SECRET = re.compile(
    r"(?i)([?&](?:token|access_token|auth|key|password|sig|signature|x-amz-[a-z-]+)=)[^&\s'\"]+"
)


class SplitUrl(NamedTuple):
    """A URL without its credentials, and the original if it has some."""

    clean: str
    secret: str | None


def split_credentials(url: str) -> SplitUrl:
    """Remove user information and an anaconda.org-style `/t/TOKEN/` from a channel URL.

    Text that is not a valid URL (`https://[`) is redacted.
    """
    if "://" not in url:
        return SplitUrl(url, None)
    try:
        parts = urlsplit(url)
    except ValueError:
        return SplitUrl(redact(url), None)
    host = parts.netloc.rpartition("@")[2]
    path = re.sub(r"^/t/[^/]+(?=/|$)", "", parts.path)
    clean = urlunsplit((parts.scheme, host, path, parts.query, parts.fragment))
    held = (host, path) != (parts.netloc, parts.path)  # `clean` may differ in case only
    return SplitUrl(clean, url if held else None)


def scheme_of(url: str) -> str:
    """Return the scheme in lower case; empty if it has none or is not a URL."""
    try:
        return urlsplit(url).scheme.lower()
    except ValueError:
        return ""


def is_address(path: str | os.PathLike[str]) -> bool:
    """Whether a path is a URL; `Path` reduces `//` to `/`."""
    return _ADDRESS.match(os.fspath(path)) is not None


def carries_credentials(text: str) -> bool:
    """Whether a text has a URL with credentials."""
    return any(split_credentials(url).secret is not None for url in _URL.findall(text))


def redact(text: str) -> str:
    """Replace credentials in the URLs of a message."""
    text = _USERINFO.sub("://", text)
    text = _TOKEN.sub("/t/<TOKEN>", text)
    return _QUERY_SECRET.sub(r"\1<SECRET>", text)


_SECRET = ("TOKEN", "PASSWORD", "PASSWD", "SECRET", "AUTH")
"""Words in the names of variables that hold secrets."""
_NAMES = "|".join(_SECRET)
_VALUE = r"(?:\"(?![$`])[^\"\s]+\"?|'[^'\s]+'?|(?![$`\"'])[^\s\"',;)]+)"
# Each is linear in the text: its repetitions end at its first character, or are bounded.
_FORMS = (
    (r"(?<=//)[^/\s]+@", "***@"),
    (r"(?<![^\s'\"=,;(\[])[^\s/:@'\"=,;(]{1,200}:[^\s/@'\"]{1,300}@(?=[\w\[])", "***@"),
    (
        r"([?&](?:token|access_token|auth|key|password|sig|signature|x-amz-[a-z-]+)=)[^&\s'\"]+",
        r"\1***",
    ),
    (r"(\bauthorization:\s{0,9}(?:bearer|basic|token)\s+)[^\s'\"]+", r"\1***"),
    (
        rf"((?<![\w-])--?(?:[a-z]{{1,30}}-)?(?:token|password|passwd|secret)(?:=|\s{{1,9}})){_VALUE}",
        r"\1***",
    ),
    (
        rf"((?<!\w)\w{{0,99}}?(?:{_NAMES})\w{{0,99}}['\"]?\]?\s{{0,9}}(?:=|:)\s{{0,9}}){_VALUE}",
        r"\1***",
    ),
)
_SAID = rf"((?<!\w)[A-Z0-9_]{{0,99}}?(?:{_NAMES})[A-Z0-9_]{{0,99}}\s{{1,9}}(?:to\s|is\s)?){_VALUE}"
"""`set -gx MY_TOKEN x`, `setenv MY_TOKEN x`, and the same in our own messages."""
_CONDA_TOKEN = r"(/t/)[^/\s'\",;]+"
_WITH_TOKEN = r"(?:://|(?<![\w./-])[\w-]{1,63}(?:\.[\w-]{1,63}){1,9}(?::\d{1,5})?(?=/t/))\S+"
"""URLs that may have a conda token; `/t/` in a plain path is a folder."""
_SIGNS = ("@", "://", "/t/", "=", ":", *_SECRET)


def masked(text: str) -> str:
    """Replace passwords and tokens by `***`: too much rather than too little.

    Args:
        text: one line or several, complete: truncated secrets are not recognized.
    """
    upper = text.upper()
    if not any(sign in upper for sign in ("/T/", *_SIGNS)):
        return text
    for form, put in _FORMS:
        text = re.sub(form, put, text, flags=re.IGNORECASE | re.MULTILINE)
    text = re.sub(_SAID, r"\1***", text)
    return re.sub(_WITH_TOKEN, lambda url: re.sub(_CONDA_TOKEN, r"\1***", url[0]), text)


def masked_value(name: str, value: str) -> str:
    """Return the value of a variable without its secrets."""
    if value and any(word in name.upper() for word in _SECRET):
        return "***"
    return masked(value)
