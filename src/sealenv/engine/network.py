"""The network client: mirrors, proxies, TLS and credentials as in rattler.

rattler's configuration files are read for networking only: `/etc/rattler/config.toml`,
`~/.config/rattler/config.toml` and the same under `sealenv`. Credentials come from rattler's own
stores (keyring, `RATTLER_AUTH_FILE`, netrc) or from a URL given to this command. Files and messages
have the URL without credentials. Only here they are added again: a token by a mirror entry, a user
and password by a header, because py-rattler 0.28 drops those from a mirror's URL.
"""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit, urlunsplit

from rattler import Config
from rattler.networking import Client
from rattler.networking.middleware import (
    AddHeadersMiddleware,
    AuthenticationMiddleware,
    GCSMiddleware,
    MirrorMiddleware,
    OciMiddleware,
    RetryMiddleware,
    S3Middleware,
)

from sealenv._version import __version__
from sealenv.errors import SpecError

T = TypeVar("T")
_RETRIES = 2


def make_client(secrets: Mapping[str, str]) -> Client:
    """Return a client with rattler's configuration that retries transient failures.

    Args:
        secrets: clean base URL -> the same URL with credentials.

    Raises:
        SpecError: a configuration file is invalid, or cannot be combined with a password in a URL.
    """
    agent = f"sealenv/{__version__}"
    config, headers = _config(secrets), _headers(secrets)
    if not headers:
        return Client.from_config(config, max_retries=_RETRIES, user_agent=agent)
    if (
        config.tls_no_verify
        or config.tls_root_certs
        or config.proxy_http
        or config.proxy_https
        or config.s3_options
        or config.authentication_override_file
    ):
        raise SpecError(
            "a URL cannot have a password if rattler's configuration has TLS, proxy, S3 or "
            "authentication settings",
            hint="store it with `rattler auth login`, in RATTLER_AUTH_FILE or in netrc",
        )

    def add_headers(host: str, path: str) -> dict[str, str] | None:
        for (own_host, own_path), value in headers.items():
            if host == own_host and (path == own_path or path.startswith(f"{own_path}/")):
                return {"Authorization": value}
        return None

    return Client(
        [
            RetryMiddleware(_RETRIES),
            AddHeadersMiddleware(add_headers),
            MirrorMiddleware(config.mirrors),
            AuthenticationMiddleware(),
            OciMiddleware(),
            GCSMiddleware(),
            S3Middleware(),
        ],
        user_agent=agent,
    )


def _config(secrets: Mapping[str, str]) -> Config:
    """Return rattler's configuration, with a mirror for each URL that has a token."""
    try:
        config = Config.load_from_default_locations("sealenv")
        pairs = [(clean, _without_user(secret)) for clean, secret in secrets.items()]
        # JSON strings are TOML basic strings.
        lines = [f"{json.dumps(c)} = [{json.dumps(s)}]" for c, s in pairs if c != s]
        return config.merge(Config.from_toml("\n".join(["[mirrors]", *lines])))
    except Exception as error:
        raise SpecError(
            f"rattler's configuration is invalid: {error}",
            hint="fix the file, or move it away",
        ) from error


def _headers(secrets: Mapping[str, str]) -> dict[tuple[str, str], str]:
    """Return host and path of the clean URL -> the header for Basic authentication."""
    found = {}
    for clean, secret in secrets.items():
        user, at, _ = urlsplit(secret).netloc.rpartition("@")
        if at:
            name, _, password = user.partition(":")
            plain = f"{unquote(name)}:{unquote(password)}".encode()
            parts = urlsplit(clean)
            place = (parts.hostname or "", parts.path.rstrip("/"))
            found[place] = "Basic " + base64.b64encode(plain).decode("ascii")
    return found


def _without_user(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


class StalledError(Exception):
    """Nothing arrived during the whole time-out."""


async def watch(work: Coroutine[Any, Any, T], progress: Callable[[], object], timeout: float) -> T:
    """Await `work`, but give up if `progress()` stays the same for `timeout` seconds.

    Raises:
        StalledError: and the work was cancelled.
    """
    task = asyncio.ensure_future(work)
    last = progress()
    since = time.monotonic()
    try:
        while True:
            done, _ = await asyncio.wait({task}, timeout=min(0.25, timeout / 4))
            if done:
                return task.result()
            now = progress()
            if now != last:
                last, since = now, time.monotonic()
            elif time.monotonic() - since >= timeout:
                raise StalledError
    finally:
        if not task.done():
            task.cancel()
