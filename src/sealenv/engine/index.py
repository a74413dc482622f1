"""Index a channel folder, inside the engine.

py-rattler 0.28 takes what repodata.json says already of a file that is there, and reads only archives
that it does not name. It writes into a folder beside and renames, so that no reader sees half a file;
that folder stays behind, with what was half written when it failed.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from sealenv.engine.errors import disk_problem
from sealenv.engine.messages import Index
from sealenv.errors import EngineError
from sealenv.store.channel import SCRATCH

__all__ = ["index"]


async def index(request: Index) -> None:
    """Write repodata.json, repodata.json.zst and shards of some subdirs, and of noarch.

    Raises:
        EngineError: py-rattler's reason.
        FilesystemError: the disk is full, or refuses.
    """
    from rattler import Subdir
    from rattler.index import index_fs

    channel = Path(request.channel)
    scratch = channel / SCRATCH
    before = scratch.exists()
    try:
        for subdir in request.subdirs:
            await index_fs(channel, target_platform=Subdir(subdir))
    except Exception as error:  # RustPanic for an archive that is none
        if problem := disk_problem(str(error), str(channel)):
            raise problem from error
        raise EngineError(
            f"the channel folder could not be indexed: {error}",
            where=str(channel),
            hint="look for an archive in it that is damaged; what was indexed before is as it was",
        ) from error
    finally:
        if not before:
            shutil.rmtree(scratch, ignore_errors=True)
