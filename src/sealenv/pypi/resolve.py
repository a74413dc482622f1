"""From requirements to locked wheels, on top of a conda lock: pip resolves, as an installer would.

What conda packages bring is installed for pip, and pinned: it is neither replaced nor shadowed. Only
wheels are taken: the same bytes on every machine, and nothing of a stranger runs while they are made.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from sealenv.activation.environ import clean_environ, private_folders
from sealenv.errors import EngineError, OfflineError, SolveError
from sealenv.host.files import write_atomic
from sealenv.lock import Lock, LockedWheel
from sealenv.pypi.complaints import explain
from sealenv.pypi.driver import run_pip
from sealenv.pypi.machine import Machine, machine_of
from sealenv.pypi.report import locked_wheels
from sealenv.spec import EnvironmentSpec
from sealenv.store.archives import Store
from sealenv.store.distributions import Distribution

__all__ = ["resolve_wheels"]

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
) -> Lock:
    """The lock with the wheels for `spec.requirements`.

    Offline an earlier answer to the very same question is taken, or an index that lies in a folder
    is asked.

    Args:
        spec: requirements, indexes, cut-off time.
        lock: the conda packages.
        installed: the Python distributions that they bring.
        store: where earlier answers lie.
        offline: use the network for nothing.
        timeout: seconds of silence after which an index is given up.
        environ: the environment of the user: proxies and certificates are taken from it.
        keep: wheels whose versions stay, unless what is asked for cannot be had with them.

    Raises:
        SolveError: no set of wheels fits; FetchError: an index does not answer.
        OfflineError: this was not asked before.
        DigestError: an index gives no sha256.
        SpecError: the environment has no CPython.
        EngineError: our pip cannot do it.
    """
    question = _Question(spec, machine_of(lock), tuple(installed), timeout)
    kept = tuple(f"{wheel.name}=={wheel.version}" for wheel in keep)
    try:
        wheels = _answer(replace(question, kept=kept), store, environ, offline=offline)
    except (SolveError, OfflineError):
        if not kept:
            raise
        wheels = _answer(question, store, environ, offline=offline)
    return msgspec.structs.replace(
        lock,
        wheels=wheels,
        requirements=spec.requirements,
        indexes=spec.indexes,
        find_links=spec.find_links,
    )


@dataclass(frozen=True)
class _Question:
    """All that an answer depends on, but for what the indexes hold; and how long to wait."""

    spec: EnvironmentSpec
    machine: Machine
    installed: tuple[Distribution, ...]
    timeout: float
    kept: tuple[str, ...] = ()
    """Constraints besides those of conda."""

    @property
    def is_local(self) -> bool:
        """Whether no network is needed."""
        places = (*self.spec.indexes, *self.spec.find_links)
        direct = any(" @ " in r for r in self.spec.requirements)
        return not direct and all(place.startswith("file:") for place in places)

    def key(self) -> str:
        """A name for it."""
        words = [
            self.spec.requirements, self.spec.indexes, self.spec.find_links, self.spec.exclude_newer,
            self.kept, self.machine.abi, self.machine.platforms, sorted(self.machine.markers.items()),
            sorted((d.name, d.version, d.metadata) for d in self.installed),
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(words).encode()).hexdigest()

    @property
    def pins(self) -> list[str]:
        """What conda has decided, as constraints."""
        return sorted(
            {f"{canonicalize_name(d.name)}=={d.version}" for d in self.installed if _is_version(d)}
        )


def _answer(
    question: _Question, store: Store, environ: Mapping[str, str], *, offline: bool
) -> tuple[LockedWheel, ...]:
    answer = store.repodata / _FOLDER / f"{question.key()}.json"
    if offline and not question.is_local:
        return _earlier(answer)
    wheels = _ask(question, environ)
    answer.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(answer, msgspec.json.encode(wheels))
    return wheels


def _is_version(distribution: Distribution) -> bool:
    try:
        Version(distribution.version)
    except InvalidVersion:
        return False
    return True


def _earlier(answer: Path) -> tuple[LockedWheel, ...]:
    try:
        return msgspec.json.decode(answer.read_bytes(), type=tuple[LockedWheel, ...])
    except (OSError, msgspec.DecodeError):
        raise OfflineError(
            "the 'pip:' section was not resolved before for these very packages",
            hint="run the same command once without --offline, or create from a lock",
        ) from None


def _ask(question: _Question, environ: Mapping[str, str]) -> tuple[LockedWheel, ...]:
    with tempfile.TemporaryDirectory(prefix="sealenv-", ignore_cleanup_errors=True) as name:
        scratch = Path(name)
        installed = scratch / "installed"
        _write_installed(installed, question.installed)
        (scratch / "requirements").write_text(_requirements(question), encoding="utf-8")
        (scratch / "constraints").write_text(
            "\n".join([*question.pins, *question.kept, ""]), encoding="utf-8"
        )
        done = run_pip(
            _arguments(question, scratch),
            markers=question.machine.markers,
            installed=installed,
            environ=_environ(environ, scratch),
            cwd=scratch,
        )
        if done.returncode != 0:
            raise explain(_read(scratch / "log"), done.stderr, question.spec, question.pins)
        report = json.loads(_read(scratch / "report"))
    return _checked(report, question)


def _arguments(question: _Question, scratch: Path) -> list[str]:
    """pip's arguments; what may hold a secret stands in a file of our own folder."""
    machine = question.machine
    args = [
        "install", "--dry-run", "--quiet", "--report", str(scratch / "report"),
        "--log", str(scratch / "log"), "--only-binary=:all:", "--no-cache-dir", "--no-input",
        "--disable-pip-version-check", "--no-python-version-warning", "--keyring-provider", "disabled",
        "--retries", "2", "--timeout", f"{max(1, round(question.timeout))}",
        "--python-version", _release(machine.python), "--implementation", "cp", "--abi", machine.abi,
        *(word for tag in machine.platforms for word in ("--platform", tag)),
        "--constraint", str(scratch / "constraints"), "--requirement", str(scratch / "requirements"),
    ]  # fmt: skip
    if question.spec.exclude_newer:
        args += ["--uploaded-prior-to", question.spec.exclude_newer]
    return args


