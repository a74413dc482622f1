"""`create --replace`: make a sealed environment pending, so that create empties and fills it."""

from __future__ import annotations

import os
from pathlib import Path

from sealenv.commands.verify import examine
from sealenv.errors import PrefixError
from sealenv.layout import MARKER, State, is_link, state_of
from sealenv.naming import shown
from sealenv.prefix.exclusive import exclusive
from sealenv.prefix.pending import write_plan
from sealenv.prefix.removal import refuse_frozen, refuse_in_use, refuse_inner
from sealenv.progress import Reporter
from sealenv.system.files import write_atomic

_EDITED = frozenset({"altered", "wrong-type", "wrong-link", "unpatched", "unreadable"})
"""The findings of `verify` in files that `--replace` keeps: they are not those of packages."""


def may_replace(prefix: Path) -> bool:
    """Return whether the prefix is a sealed environment that `create --replace` can replace.

    Raises:
        PrefixError: it is active, in use, frozen, or holds other environments.
    """
    if is_link(prefix) or state_of(prefix) is not State.SEALED:
        return False
    refuse_inner(prefix)
    refuse_in_use(prefix, os.environ, do="replace", forceable=False)
    try:
        refuse_frozen(prefix)
    except PrefixError as error:
        error.hint = f"remove it first: sealenv remove --override-frozen {shown(str(prefix))}"
        raise
    return True


def give_up(prefix: Path, reporter: Reporter) -> None:
    """Make the old environment pending, so that `mark` empties it.

    The plan lists the unedited files of packages. `mark` deletes these, and keeps everything else in
    the user folder.

    Raises:
        PrefixError, PrefixLockedError: it is in use since, or another process works on it.
        FilesystemError: it cannot be read or written.
    """
    if not may_replace(prefix):
        return
    with exclusive(prefix):
        comparison, report = examine(prefix, reporter=reporter)
        edited = {finding.path for finding in report.findings if finding.kind in _EDITED}
        owned = comparison.claims.keys() | comparison.of_distributions.keys()
        write_plan(prefix, sorted(owned - edited))
        write_atomic(prefix / MARKER, b"replacing\n")
