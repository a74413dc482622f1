"""Index a channel folder, inside the engine.

py-rattler 0.28 takes what repodata.json says already of a file that is there, and reads only archives
that it does not name. It writes beside and renames, so that no reader sees half a file; its folder for
that stays behind empty.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from sealenv.engines.messages import Index
from sealenv.errors import EngineError

__all__ = ["index"]


async def index(request: Index) -> None:
    """Write repodata.json, repodata.json.zst and shards of some subdirs, and of noarch.

    Raises:
        EngineError: py-rattler's reason.
    """
    from rattler import Subdir
    from rattler.index import index_fs

    channel = Path(request.channel)
    try:
        for subdir in request.subdirs:
            await index_fs(channel, target_platform=Subdir(subdir))
    except Exception as error:  # RustPanic for an archive that is none
        raise EngineError(
            f"the channel folder could not be indexed: {error}",
            where=str(channel),
            hint="look for an archive in it that is damaged; what was indexed before is as it was",
        ) from error
    finally:
        with contextlib.suppress(OSError):
            (channel / ".tmp").rmdir()
