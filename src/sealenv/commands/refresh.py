"""Refresh: the activation scripts again, from what the prefix holds now."""

from __future__ import annotations

import msgspec

from sealenv.activation.scripts import write_scripts
from sealenv.commands.environments import inspect
from sealenv.errors import PrefixError
from sealenv.fields import AbsolutePath, InPrefix, Texts
from sealenv.naming import shown
from sealenv.prefix.condarc import write_condarc
from sealenv.request.arguments import StrPath, prefix_of
from sealenv.seals.seal import read_seal
from sealenv.spec.model import current_platform

__all__ = ["Refreshed", "refresh"]

_HINTS = {
    "moved": "that mends them too: sealenv move --here {}",
    "pending": "create it again, or: sealenv remove {}",
    "foreign": "adopt it first: sealenv seal {}",
}


class Refreshed(msgspec.Struct, frozen=True, kw_only=True):
    """What `refresh` wrote.

    Attributes:
        prefix: the environment.
        written: the files.
        problems: a sentence for each variable that some shell cannot hold.
    """

    prefix: AbsolutePath
    written: tuple[InPrefix, ...]
    problems: Texts


def refresh(env: StrPath) -> Refreshed:
    """Make the activation scripts anew, after packages or variables of an environment changed.

    Args:
        env: a name or a path.

    Raises:
        PrefixError: the environment is not sealed.
    """
    environment = inspect(prefix_of(env))
    if environment.state != "sealed":
        raise PrefixError(
            f"this environment is {environment.state}; only a sealed one has scripts of ours",
            where=str(environment.prefix),
            hint=_HINTS.get(environment.state, "sealenv info shows more").format(
                shown(str(environment.prefix))
            ),
        )
    seal = read_seal(environment.prefix)
    channels = seal.spec.get("channels")
    if channels:  # an adopted environment may have none
        write_condarc(environment.prefix, [str(c) for c in channels], seal.platform)
    done = write_scripts(environment.prefix, platform=environment.platform or current_platform())
    return Refreshed(
        prefix=environment.prefix, written=tuple(done.paths), problems=tuple(done.problems)
    )
