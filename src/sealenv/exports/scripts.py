"""The formats `sh` and `bat`: scripts that create an environment without Python."""

from __future__ import annotations

from collections.abc import Sequence

from sealenv.bootstrap.rebuild import platforms_for, render_rebuild
from sealenv.bootstrap.releases import check_version, parse_digests, pin_release
from sealenv.errors import UsageError
from sealenv.exports.request import Request
from sealenv.install.clobbers import clobbers_in_prefix, clobbers_in_store, order_for_micromamba
from sealenv.locks import Lock

__all__ = ["SCRIPTS", "write_script"]

SCRIPTS = ("sh", "bat")


def write_script(kind: str, request: Request) -> str:
    """Write one script for the requested platform, or for all platforms of this kind of script."""
    found = request.subject.only([request.platform] if request.platform else [])
    usable = platforms_for(kind, found.file.platforms)
    if not usable:
        raise UsageError(
            f"a .{kind} script does not run on {', '.join(found.file.platforms)}",
            hint="choose the other --format, or lock for another platform",
        )
    pinned = pin_release(request.micromamba, parse_digests(request.digests, usable), usable)
    check_version(pinned.version)
    locks = [_linkable(found.file.lock_for(platform), request) for platform in usable]
    called = found.name if request.name is None else request.name
    script = render_rebuild(kind, locks, called, pinned)
    local = [p.fn for lock in locks for p in lock.packages if p.url.startswith("file:")]
    if local:
        request.warn(f"the script needs packages from folders of this machine: {_some(local)}")
    return script.decode()


def _linkable(lock: Lock, request: Request) -> Lock:
    """Order the packages so that, for clobbered paths, micromamba keeps the same files as `create`."""
    if request.subject.prefix is not None:
        return order_for_micromamba(lock, clobbers_in_prefix(request.subject.prefix))
    clobbers, unknown = clobbers_in_store(lock, request.store) if request.store else ({}, [])
    if unknown:
        request.warn(
            f"not in the cache, for {lock.platform}: {_some(unknown)}; if two packages contain the same "
            "path, the script may keep another file than create; a bundle does not have this problem"
        )
    return order_for_micromamba(lock, clobbers)


def _some(names: Sequence[str]) -> str:
    """Return the first name, and the number of the others."""
    more = len(names) - 1
    return f"{names[0]} and {more} more" if more else names[0]
