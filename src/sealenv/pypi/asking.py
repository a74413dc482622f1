"""One question to pip: what an answer depends on, and its report."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from sealenv.errors import EngineError
from sealenv.gates.whitelist import clean_environ, private_folders
from sealenv.locks import LockedWheel
from sealenv.pypi.complaints import explain
from sealenv.pypi.driver import run_pip
from sealenv.pypi.keeping import as_installed
from sealenv.pypi.machine import Machine
from sealenv.spec.model import EnvironmentSpec
from sealenv.spec.requirements import requirement_name
from sealenv.store.distributions import Distribution

__all__ = ["Question", "ask"]


@dataclass(frozen=True)
class Question:
    """All that an answer depends on, but for what the indexes hold; and how long to wait."""

    spec: EnvironmentSpec
    machine: Machine
    installed: tuple[Distribution, ...]
    """What conda brings."""
    timeout: float
    kept: tuple[LockedWheel, ...] = ()
    """Installed too, as far as pip is told: it replaces them where it must."""
    held: tuple[str, ...] = ()
    """Constraints besides those of conda."""
    no_index: bool = False
    """Answer from what is kept alone."""

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
            sorted((w.url, w.sha256, w.requires_dist) for w in self.kept), self.held,
            self.machine.abi, self.machine.platforms, sorted(self.machine.markers.items()),
            sorted((d.name, d.version, d.metadata) for d in self.installed),
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(words).encode()).hexdigest()

    @property
    def pins(self) -> list[str]:
        """What conda has decided, as constraints."""
        return sorted(
            {f"{canonicalize_name(d.name)}=={d.version}" for d in self.installed if _is_version(d)}
        )

    @property
    def requirements(self) -> list[str]:
        """What does not stay comes first: pip decides in that order where it may choose."""
        kept = {wheel.name for wheel in self.kept}
        return sorted(self.spec.requirements, key=lambda line: requirement_name(line) in kept)


def ask(question: Question, environ: Mapping[str, str]) -> dict[str, Any]:
    """pip's installation report for a question.

    Raises:
        SolveError: no set of wheels fits; FetchError: an index does not answer.
        DigestError: a wheel is not what its index says.
        EngineError: our pip cannot do it.
    """
    with tempfile.TemporaryDirectory(prefix="sealenv-", ignore_cleanup_errors=True) as name:
        scratch = Path(name)
        installed = scratch / "installed"
        installed.mkdir()
        kept = [as_installed(wheel) for wheel in question.kept]
        _write_installed(installed, [*kept, *question.installed])
        (scratch / "requirements").write_text("\n".join([*question.requirements, ""]), "utf-8")
        (scratch / "constraints").write_text(
            "\n".join([*question.pins, *question.held, ""]), "utf-8"
        )
        done = run_pip(
            _arguments(question, scratch),
            markers=question.machine.markers,
            installed=installed,
            environ=_environ(environ, scratch),
            cwd=scratch,
        )
        if done.returncode != 0:
            raise explain(
                _read(scratch / "log"),
                done.stderr,
                question.spec,
                question.pins,
                question.requirements,
            )
        report: dict[str, Any] = json.loads(_read(scratch / "report"))
    if report.get("environment") != question.machine.markers:
        raise EngineError(
            "pip resolved for another machine than it was told",
            hint="install another version of pip beside sealenv",
        )
    return report


def _arguments(question: Question, scratch: Path) -> list[str]:
    """pip's arguments. What may hold a secret is in no file: a kill would leave it there."""
    machine, spec = question.machine, question.spec
    args = [
        "install", "--dry-run", "--quiet", "--report", str(scratch / "report"),
        "--log", str(scratch / "log"), "--only-binary=:all:", "--no-cache-dir", "--no-input",
        "--disable-pip-version-check", "--no-python-version-warning", "--keyring-provider", "disabled",
        "--retries", "2", "--timeout", f"{max(1, round(question.timeout))}",
        "--python-version", _release(machine.python), "--implementation", "cp", "--abi", machine.abi,
        *(word for tag in machine.platforms for word in ("--platform", tag)),
        "--constraint", str(scratch / "constraints"), "--requirement", str(scratch / "requirements"),
    ]  # fmt: skip
    if spec.exclude_newer:
        args += ["--uploaded-prior-to", spec.exclude_newer]
    if question.no_index:
        return [*args, "--no-index"]
    first, *more = (spec.index_secrets.get(url, url) for url in spec.indexes)
    args += ["--index-url", first]
    args += [word for url in more for word in ("--extra-index-url", url)]
    links = (spec.index_secrets.get(url, url) for url in spec.find_links)
    return [*args, *(word for url in links for word in ("--find-links", url))]


def _release(python: str) -> str:
    """pip wants three numbers."""
    return ".".join(map(str, [*Version(python).release, 0, 0][:3]))


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
    for distribution in distributions:
        if not _is_version(distribution):
            continue
        name = canonicalize_name(distribution.name).replace("-", "_")
        place = folder / f"{name}-{Version(distribution.version)}.dist-info"
        place.mkdir(exist_ok=True)
        (place / "METADATA").write_text(distribution.metadata, encoding="utf-8")
        (place / "INSTALLER").write_text("conda\n", encoding="utf-8")


def _is_version(distribution: Distribution) -> bool:
    try:
        Version(distribution.version)
    except InvalidVersion:
        return False
    return True


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""
