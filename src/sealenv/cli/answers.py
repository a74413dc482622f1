"""What each command answers with `--json`, as types.

docs/reference/json.schema.json is generated from them (docs.tools.json_schema), and the tests validate
every answer that they get with it. Nothing here is imported when a command runs.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypedDict

from msgspec import Meta

from sealenv.portability.finding import KINDS as PATH_KINDS
from sealenv.portability.finding import MENDS, WHOSE
from sealenv.seals.findings import KINDS
from sealenv.seals.seal import EngineNote, Seal

__all__ = ["ANSWERS"]

Bytes = Annotated[int, Meta(ge=0, description="in bytes")]
Count = Annotated[int, Meta(ge=0)]
Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$", description="sha256 in hexadecimal")]
MaybeSha256 = Annotated[
    str, Meta(pattern="^([0-9a-f]{64})?$", description="sha256, or empty: unknown")
]
AbsolutePath = Annotated[str, Meta(min_length=1, description="an absolute path")]
InPrefix = Annotated[str, Meta(description="a path relative to the environment, with `/`")]
Moment = Annotated[str, Meta(description="UTC, ISO 8601")]
Seconds = Annotated[dict[str, float], Meta(description="step -> seconds, in order")]
Texts = Annotated[list[str], Meta(description="sentences for people")]


def _one_of(words: dict[str, str]) -> Any:
    return Annotated[str, Meta(extra_json_schema={"enum": sorted(words)})]


class Warned(TypedDict, total=False):
    """What every answer may have besides."""

    warnings: Annotated[list[str], Meta(description="what of this shell was not passed on")]


class Prints(TypedDict):
    """Both fingerprints."""

    packages: Sha256
    tree: Sha256 | None


class Package(TypedDict):
    """One package of a lock."""

    name: str
    version: str
    build: str
    subdir: str
    url: str
    sha256: MaybeSha256
    size: Bytes | None


class Wheel(TypedDict):
    """One wheel of a lock."""

    name: str
    version: str
    url: str
    sha256: Sha256
    size: Bytes | None


class Created(Warned):
    """`create`: the environment is sealed."""

    prefix: AbsolutePath
    state: Literal["sealed"]
    checked: bool
    python: str | None
    tools: Annotated[dict[str, str], Meta(description="tool -> what it answered")]
    packages: Count
    wheels: Count
    files: Count
    lock_digest: Sha256
    fingerprints: Prints | None
    clobbers: Annotated[
        dict[InPrefix, list[str]], Meta(description="path -> the packages that ship it")
    ]
    link_scripts: list[str]
    skipped_link_scripts: list[str]
    activation: list[InPrefix]
    engine: EngineNote
    post_ran: bool
    seconds: Seconds


class Engine(TypedDict):
    """An engine; its version is empty where it is asked for later."""

    name: str
    version: str


class Places(TypedDict):
    """All that a create writes to."""

    prefix: AbsolutePath
    cache: AbsolutePath
    conda_cache: AbsolutePath


class Planned(Warned):
    """`create --dry-run`: what would be done."""

    prefix: AbsolutePath
    platform: str
    channels: list[str]
    engine: Engine
    lock_digest: Sha256
    packages: list[Package]
    wheels: list[Wheel]
    to_fetch: Count
    fetch_bytes: Bytes
    writes: Places


class LockedPlatform(TypedDict):
    """The lock of one platform."""

    platform: str
    digest: Sha256
    channels: list[str]
    specs: list[str]
    virtual_packages: list[str]
    exclude_newer: Moment | None
    packages: list[Package]
    wheels: list[Wheel]


class Side(TypedDict):
    """What one of two locks has."""

    version: str
    build: str | None
    channel: str | None
    url: str
    sha256: MaybeSha256


class Change(TypedDict):
    """One package that is not the same in both."""

    platform: str
    name: str
    kind: Literal["conda", "pypi"]
    what: Literal["added", "removed", "changed"]
    differs: list[Literal["version", "build", "channel", "sha256"]]
    before: Side | None
    after: Side | None


class Locked(Warned):
    """`lock`."""

    output: AbsolutePath | None
    written: bool
    name: str | None
    locks: list[LockedPlatform]
    changes: list[Change]


class Compared(Warned):
    """`diff`: exit code 1 unless equal."""

    before: str
    after: str
    platforms: list[str]
    equal: bool
    without_digest: list[str]
    changes: list[Change]


class Exported(Warned):
    """`export -o FILE`."""

    output: AbsolutePath
    format: str
    bytes: Bytes
    notes: Texts


class Bundled(Warned):
    """`bundle`."""

    file: AbsolutePath
    sha256: Sha256
    bytes: Bytes
    name: str
    platforms: list[str]
    members: Count
    micromamba: Annotated[dict[str, str], Meta(description="subdir -> version; empty: unknown")]
    notes: Texts


class Mirrored(Warned):
    """`mirror`."""

    folder: AbsolutePath
    packages: Count
    added: Count
    bytes: Bytes
    indexed: list[str]
    notes: Texts


class Environment(TypedDict):
    """One environment."""

    name: str
    prefix: AbsolutePath
    state: Literal["sealed", "pending", "foreign", "moved", "unreadable"]
    python: str | None
    platform: str | None
    created: Moment | None
    checked: bool | None
    busy: bool
    packages: Count
    problem: str | None


class Listed(Environment, total=False):
    """One environment of the list; without its size with `--no-size`."""

    files: Count
    bytes: Bytes


class Listing(Warned):
    """`list`."""

    environments: list[Listed]


class Record(TypedDict):
    """A package in an environment."""

    name: str
    version: str
    build: str
    channel: str
    requested: list[str]


class Info(Environment):
    """`info`."""

    files: Count
    bytes: Bytes
    seal: Seal | None
    package_list: list[Record]


class Finding(TypedDict):
    """One thing that is not as it was made."""

    kind: _one_of(KINDS)  # type: ignore[valid-type]
    path: InPrefix
    package: str | None
    detail: str


class ThenAndNow(TypedDict):
    """Fingerprints, as sealed and as they are."""

    sealed: Prints | None
    now: Prints | None


class Verified(Warned):
    """`verify`: exit code 1 when damaged."""

    prefix: AbsolutePath
    fast: bool
    packages: Count
    files: Count
    hashed: Count
    damaged: bool
    findings: list[Finding]
    fingerprints: ThenAndNow
    notes: Texts


class LeftFinding(Finding):
    """A finding that is left, with what to do about it."""

    hint: str


class Repaired(Warned):
    """`repair`: exit code 1 when something is left."""

    prefix: AbsolutePath
    dry_run: bool
    repaired: list[Finding]
    left: list[LeftFinding]


class BeforeAndNow(TypedDict):
    """Fingerprints, of the seal before and of the new one."""

    before: Prints | None
    now: Prints | None


class Sealed(Warned):
    """`seal`."""

    prefix: AbsolutePath
    dry_run: bool
    adopted: bool
    added: dict[str, str]
    removed: dict[str, str]
    changed: Annotated[dict[str, list[str]], Meta(description="name -> before and after")]
    files: list[Finding]
    lock_digest: Sha256
    fingerprints: BeforeAndNow


class Patched(TypedDict):
    """A file that was made relative."""

    path: InPrefix
    before: Sha256
    after: Sha256
    what: str


class PathFound(TypedDict):
    """One path in one file."""

    path: InPrefix
    owner: str | None
    kind: _one_of(PATH_KINDS)  # type: ignore[valid-type]
    whose: _one_of(WHOSE)  # type: ignore[valid-type]
    found: str
    count: Count
    forms: Annotated[dict[str, int], Meta(description="how it is written -> how often")]
    matters: bool
    why: str
    mend: _one_of(MENDS)  # type: ignore[valid-type]
    room: int | None
    left: bool


class Audited(Warned):
    """`audit`: exit code 1 unless `left` is 0."""

    prefix: AbsolutePath
    platform: str
    former: list[str]
    foreign: bool
    files: Count
    matters: Count
    left: Count
    patched: list[Patched] | None
    registered: list[InPrefix] | None
    findings: list[PathFound]


class Left(TypedDict):
    """A file that keeps the old path."""

    path: InPrefix
    why: str


class Check(TypedDict, total=False):
    """What the environment answered; empty where it was not run."""

    python: str | None
    tools: dict[str, str]


class Moved(Warned):
    """`move`."""

    prefix: AbsolutePath
    was: str
    how: Literal["renamed", "copied", "mended", "unchanged"]
    dry_run: bool
    mended: list[InPrefix]
    left: list[Left]
    unsigned: list[InPrefix]
    checked: bool
    check: Check
    original: bool
    seconds: Seconds


class Cloned(Warned):
    """`clone`."""

    prefix: AbsolutePath
    of: AbsolutePath
    linked: Count
    copied: Count
    mended: list[InPrefix]
    left: list[Left]
    checked: bool
    check: Check
    seconds: Seconds


class Refreshed(Warned):
    """`refresh`."""

    prefix: AbsolutePath
    written: list[InPrefix]
    problems: Texts


class Removed(Warned):
    """`remove`."""

    removed: AbsolutePath
    files: Count
    bytes: Bytes


class CachePart(TypedDict):
    """One part of the cache."""

    part: str
    path: AbsolutePath
    files: Count
    bytes: Bytes


class CacheInfo(Warned):
    """`cache info`."""

    root: AbsolutePath
    conda_cache: AbsolutePath
    parts: list[CachePart]


class CacheCleaned(Warned):
    """`cache clean`."""

    root: AbsolutePath
    parts: list[str]
    bytes: Bytes


class Error(TypedDict):
    """Every command, when it fails: exit code 2 or more."""

    error: str
    what: str
    where: str | None
    hint: str | None
    details: list[str]
    exit_code: Annotated[int, Meta(ge=2)]


class Reported(Warned):
    """`report -o FILE`: what was written, and what verify and audit came to; null: not asked."""

    output: AbsolutePath
    format: Literal["html", "cyclonedx"]
    bytes: Count
    prefix: AbsolutePath
    state: Literal["sealed", "pending", "foreign", "moved", "unreadable"]
    packages: Count
    distributions: Count
    damaged: bool | None
    findings: Count | None
    left: Count | None


Severity = Literal["error", "warning", "note"]


class Seen(TypedDict):
    """One thing that doctor found."""

    id: str
    severity: Severity
    what: str
    where: str
    evidence: list[str]
    why: str
    how: str
    fixable: bool


class Examined(TypedDict):
    """`doctor`: exit code 1 when `errors` is not 0."""

    home: AbsolutePath
    target: AbsolutePath
    checks: Count
    errors: Count
    warnings: Count
    notes: Count
    findings: list[Seen]


class EditedFile(TypedDict):
    """A file that a fix changes; `after` is null where it is taken away."""

    path: AbsolutePath
    real: AbsolutePath
    before: Sha256
    after: MaybeSha256


class EditedValue(TypedDict):
    """A value of the registry that a fix changes; `after` is null where it is deleted."""

    key: str
    name: str
    before: str
    after: str | None


class Cured(Warned):
    """`doctor --fix`."""

    checks: list[str]
    dry_run: bool
    journal: str | None
    files: list[EditedFile]
    values: list[EditedValue]
    left: list[Seen]


class Undone(Warned):
    """`doctor --undo`."""

    journal: str
    checks: list[str]
    dry_run: bool
    files: list[AbsolutePath]
    values: list[str]


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
    "refresh": Refreshed,
    "remove": Removed,
    "cache info": CacheInfo,
    "doctor": Examined,
    "doctor --fix": Cured,
    "doctor --undo": Undone,
    "cache clean": CacheCleaned,
}
"""Command -> its answer, where it does not fail."""
