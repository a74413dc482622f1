"""The network client of the engine: mirrors, proxies, TLS and credentials as rattler knows them.

rattler's configuration files are read for networking alone: `/etc/rattler/config.toml`,
`~/.config/rattler/config.toml` and the same under `sealenv`. Credentials come from rattler's
own stores (keyring, `RATTLER_AUTH_FILE`, netrc) or from the channel URL of this command. The
latter is taken apart before it gets here: everything that is written down has the clean URL, and a
mirror entry that lives only in this process puts the secret back on the wire.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sealenv.errors import SpecError

if TYPE_CHECKING:
    from rattler import Config
    from rattler.networking import Client

__all__ = ["make_client", "make_config"]

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
            lines += [f"{json.dumps(c)} = [{json.dumps(s)}]" for c, s in secrets.items()]
            config = config.merge(Config.from_toml("\n".join(lines)))
    except Exception as error:
        raise SpecError(
            f"rattler's configuration cannot be used: {error}",
            hint="mend the file that is named, or move it away",
        ) from error
    return config


def make_client(config: Config) -> Client:
    """A client with retries for what is transient."""
    from rattler.networking import Client

    return Client.from_config(config, max_retries=_RETRIES, user_agent=f"sealenv/{_version()}")


def _version() -> str:
    from sealenv._version import __version__

    return __version__
