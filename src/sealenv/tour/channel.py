"""The demo channel: a real python and pip, three small packages, and stand-ins for conda and mamba."""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from sealenv.errors import UsageError
from sealenv.tour.archive import Package, Payload, write_package, write_repodata
from sealenv.tour.python import python_package

_PERSONAL = {"INSTALLER", "RECORD", "REQUESTED", "direct_url.json"}
"""Files that say how this very pip was installed."""


def pip_package() -> Package:
    """Return the installed pip as a noarch package.

    Raises:
        UsageError: no pip is installed beside sealenv.
    """
    try:
        found = importlib.metadata.distribution("pip")
    except importlib.metadata.PackageNotFoundError as error:
        raise UsageError(
            "No pip was found on this machine to put into the demo channel.",
            hint="Install pip in the environment of sealenv.",
        ) from error
    files: dict[str, bytes] = {}
    for entry in found.files or ():
        path = PurePosixPath(entry.as_posix())
        if {"..", "__pycache__"} & {*path.parts} or path.name in _PERSONAL:
            continue
        files[str(path)] = Path(str(entry.locate())).read_bytes()
    info = next(name.partition("/")[0] for name in files if name.endswith(".dist-info/METADATA"))
    files[f"{info}/INSTALLER"] = b"conda\n"
    files[f"{info}/RECORD"] = _record(files, f"{info}/RECORD")
    points = found.entry_points.select(group="console_scripts")
    wanted = re.sub(r"\s+", "", str(found.metadata["Requires-Python"] or ""))
    return Package(
        name="pip",
        version=found.version,
        build="pyhsealenv_0",
        noarch="python",
        depends=(f"python {wanted}".strip(),),
        entry_points=tuple(sorted(f"{point.name} = {point.value}" for point in points)),
        payload=tuple(Payload(f"site-packages/{path}", data=files[path]) for path in sorted(files)),
        summary=str(found.metadata["Summary"] or ""),
    )


def _record(files: dict[str, bytes], own: str) -> bytes:
    """Write RECORD for these files, as the wheel format has it."""
    lines = []
    for name, data in sorted(files.items()):
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(data)}\n")
    return "".join([*lines, f"{own},,\n"]).encode()


STAND_IN_VERSION = "0.0.0"

_STAND_IN = '''\
"""A stand-in for {name}, made by sealenv. It is not {name} and manages nothing."""

import sys

STAND_IN = "{name} {version} (stand-in made by sealenv for demo and tests, not {name})"
REFUSAL = """\\
error: this is a stand-in for {name} that sealenv made for its demo and its tests;
it only answers --version. Create the environment from a real channel to get {name}."""


def main() -> int:
    if sys.argv[1:] in (["--version"], ["-V"]):
        print(STAND_IN)
        return 0
    print(REFUSAL, file=sys.stderr)
    return 2
'''

_GREETING = '''\
"""A library of the sealenv demo."""

__version__ = "1.0.0"


def greeting(name: str) -> str:
    return f"Hello from {name}"
'''

_HELLO = '''\
"""A program of the sealenv demo: says which environment it runs in."""

import sys

from demo_greeting import greeting

__version__ = "1.0.0"


def main() -> int:
    print(greeting(sys.prefix))
    return 0
'''

_NOTES = b"""The notes of the sealenv demo: a noarch package without Python.
"""


def stand_in(name: str, *, version: str = STAND_IN_VERSION) -> Package:
    """Return a package that replaces `name`, and is labelled as a stand-in everywhere."""
    module = f"sealenv_stand_in_{name}"
    return _python_package(
        name,
        version,
        {f"{module}.py": _STAND_IN.format(name=name, version=version)},
        summary=f"stand-in made by sealenv for demo and tests, not {name}",
        build="stand_in_0",
        entry_points=(f"{name} = {module}:main",),
    )


def sample_packages() -> list[Package]:
    """Return the other packages of the demo: three samples and two stand-ins."""
    return [
        _python_package(
            "demo-greeting",
            "1.0.0",
            {"demo_greeting/__init__.py": _GREETING},
            summary="A library of the sealenv demo",
        ),
        _python_package(
            "demo-hello",
            "1.0.0",
            {"demo_hello/__init__.py": "", "demo_hello/cli.py": _HELLO},
            summary="A program of the sealenv demo",
            depends=("demo-greeting >=1",),
            entry_points=("demo-hello = demo_hello.cli:main",),
        ),
        Package(
            name="demo-notes",
            version="1.0.0",
            noarch="generic",
            summary="A data package of the sealenv demo",
            payload=(Payload("share/demo-notes/notes.txt", data=_NOTES),),
        ),
        stand_in("conda"),
        stand_in("mamba"),
    ]


def _python_package(
    name: str,
    version: str,
    files: dict[str, str],
    *,
    summary: str,
    build: str = "py_0",
    depends: tuple[str, ...] = (),
    entry_points: tuple[str, ...] = (),
) -> Package:
    info = f"site-packages/{name.replace('-', '_')}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nSummary: {summary}\n"
    payload = [Payload(f"site-packages/{path}", data=text.encode()) for path, text in files.items()]
    payload.append(Payload(f"{info}/METADATA", data=metadata.encode()))
    payload.append(Payload(f"{info}/INSTALLER", data=b"conda\n"))
    return Package(
        name=name,
        version=version,
        build=build,
        noarch="python",
        depends=("python >=3.8", *depends),
        entry_points=entry_points,
        payload=tuple(sorted(payload, key=lambda item: item.path)),
        summary=summary,
    )


@dataclass(frozen=True)
class DemoChannel:
    """A channel that was built.

    Attributes:
        path: its folder.
        subdir: the platform of its python.
        python_version: for example 3.12.1.
        archives: the files of its packages.
    """

    path: Path
    subdir: str
    python_version: str
    archives: tuple[Path, ...]

    @property
    def url(self) -> str:
        """The `file://` URL, for `--channel`."""
        return self.path.resolve().as_uri()

    @property
    def python_minor(self) -> str:
        """For example 3.12, as in `sealenv create NAME 3.12`."""
        return ".".join(self.python_version.split(".")[:2])


def build_demo_channel(
    folder: Path, *, executables: Iterable[Path | None] = (None,)
) -> DemoChannel:
    """Build the demo channel in a folder, and write nothing elsewhere.

    Args:
        folder: of the channel; it is created if it does not exist.
        executables: the interpreters to repackage; None is the running one.

    Raises:
        UsageError: an interpreter cannot be repackaged; the message says why.
    """
    pythons = [python_package(executable) for executable in executables]
    packages = [*pythons, pip_package(), *sample_packages()]
    archives = tuple(write_package(package, folder / package.subdir) for package in packages)
    for subdir in (pythons[0].subdir, "noarch"):
        write_repodata(folder / subdir)
    return DemoChannel(folder, pythons[0].subdir, pythons[0].version, archives)
