"""The packages of the demo channel that are written here: three small ones and two stand-ins."""

from __future__ import annotations

from sealenv.tour.archive import Package, Payload

__all__ = ["STAND_IN_VERSION", "sample_packages", "stand_in"]

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
    """A package that takes the place of `name`, and says so wherever it is seen."""
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
    """The other packages of the demo: three samples and two stand-ins."""
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
