"""What py-rattler says in a string, as errors of ours: its solver, its gateway, the operating system."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from sealenv.engine.messages import Solve
from sealenv.errors import ChannelError, OfflineError, SolveError
from sealenv.urls import redact

if TYPE_CHECKING:
    from rattler import Channel, Gateway
from collections.abc import Sequence

from sealenv.errors import FilesystemError

__all__ = ["disk_problem", "explain"]


_SHOWN_VERSIONS = 8


async def explain(
    error: Exception,
    gateway: Gateway,
    channels: list[Channel],
    platforms: list[str],
    request: Solve,
) -> Exception:
    """An error of ours for what py-rattler says in a string."""
    text = redact(str(error)).strip()
    kind = type(error).__name__
    where = ", ".join(request.channels)
    if kind == "SolverError":
        lines = text.split("Cannot solve the request because of: ", 1)[-1].splitlines()
        near = await _near_names(lines, gateway, channels, platforms)
        hint = "relax a version, or add a channel with -c"
        if any(" is in no channel" in line for line in near):
            hint = "check the spelling, or add a channel with -c"
        if near:
            lines = [n for n in lines if not n.startswith("No candidates were found for ")]
        if request.exclude_newer:
            hint += f"; packages newer than {request.exclude_newer} or without a time were left out"
        return SolveError(
            "no set of packages satisfies what was asked for",
            where=where,
            details=[*(line for line in lines if line.strip()), *near],
            hint=hint,
        )
    if kind in {"GatewayError", "FetchRepoDataError", "OSError"}:
        if request.offline:
            return OfflineError(
                "the channel's index is not in the cache",
                where=where,
                details=[text.splitlines()[0]],
                hint="run the same command once without --offline",
            )
        missing = "could not find subdir" in text
        return ChannelError(
            "there is no such channel" if missing else "a channel could not be read",
            where=where,
            details=text.splitlines(),
            hint="check the channel's name or URL"
            if missing
            else "check the network, proxy and credentials, then run the same command again; "
            "`sealenv demo` shows the tour without a network",
        )
    return SolveError(f"the solver failed: {text or kind}", where=where, hint="please report this")


async def _near_names(
    lines: list[str], gateway: Gateway, channels: list[Channel], platforms: list[str]
) -> list[str]:
    missing = re.findall(r"No candidates were found for ([A-Za-z0-9_.-]+)", " ".join(lines))
    if not missing:
        return []
    try:
        names = [n.normalized for n in await gateway.names(channels, platforms)]  # type: ignore[arg-type]
    except Exception:
        return []
    result = []
    for name in dict.fromkeys(missing):
        if name in names:
            there = await _versions(name, gateway, channels, platforms)
            result.append(
                f"{name} is there, but not in that version: {', '.join(there)}"
                if there
                else f"{name} is there, but no package of it can be had: a channel that writes the name "
                "in upper case is not understood (CEP 26)"
            )
        elif near := difflib.get_close_matches(name, names, n=4, cutoff=0.6):
            result.append(
                f"{name} is in no channel for {platforms[0]}; near names: {', '.join(near)}"
            )
        else:
            result.append(f"{name} is in no channel for {platforms[0]}")
    return result


async def _versions(
    name: str, gateway: Gateway, channels: list[Channel], platforms: list[str]
) -> list[str]:
    """The newest versions that there are, newest first."""
    found = await gateway.query(channels, platforms, [name], recursive=False)  # type: ignore[arg-type]
    versions = {record.version for records in found for record in records}
    return [str(v) for v in sorted(versions, reverse=True)[:_SHOWN_VERSIONS]]


def disk_problem(text: str, where: str, details: Sequence[str] = ()) -> FilesystemError | None:
    """A full disk, or one that may not be written; None for anything else.

    Args:
        text: what py-rattler says.
        where: the folder that it was to write.
        details: the same, in lines.
    """
    if "os error 28" in text or "os error 122" in text or "No space left" in text:
        return FilesystemError(
            "the disk is full",
            where=where,
            details=details,
            hint="make room, then run the same command again",
        )
    if "os error 30" in text or "os error 13" in text:
        return FilesystemError(
            "the file system refuses to be written",
            where=where,
            details=details,
            hint="choose a folder that you may write",
        )
    return None
