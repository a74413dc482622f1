"""A bundle that somebody gave: verified, and its archives taken into the store."""

from __future__ import annotations

from pathlib import Path

from sealenv.engine.rattler import Engine
from sealenv.errors import LinkError, from_oserror
from sealenv.locks import Lock
from sealenv.progress import Reporter
from sealenv.store.archives import Store
from sealenv.store.bundle import Bundle, open_bundle

__all__ = ["take_in", "verified"]


def verified(path: Path, reporter: Reporter) -> Bundle:
    """A bundle, opened, of which every byte was compared. Nothing is written.

    Raises:
        BundleError, DigestError: it is not what it says.
        FetchError, FilesystemError: it cannot be read.
    """
    reporter.phase("bundle", f"verifying {path.name}")
    bundle = open_bundle(path)
    try:
        bundle.verify(lambda done: reporter.advance(done, bundle.size, "bytes"))
    except BaseException as error:
        bundle.close()
        if isinstance(error, OSError):
            raise from_oserror(error) from error
        raise
    return bundle


def take_in(bundle: Bundle, lock: Lock, store: Store, engine: Engine) -> None:
    """The archives of a lock from a bundle into the store, when all of the bundle is verified.

    They are read at once: where one is hostile, none of them stays.

    Raises:
        BundleError, DigestError: it is not what it says; nothing was written.
        LinkError: an archive in it may not be linked; what was written is removed.
        FilesystemError: the store cannot be written.
    """
    try:
        put = bundle.put_into(store, lock)
    except OSError as error:
        raise from_oserror(error) from error
    try:
        engine.read_archives(lock)
    except BaseException as error:
        for item in put:
            store.forget(item)
        if isinstance(error, LinkError):
            raise _of_bundle(error, bundle.path) from error
        raise


def _of_bundle(error: LinkError, path: Path) -> LinkError:
    """The same error, for who has a bundle and no channel."""
    origin = [f"said to be from {error.where}"] if error.where else []
    return LinkError(
        f"the bundle is refused: {error.what}",
        where=str(path),
        details=[*error.details, *origin],
        hint="nothing of it was kept; do not use it, and tell whoever gave it to you",
    )
