"""Ask pip, in a child process, which wheels another machine would install.

pip accepts tags for another machine (`--platform`, `--python-version`, `--abi`), but evaluates markers
for the interpreter that it runs in (pip #11198), and treats everything on `sys.path` as installed. So a
small program gives pip's vendored `packaging` the markers of the target, and a `sys.path` with only
the standard library and the target's distributions. It checks with pip's own Marker that they took
effect before pip starts.

Arguments go through a pipe: a password in them is in no file, variable or list of processes. The
program ends when the pipe closes, so it does not outlive its parent.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from sealenv.errors import DigestError, EngineError, FetchError, SealenvError, SolveError
from sealenv.gates.admission import clean_environ, private_folders
from sealenv.locks import LockedWheel
from sealenv.pypi.machine import Distribution, Machine
from sealenv.spec.model import EnvironmentSpec
from sealenv.spec.requirements import requirement_name
from sealenv.urls import redact

_NO_EXTRA = re.compile(r"^WARNING: (.+ does not provide the extra .+)$", re.MULTILINE)
_TIME = re.compile(r"^\d{4}-\d\d-\d\dT[\d:,.]+ ", re.MULTILINE)
_UNREACHED = re.compile(
    r"Could not fetch URL (?P<url>\S+): (?P<why>(?!404).+?)(?: - skipping)?$|"
    r"HTTP error (?P<code>\d+) while getting (?P<file>\S+)|"
    r"(?P<other>(?:Connection|Proxy|SSL|ReadTimeout)Error: .+)$|"
    r"(?P<insecure>repository located at \S+ is not a trusted or secure host)",
    re.MULTILINE,
)
_CONFLICT = re.compile(r"The conflict is caused by:\n((?: +\S.*\n)+)")
_LINE = re.compile(r"-r \S+ \(line (\d+)\)")
_MOST_LINES = 15
_EXTRA = re.compile(r"extra\s*==\s*[\"']([^\"']+)")
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
    """Run the pip installed with sealenv, which sees the distributions in `installed`.

    It ends when this process ends. Its arguments can contain secrets.

    Raises:
        EngineError: pip is not installed, or ignores the markers.
    """
    found = importlib.util.find_spec("pip")
    if found is None or not found.origin:
        raise EngineError(
            "pip is not installed with sealenv, which needs it for 'pip:' sections",
            where=sys.prefix,
            hint="install it: python -m ensurepip",
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
            "this pip cannot resolve for another python: it ignores the markers",
            where=found.origin,
            hint="install another version of pip with sealenv",
        )
    return done


def _run(
    words: Sequence[str], line: str, environ: Mapping[str, str], cwd: Path
) -> subprocess.CompletedProcess[str]:
    """Run a command with one line on its stdin, which stays open while it runs."""
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
        pipe, process.stdin = process.stdin, None  # `communicate` would close it
        assert pipe is not None
        try:
            with contextlib.suppress(OSError):  # it died; its exit code says so
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
    """A question for pip.

    Attributes:
        spec: the requirements and indexes.
        machine: the target.
        installed: conda's distributions.
        timeout: seconds of silence after which an index is given up.
        kept: wheels that pip sees as installed and replaces only if it must.
        kept_pins: versions of locked wheels that need another file, as constraints.
    """

    spec: EnvironmentSpec
    machine: Machine
    installed: tuple[Distribution, ...]
    timeout: float
    kept: tuple[LockedWheel, ...] = ()
    kept_pins: tuple[str, ...] = ()

    @property
    def is_local(self) -> bool:
        """Return whether it can be answered without the network."""
        places = (*self.spec.indexes, *self.spec.find_links)
        direct = any(" @ " in r for r in self.spec.requirements)
        return not direct and all(place.startswith("file:") for place in places)

    @property
    def pins(self) -> list[str]:
        """Return conda's distributions as constraints."""
        return sorted(
            {f"{canonicalize_name(d.name)}=={d.version}" for d in self.installed if _is_version(d)}
        )

    @property
    def requirements(self) -> list[str]:
        """Return the requirements, new ones first: pip decides in this order."""
        kept = {wheel.name for wheel in self.kept}
        return sorted(self.spec.requirements, key=lambda line: requirement_name(line) in kept)


