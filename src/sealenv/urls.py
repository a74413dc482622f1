"""Remove credentials from URLs."""

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
    for url in _URL.findall(text):
        try:
            if split_credentials(url).secret is not None:
                return True
        except ValueError:
            continue
    return False


def redact(text: str) -> str:
    """Replace credentials in the URLs of a message."""
    text = _USERINFO.sub("://", text)
    text = _TOKEN.sub("/t/<TOKEN>", text)
    return _QUERY_SECRET.sub(r"\1<SECRET>", text)
