"""URLs that carry secrets: taken apart once, written down never."""

from __future__ import annotations

import os
import re
from typing import NamedTuple
from urllib.parse import urlsplit, urlunsplit

__all__ = [
    "SplitUrl",
    "carries_credentials",
    "is_address",
    "redact",
    "scheme_of",
    "split_credentials",
]

# Each is linear in the text: what they begin with is not among what they repeat, or is bounded.
_USERINFO = re.compile(r"://[^/@\s'\"]+@")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}://[^\s'\"#]+")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:[/\\]")
_TOKEN = re.compile(r"/t/(?!<TOKEN>)[^/\s'\"]+(?=/|$)")
_QUERY_SECRET = re.compile(
    r"(?i)([?&](?:token|access_token|auth|key|password|sig|signature|x-amz-[a-z-]+)=)[^&\s'\"]+"
)


class SplitUrl(NamedTuple):
    """A URL without its credentials, and the URL that has them (None where there are none)."""

    clean: str
    secret: str | None


def split_credentials(url: str) -> SplitUrl:
    """Take user information and an anaconda.org-style `/t/TOKEN/` out of a channel URL.

    A text that is not a URL (`https://[`) comes back without what looks like a credential.
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
    held = (host, path) != (parts.netloc, parts.path)  # HTTP://host is none, and not its clean form
    return SplitUrl(clean, url if held else None)


def scheme_of(url: str) -> str:
    """The scheme, in lower case; nothing for what has none or is not a URL."""
    try:
        return urlsplit(url).scheme.lower()
    except ValueError:
        return ""


def is_address(path: str | os.PathLike[str]) -> bool:
    """Whether a path is an address that was meant; `Path` makes one slash of two."""
    return _ADDRESS.match(os.fspath(path)) is not None


def carries_credentials(text: str) -> bool:
    """Whether a URL in a text is one that `split_credentials` takes something out of."""
    for url in _URL.findall(text):
        try:
            if split_credentials(url).secret is not None:
                return True
        except ValueError:
            continue
    return False


def redact(text: str) -> str:
    """Replace whatever looks like a credential inside URLs of a message."""
    text = _USERINFO.sub("://", text)
    text = _TOKEN.sub("/t/<TOKEN>", text)
    return _QUERY_SECRET.sub(r"\1<SECRET>", text)