def ask(question: Question, environ: Mapping[str, str]) -> dict[str, Any]:
    """Return pip's installation report, with `notes` on unknown extras, which pip ignores.

    Raises:
        SolveError: no set of wheels satisfies the requirements.
        FetchError: an index cannot be read.
        DigestError: a wheel does not match the digest in its index.
        EngineError: the pip installed with sealenv cannot be used.
    """
    with tempfile.TemporaryDirectory(prefix="sealenv-", ignore_cleanup_errors=True) as name:
        scratch = Path(name)
        installed = scratch / "installed"
        installed.mkdir()
        kept = [_as_installed(wheel) for wheel in question.kept]
        _write_installed(installed, [*kept, *question.installed])
        (scratch / "requirements").write_text("\n".join([*question.requirements, ""]), "utf-8")
        (scratch / "constraints").write_text(
            "\n".join([*question.pins, *question.kept_pins, ""]), "utf-8"
        )
        done = run_pip(
            _arguments(question, scratch),
            markers=question.machine.markers,
            installed=installed,
            environ=_environ(environ, scratch),
            cwd=scratch,
        )
        if done.returncode != 0:
            raise _explain(question, _read(scratch / "log"), done.stderr)
        report: dict[str, Any] = json.loads(_read(scratch / "report"))
        report["notes"] = _NO_EXTRA.findall(done.stderr)
    return report


def _arguments(question: Question, scratch: Path) -> list[str]:
    """Return pip's arguments. A file must not have secrets: a kill would leave it behind."""
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
    first, *more = (spec.index_secrets.get(url, url) for url in spec.indexes)
    args += ["--index-url", first]
    args += [word for url in more for word in ("--extra-index-url", url)]
    links = (spec.index_secrets.get(url, url) for url in spec.find_links)
    return [*args, *(word for url in links for word in ("--find-links", url))]


def _release(python: str) -> str:
    """Return the version in three numbers, as pip requires."""
    return ".".join(map(str, [*Version(python).release, 0, 0][:3]))


def _environ(environ: Mapping[str, str], scratch: Path) -> dict[str, str]:
    """Return an environment with the user's proxies, certificates and netrc, without PIP_*."""
    home = scratch / "home"
    home.mkdir()
    netrc = environ.get("NETRC") or os.path.join(os.path.expanduser("~"), ".netrc")
    return {
        **clean_environ(environ),
        **private_folders(home),
        **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(scratch)),
        "PIP_CONFIG_FILE": os.devnull,  # pip then reads no configuration file
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


def _explain(question: Question, log: str, stderr: str) -> SealenvError:
    """Return the error for a pip that failed, without secrets and names of temporary files.

    Args:
        question: what it was asked.
        log: what it wrote with `--log`.
        stderr: what it printed.
    """
    requirements = question.requirements

    def clean(text: str) -> str:
        return redact(_LINE.sub(lambda match: repr(requirements[int(match[1]) - 1]), text))

    log, stderr = clean(_TIME.sub("", log)), clean(stderr)
    where = ", ".join(question.spec.indexes)
    if "DO NOT MATCH THE HASHES" in stderr:
        return DigestError(
            "a wheel does not match the digest in its index",
            where=where,
            details=_lines(stderr)[1:],
            hint="it was not used; try again, and if it persists tell the index's owner",
        )
    if found := _UNREACHED.search(log):
        reason = found["why"] or found["other"] or found["insecure"]
        return FetchError(
            "a Python package index could not be read",
            where=(found["url"] or found["file"] or where).partition("#")[0],
            details=[(reason or f"HTTP error {found['code']}")[:300]],
            hint="check the network, the URL (https), and user and password in the URL or in netrc",
        )
    conflict = _CONFLICT.search(log)
    pinned = [p for p in question.pins if re.search(rf"\(constraint\) {re.escape(p)}(?!\S)", log)]
    return SolveError(
        "the 'pip:' section conflicts with conda's packages"
        if pinned
        else "no set of wheels satisfies the 'pip:' section",
        where=where,
        details=[
            *_lines(conflict[1] if conflict else stderr),
            *(f"conda has {pin}" for pin in pinned),
        ],
        hint="the details are pip's. Only wheels are used: relax a requirement, use a conda package, "
        "or build a wheel and give its folder with --find-links",
    )


def _lines(text: str) -> list[str]:
    """Return the lines of pip without its advice on pip."""
    skipped = ("WARNING", "[notice]", "DEPRECATION", "To fix this")
    lines = [line.strip() for line in text.splitlines()]
    return [
        line.removeprefix("ERROR: ")
        for line in lines
        if line and not line.startswith(skipped) and "for help visit" not in line
    ][:_MOST_LINES]


def _as_installed(wheel: LockedWheel) -> Distribution:
    """Return the wheel as a distribution that is installed."""
    lines = ["Metadata-Version: 2.1", f"Name: {wheel.name}", f"Version: {wheel.version}"]
    if wheel.requires_python:
        lines.append(f"Requires-Python: {wheel.requires_python}")
    lines += [f"Requires-Dist: {line}" for line in wheel.requires_dist]
    extras = {extra for line in wheel.requires_dist for extra in _EXTRA.findall(line)}
    lines += [f"Provides-Extra: {extra}" for extra in sorted(extras)]
    return Distribution(wheel.dist, wheel.name, wheel.version, "\n".join(lines) + "\n")
