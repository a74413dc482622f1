"""Resolve requirements to locked wheels for a conda lock, with pip.

Conda's distributions are installed and pinned for pip, so it does not replace them. Only wheels are
used: they have the same bytes on every machine, and nothing is built.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import msgspec
from packaging.utils import canonicalize_name

from sealenv.errors import OfflineError, SolveError
from sealenv.locks import Lock, LockedWheel
from sealenv.pypi.answer import needed, read_report, split_kept, topological
from sealenv.pypi.machine import Distribution, machine_of
from sealenv.pypi.pip import Question, ask
from sealenv.spec.model import EnvironmentSpec
from sealenv.store.archives import Store
from sealenv.system.files import write_atomic

_FOLDER = "pypi"


def resolve_wheels(
    spec: EnvironmentSpec,
    lock: Lock,
    installed: Sequence[Distribution],
    store: Store,
    *,
    offline: bool,
    timeout: float,
    environ: Mapping[str, str],
    keep: Sequence[LockedWheel] = (),
    warn: Callable[[str], None] = lambda note: None,
) -> Lock:
    """Return the lock with the wheels for `spec.requirements`.

    Offline, the answer is the cached one for the same request, or from an index in a folder. The files
    of the wheels to `keep` stay unless the request requires others. `warn` gets unknown extras.

    Raises:
        SolveError: no set of wheels satisfies the requirements, or a URL cannot be locked.
        FetchError: an index cannot be read.
        OfflineError: the answer is not in the cache.
        DigestError: an index gives no sha256.
        SpecError: the environment has no CPython.
        EngineError: the pip installed with sealenv cannot be used.
    """
    question = Question(spec, machine_of(lock), tuple(installed), timeout)
    owned = {canonicalize_name(d.name) for d in installed}
    free = [wheel for wheel in keep if wheel.name not in owned]
    stay, other = split_kept(free, question.machine, spec.requirements)
    pins = {wheel.name: f"{wheel.name}==={wheel.version}" for wheel in other}
    while True:
        try:
            question = replace(question, kept=tuple(stay), kept_pins=tuple(pins.values()))
            wheels = _answer(question, store, environ, warn, offline=offline)
            break
        except SolveError as error:
            if not pins:
                raise
            pins = _without_failed(pins, error)
    return msgspec.structs.replace(
        lock,
        wheels=wheels,
        requirements=spec.requirements,
        indexes=spec.indexes,
        find_links=spec.find_links,
    )


def _without_failed(pins: Mapping[str, str], error: SolveError) -> dict[str, str]:
    """Return the pins that pip's error does not contain; none if it contains no pin."""
    text = str(error).replace(" ", "")
    rest = {name: pin for name, pin in pins.items() if pin not in text}
    return rest if len(rest) < len(pins) else {}


def _answer(
    question: Question,
    store: Store,
    environ: Mapping[str, str],
    warn: Callable[[str], None],
    *,
    offline: bool,
) -> tuple[LockedWheel, ...]:
    cached = store.repodata / _FOLDER / f"{question.key()}.json"
    if offline and not question.is_local:
        try:
            return msgspec.json.decode(cached.read_bytes(), type=tuple[LockedWheel, ...])
        except (OSError, msgspec.DecodeError):
            raise OfflineError(
                "the resolved 'pip:' section is not in the cache",
                hint="run the same command once without --offline, or create from a lock",
            ) from None
    wheels = _ask(question, environ, warn)
    cached.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(cached, msgspec.json.encode(wheels))
    return wheels


def _ask(
    question: Question, environ: Mapping[str, str], warn: Callable[[str], None]
) -> tuple[LockedWheel, ...]:
    """Return the wheels of pip's answer and the kept ones; refuse to replace a conda package."""
    requirements = question.spec.requirements
    report = ask(question, environ)
    found = read_report(report)
    for note in report["notes"]:
        warn(note)
    owners: dict[str, Distribution] = {canonicalize_name(d.name): d for d in question.installed}
    for wheel in found:
        owner = owners.get(wheel.name)
        if owner is not None:
            raise SolveError(
                f"pip would replace conda's {owner.package} by {wheel.name} {wheel.version}",
                hint=f"leave one of the two out, or ask conda for the right {wheel.name}",
            )
    wheels = {wheel.name: wheel for wheel in (*question.kept, *found)}
    markers = question.machine.markers
    left = needed([*wheels.values()], question.installed, requirements, markers)
    return topological(left, markers)
