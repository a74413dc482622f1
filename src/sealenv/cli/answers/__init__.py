"""What each command answers with `--json`, as types.

docs/reference/json.schema.json is generated from them (docs.tools.json_schema), and the tests validate
every answer that they get with it. Nothing here is imported when a command runs.
"""

from __future__ import annotations

from typing import Any

from sealenv.cli.answers.checking import Repaired, Reported, Sealed, Verified
from sealenv.cli.answers.creating import Created, Planned
from sealenv.cli.answers.environments import (
    CacheCleaned,
    CacheInfo,
    Info,
    Listing,
    Removed,
)
from sealenv.cli.answers.host import Cured, Examined, Resolved, Undone
from sealenv.cli.answers.locks import Bundled, Compared, Exported, Locked, Mirrored
from sealenv.cli.answers.moving import Audited, Cloned, Moved
from sealenv.cli.answers.words import Error

__all__ = ["ANSWERS", "Error"]

ANSWERS: dict[str, Any] = {
    "create": Created,
    "create --dry-run": Planned,
    "lock": Locked,
    "diff": Compared,
    "export": Exported,
    "bundle": Bundled,
    "mirror": Mirrored,
    "list": Listing,
    "info": Info,
    "verify": Verified,
    "repair": Repaired,
    "seal": Sealed,
    "audit": Audited,
    "report": Reported,
    "move": Moved,
    "clone": Cloned,
    "remove": Removed,
    "cache info": CacheInfo,
    "which": Resolved,
    "doctor": Examined,
    "doctor --fix": Cured,
    "doctor --undo": Undone,
    "cache clean": CacheCleaned,
}
"""Command -> its answer, where it does not fail."""
