"""sealenv: standalone conda environments as sealed units.

The commands as functions, with the same names: `sealenv.create("my_env", "3.12")`. Each returns what was
done, and raises a `SealenvError`. docs/reference/api.md lists them.
"""

from sealenv._version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable as _Iterable

    from sealenv.commands.audit import audit as audit
    from sealenv.commands.bundle import Bundled as Bundled
    from sealenv.commands.bundle import bundle as bundle
    from sealenv.commands.cache import CacheCleaned as CacheCleaned
    from sealenv.commands.cache import CacheInfo as CacheInfo
    from sealenv.commands.cache import cache_clean as cache_clean
    from sealenv.commands.cache import cache_info as cache_info
    from sealenv.commands.clone import Cloned as Cloned
    from sealenv.commands.clone import clone as clone
    from sealenv.commands.create import Created as Created
    from sealenv.commands.create import Plan as Plan
    from sealenv.commands.create import create as create
    from sealenv.commands.create import plan as plan
    from sealenv.commands.diff import Comparison as Comparison
    from sealenv.commands.diff import diff as diff
    from sealenv.commands.doctor import Examined as Examined
    from sealenv.commands.doctor import doctor as doctor
    from sealenv.commands.environments import Environment as Environment
    from sealenv.commands.environments import Info as Info
    from sealenv.commands.environments import info as info
    from sealenv.commands.environments import list as list
    from sealenv.commands.export import Exported as Exported
    from sealenv.commands.export import export as export
    from sealenv.commands.lock import Locked as Locked
    from sealenv.commands.lock import lock as lock
    from sealenv.commands.mirror import Mirrored as Mirrored
    from sealenv.commands.mirror import mirror as mirror
    from sealenv.commands.move import Moved as Moved
    from sealenv.commands.move import move as move
    from sealenv.commands.remove import Removed as Removed
    from sealenv.commands.remove import remove as remove
    from sealenv.commands.repair import Repaired as Repaired
    from sealenv.commands.repair import repair as repair
    from sealenv.commands.report import Reported as Reported
    from sealenv.commands.report import report as report
    from sealenv.commands.run import run as run
    from sealenv.commands.seal import Sealed as Sealed
    from sealenv.commands.seal import seal as seal
    from sealenv.commands.verify import Verified as Verified
    from sealenv.commands.verify import verify as verify
    from sealenv.commands.which import Resolution as Resolution
    from sealenv.commands.which import which as which
    from sealenv.errors import *  # noqa: F403
    from sealenv.progress import Reporter as Reporter
    from sealenv.relocation.audit import Audited as Audited
    from sealenv.seals.findings import Finding as Finding
    from sealenv.seals.seal import Seal as Seal

_MODULES = {
    "commands.create": "create plan Created Plan",
    "commands.lock": "lock Locked",
    "commands.clone": "clone Cloned",
    "commands.remove": "remove Removed",
    "commands.run": "run",
    "commands.environments": "list info Environment Info",
    "commands.which": "which Resolution",
    "commands.verify": "verify Verified",
    "commands.repair": "repair Repaired",
    "commands.seal": "seal Sealed",
    "commands.diff": "diff Comparison",
    "commands.report": "report Reported",
    "commands.move": "move Moved",
    "commands.audit": "audit",
    "commands.export": "export Exported",
    "commands.bundle": "bundle Bundled",
    "commands.mirror": "mirror Mirrored",
    "commands.doctor": "doctor Examined",
    "commands.cache": "cache_info cache_clean CacheCleaned CacheInfo",
    "progress": "Reporter",
    "relocation.audit": "Audited",
    "errors": "BundleError CacheBusyError CacheDamagedError ChangedSinceError ChannelError "
    "CheckFailedError DigestError DirtyShellError EngineError FetchError FilesystemError "
    "InterruptedCommandError InterruptedCreateError InterruptedMoveError LinkError LinkScriptError "
    "NotFoundError OfflineError OutputExistsError PostScriptError PrefixChangedError PrefixError "
    "PrefixExistsError PrefixLockedError PrefixPendingError RecordError SealenvError SolveError "
    "SpecError UsageError",
    "seals.findings": "Finding",
    "seals.seal": "Seal",
}
"""Module -> its names in the API, as type checkers see them above; the commands as in `--help`."""

_HOMES = {name: f"sealenv.{module}" for module, names in _MODULES.items() for name in names.split()}

# Not the names above: `from sealenv import *` would hide the builtin `list`.
__all__ = ["__version__"]


def __getattr__(name: str) -> object:
    """Import a function, a result or an error when it is used: the command line has to start fast."""
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module 'sealenv' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return value


def __dir__() -> "_Iterable[str]":
    return sorted({*globals(), *_HOMES})
