"""From requirements to locked wheels, on top of a conda lock: pip resolves, as an installer would.

What conda packages bring is installed for pip, and pinned: it is neither replaced nor shadowed. Only
wheels are taken: the same bytes on every machine, and nothing of a stranger runs while they are made.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import msgspec
from packaging.utils import canonicalize_name

from sealenv.errors import OfflineError, SolveError
from sealenv.locks import Lock, LockedWheel
from sealenv.pypi.answer import fitting, lacking_extras, needed, read_report, topological
from sealenv.pypi.machine import machine_of
from sealenv.pypi.pip import Question, ask
from sealenv.spec.model import EnvironmentSpec
from sealenv.store.archives import Store
from sealenv.store.distributions import Distribution
from sealenv.system.files import write_atomic

__all__ = ["resolve_wheels"]

_FOLDER = "pypi"
_OF_ANOTHER_PYTHON = re.compile(r"Package '([^']+)' requires a different Python")


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
    """The lock with the wheels for `spec.requirements`.

    Offline an earlier answer to the very same question is taken, or what is kept, or an index that lies
    in a folder is asked.

    Args:
        spec: requirements, indexes, cut-off time.
        lock: the conda packages.
        installed: the Python distributions that they bring.
        store: where earlier answers lie.
        offline: use the network for nothing.
        timeout: seconds of silence after which an index is given up.
        environ: the environment of the user: proxies and certificates are taken from it.
        keep: wheels that stay, the very files, unless what is asked for cannot be had with them.
        warn: is told what pip goes on without.

    Raises:
        SolveError: no set of wheels fits, or one that no lock may hold; FetchError: an index does not
            answer.
        OfflineError: this was not asked before.
        DigestError: an index gives no sha256.
        SpecError: the environment has no CPython.
        EngineError: our pip cannot do it.
    """
    question = Question(spec, machine_of(lock), tuple(installed), timeout)
    owned = {canonicalize_name(d.name) for d in installed}
    stay, other = fitting(
        (w for w in keep if w.name not in owned), question.machine, spec.requirements
    )
    question = replace(question, kept=tuple(stay))
    held = {wheel.name: f"{wheel.name}==={wheel.version}" for wheel in other}
    while True:
        try:
            question = replace(question, held=tuple(held.values()))
            wheels = _answer(question, store, environ, warn, offline=offline)
            break
        except SolveError as error:
            if not held:
                raise
            held = _without_blamed(held, error)
    return msgspec.structs.replace(
        lock,
        wheels=wheels,
        requirements=spec.requirements,
        indexes=spec.indexes,
        find_links=spec.find_links,
    )


def _without_blamed(held: Mapping[str, str], error: SolveError) -> dict[str, str]:
    """The versions that are not to be had no more are given up; all, where pip names none.

    Args:
        held: name -> pin.
        error: what pip says: with the pin, or "Package 'NAME' requires a different Python".
    """
    words = str(error)
    unfit = {canonicalize_name(name) for name in _OF_ANOTHER_PYTHON.findall(words)}
    words = words.replace(" ", "")
    free = {name: pin for name, pin in held.items() if pin not in words and name not in unfit}
    return free if len(free) < len(held) else {}


def _answer(
    question: Question,
    store: Store,
    environ: Mapping[str, str],
    warn: Callable[[str], None],
    *,
    offline: bool,
) -> tuple[LockedWheel, ...]:
    answer = store.repodata / _FOLDER / f"{question.key()}.json"
    if offline and not question.is_local:
        try:
            return msgspec.json.decode(answer.read_bytes(), type=tuple[LockedWheel, ...])
        except (OSError, msgspec.DecodeError):
            return _from_kept(question, environ, warn)
    wheels = _ask(question, environ, warn)
    answer.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(answer, msgspec.json.encode(wheels))
    return wheels


def _from_kept(
    question: Question, environ: Mapping[str, str], warn: Callable[[str], None]
) -> tuple[LockedWheel, ...]:
    """What is kept may do."""
    try:
        if question.kept and not any(" @ " in line for line in question.spec.requirements):
            return _ask(replace(question, no_index=True), environ, warn)
    except SolveError:
        pass
    raise OfflineError(
        "the 'pip:' section was not resolved before for these very packages",
        hint="run the same command once without --offline, or create from a lock",
    )


def _ask(
    question: Question, environ: Mapping[str, str], warn: Callable[[str], None]
) -> tuple[LockedWheel, ...]:
    """pip's answer and what it left as it is; no wheel in place of what conda has."""
    markers = question.machine.markers
    report = ask(question, environ)
    found = read_report(report)
    for note in lacking_extras(report, question.spec.requirements):
        warn(note)
    owners: dict[str, Distribution] = {canonicalize_name(d.name): d for d in question.installed}
    for wheel in found:
        owner = owners.get(wheel.name)
        if owner is not None:
            raise SolveError(
                f"pip would put {wheel.name} {wheel.version} in the place of {owner.package}, which "
                "conda has chosen",
                hint=f"leave one of the two out, or ask conda for the right {wheel.name}",
            )
    wheels = {wheel.name: wheel for wheel in (*question.kept, *found)}
    left = needed([*wheels.values()], question.installed, question.spec.requirements, markers)
    return topological(left, markers)