def _release(python: str) -> str:
    """pip wants three numbers."""
    return ".".join(map(str, [*Version(python).release, 0, 0][:3]))


def _requirements(question: _Question) -> str:
    spec = question.spec
    places = [spec.index_secrets.get(url, url) for url in (*spec.indexes, *spec.find_links)]
    count = len(spec.indexes)
    lines = [f"--index-url {places[0]}"]
    lines += [f"--extra-index-url {url}" for url in places[1:count]]
    lines += [f"--find-links {url}" for url in places[count:]]
    return "\n".join([*lines, *spec.requirements, ""])


def _environ(environ: Mapping[str, str], scratch: Path) -> dict[str, str]:
    """Proxies and certificates of the user, and the netrc that the engine reads too; no PIP_*."""
    home = scratch / "home"
    home.mkdir()
    netrc = environ.get("NETRC") or os.path.join(os.path.expanduser("~"), ".netrc")
    return {
        **clean_environ(environ),
        **private_folders(home),
        **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(scratch)),
        "PIP_CONFIG_FILE": os.devnull,  # pip reads no configuration file at all then
        **({"NETRC": netrc} if os.path.isfile(netrc) else {}),
    }


def _write_installed(folder: Path, distributions: Sequence[Distribution]) -> None:
    folder.mkdir()
    for distribution in distributions:
        if not _is_version(distribution):
            continue
        name = canonicalize_name(distribution.name).replace("-", "_")
        place = folder / f"{name}-{Version(distribution.version)}.dist-info"
        place.mkdir(exist_ok=True)
        (place / "METADATA").write_text(distribution.metadata, encoding="utf-8")
        (place / "INSTALLER").write_text("conda\n", encoding="utf-8")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""


def _checked(report: dict[str, Any], question: _Question) -> tuple[LockedWheel, ...]:
    """No wheel in place of what conda has, and every answer given for the right machine."""
    if report.get("environment") != question.machine.markers:
        raise EngineError(
            "pip resolved for another machine than it was told",
            hint="install another version of pip beside sealenv",
        )
    wheels = locked_wheels(report, question.machine.markers)
    owners: dict[str, Distribution] = {canonicalize_name(d.name): d for d in question.installed}
    for wheel in wheels:
        owner = owners.get(wheel.name)
        if owner is not None:
            raise SolveError(
                f"pip would put {wheel.name} {wheel.version} in the place of {owner.package}, which "
                "conda has chosen",
                hint=f"leave one of the two out, or ask conda for the right {wheel.name}",
            )
        if not wheel.fn.endswith(".whl"):
            raise SolveError(f"{wheel.fn} is no wheel", where=wheel.url)
    return wheels
