"""Ask pip, in a process of its own, which wheels another machine would install.

pip takes tags for another machine (`--platform`, `--python-version`, `--abi`) but evaluates markers for
the interpreter that it runs in (pip #11198), and treats what is on `sys.path` as installed. Both
would make a wrong lock. So a small program gives pip's vendored `packaging` the markers of the target,
and a `sys.path` with the standard library and the target's distributions only. It checks with pip's own
Marker that they took effect before pip starts.

Arguments come through a pipe: a password in them is in no file, variable or list of processes. The
program ends when the pipe closes, so it does not outlive its parent.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import os
import subprocess
import sys
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
from sealenv.pypi.answer import as_installed
from sealenv.pypi.errors import explain
from sealenv.pypi.machine import Machine
from sealenv.spec.model import EnvironmentSpec
from sealenv.spec.requirements import requirement_name
from sealenv.store.distributions import Distribution

__all__ = ["NO_EFFECT", "Question", "ask", "run_pip"]


NO_EFFECT = 86
"""The exit code when the markers did not take effect."""

_PROGRAM = r"""
import importlib.util, json, os, sys, threading
job = json.loads(sys.stdin.readline())
def watch():
    while os.read(0, 1):
        pass
    os._exit(1)
threading.Thread(target=watch, daemon=True).start()
def foreign(folder):
    try:
        return any(name.endswith(".dist-info") for name in os.listdir(folder))
    except OSError:
        return False
sys.path[:] = [p for p in sys.path if p and not foreign(p)] + [job["installed"]]
spec = importlib.util.spec_from_file_location(
    "pip", job["pip"], submodule_search_locations=[os.path.dirname(job["pip"])])
sys.modules["pip"] = pip = importlib.util.module_from_spec(spec)
spec.loader.exec_module(pip)
from pip._vendor.packaging import markers
def holds(name, value):
    return markers.Marker("%s == %s" % (name, json.dumps(value))).evaluate()
for target in ({k: "sealenv-probe" for k in job["markers"] if "version" not in k}, {}):
    values = dict(job["markers"], **target)
    markers.default_environment = lambda: dict(values)
    if not all(holds(name, value) for name, value in values.items()):
        sys.exit(NO_EFFECT)
from pip._internal.cli.main import main
sys.exit(main(job["args"]))
"""


def run_pip(
    args: Sequence[str],
    *,
    markers: Mapping[str, str],
    installed: Path,
    environ: Mapping[str, str],
    cwd: Path,
) -> subprocess.CompletedProcess[str]:
    """Run our own pip to its end; it ends when we do.

    Args:
        args: its arguments; nobody else sees them.
        markers: every variable of PEP 508 but `extra`.
        installed: a folder of .dist-info: what pip shall take for installed.
        environ: a clean environment.
        cwd: its folder.

    Raises:
        EngineError: there is no pip beside us, or it does not take the markers.
    """
    found = importlib.util.find_spec("pip")
    if found is None or not found.origin:
        raise EngineError(
            "pip is not installed beside sealenv, which resolves 'pip:' sections with it",
            where=sys.prefix,
            hint="install it there: python -m ensurepip",
        )
    job = {
        "pip": os.path.abspath(found.origin),
        "markers": dict(markers),
        "installed": str(installed),
        "args": list(args),
    }
    program = f"NO_EFFECT = {NO_EFFECT}\n{_PROGRAM}"
    words = [sys.executable, "-I", "-S", "-B", "-X", "utf8", "-c", program]
    done = _run(words, json.dumps(job), environ, cwd)
    if done.returncode == NO_EFFECT:
        raise EngineError(
            "this pip cannot resolve for another python than its own: it ignores the markers",
            where=found.origin,
            hint="install another version of pip beside sealenv",
        )
    return done


def _run(
    words: Sequence[str], line: str, environ: Mapping[str, str], cwd: Path
) -> subprocess.CompletedProcess[str]:
    """With one line on its stdin, which stays open as long as it runs."""
    with subprocess.Popen(
        words,
        env=dict(environ),
        cwd=cwd,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as process:
        pipe, process.stdin = process.stdin, None  # else `communicate` closes it
        assert pipe is not None
        try:
            with contextlib.suppress(OSError):  # it ended already: the exit code tells
                pipe.write(line + "\n")
                pipe.flush()
            stdout, stderr = process.communicate()
        except BaseException:
            process.kill()
            raise
        finally:
            with contextlib.suppress(OSError):
                pipe.close()
    return subprocess.CompletedProcess(words, process.returncode, stdout, stderr)


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
