"""Create from a bundle: verify every byte of it, then take its archives into the store."""

from __future__ import annotations

from pathlib import Path

from sealenv.engine.client import Engine
from sealenv.errors import LinkError, from_oserror
from sealenv.locks import Lock
from sealenv.progress import Reporter
from sealenv.store.archives import Store
from sealenv.store.bundle import Bundle, open_bundle


def verified(path: Path, reporter: Reporter) -> Bundle:
    """Open a bundle and compare every byte of it. Nothing is written.

    Raises:
        BundleError, DigestError: it does not match its manifest.
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
    """Copy the archives of a lock from a verified bundle into the store; if one is hostile, none.

    Raises:
        BundleError, DigestError: the bundle does not match its manifest; nothing was written.
        LinkError: an archive in it is refused; what was written was removed.
        FilesystemError: the store cannot be written.
    """
    try:
        added = bundle.put_into(store, lock)
    except OSError as error:
        raise from_oserror(error) from error
    try:
        engine.fetch(lock, offline=True)
    except BaseException as error:
        for item in added:
            store.forget(item)
        if isinstance(error, LinkError):
            origin = [f"said to be from {error.where}"] if error.where else []
            raise LinkError(
                f"the bundle is refused: {error.what}",
                where=str(bundle.path),
                details=[*error.details, *origin],
                hint="nothing in it was kept; do not use it, and tell the person who gave it to you",
            ) from error
        raise
