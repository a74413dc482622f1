"""The network client of the engine: mirrors, proxies, TLS and credentials as rattler knows them.

rattler's configuration files are read for networking alone: `/etc/rattler/config.toml`,
`~/.config/rattler/config.toml` and the same under `sealenv`. Credentials come from rattler's
own stores (keyring, `RATTLER_AUTH_FILE`, netrc) or from the channel URL of this command. The
latter is taken apart before it gets here: everything that is written down has the clean URL. In this
process alone a mirror entry puts a token back on the wire, and a header a user and password: a
mirror cannot, py-rattler 0.28 drops them from its URL.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit, urlunsplit

from sealenv.errors import SpecError

if TYPE_CHECKING:
    from rattler import Config
    from rattler.networking import Client
import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

__all__ = ["StalledError", "make_client", "make_config", "watch"]


_RETRIES = 2


def make_config(secrets: dict[str, str], *, config_files: bool = True) -> Config:
    """rattler's configuration for this command.

    Args:
        secrets: clean base URL -> the same URL with credentials.
        config_files: read the configuration files too.

    Raises:
        SpecError: a configuration file cannot be read.
    """
    from rattler import Config

    try:
        config = Config.load_from_default_locations("sealenv") if config_files else Config()
        if secrets:
            lines = ["[mirrors]"]
            # JSON strings are TOML basic strings.
            pairs = [(clean, _without_user(secret)) for clean, secret in secrets.items()]
            lines += [f"{json.dumps(c)} = [{json.dumps(s)}]" for c, s in pairs if c != s]
            config = config.merge(Config.from_toml("\n".join(lines)))
    except Exception as error:
        raise SpecError(
            f"rattler's configuration cannot be used: {error}",
            hint="mend the file that is named, or move it away",
        ) from error
    return config


def make_client(config: Config, secrets: dict[str, str]) -> Client:
    """A client with retries for what is transient.

    Args:
        config: from `make_config`.
        secrets: as there.

    Raises:
        SpecError: a password in a URL, together with a configuration that such a client cannot have.
    """
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

    agent = f"sealenv/{_version()}"
    headers = _headers(secrets)
    if not headers:
        return Client.from_config(config, max_retries=_RETRIES, user_agent=agent)
    _refuse_settings(config)

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


def _headers(secrets: dict[str, str]) -> dict[tuple[str, str], str]:
    """Host and path of the clean URL -> what Basic authentication says there."""
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


def _refuse_settings(config: Config) -> None:
    settings = {
        "tls-no-verify": config.tls_no_verify,
        "tls-root-certs": config.tls_root_certs,
        "proxy-config": config.proxy_http or config.proxy_https,
        "s3-options": config.s3_options,
        "authentication-override-file": config.authentication_override_file,
    }
    given = [name for name, value in settings.items() if value]
    if given:
        raise SpecError(
            f"rattler's configuration has {', '.join(given)}: then no password in a channel's URL",
            hint="keep it with `rattler auth login`, in RATTLER_AUTH_FILE or in netrc",
        )


def _version() -> str:
    from sealenv._version import __version__

    return __version__


T = TypeVar("T")


class StalledError(Exception):
    """Nothing arrived for the whole time-out."""


async def watch(work: Coroutine[Any, Any, T], progress: Callable[[], object], timeout: float) -> T:
    """Await `work`, but give up when `progress()` stays the same for `timeout` seconds.

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
