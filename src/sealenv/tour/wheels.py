"""Turn a pure-Python wheel into a noarch python package; find the wheel of pip on this machine."""

from __future__ import annotations

import configparser
import email.parser
import importlib.metadata
import re
import zipfile
from collections.abc import Iterable
from email.message import Message
from pathlib import Path, PurePosixPath

from sealenv.errors import UsageError
from sealenv.tour.archive import TIMESTAMP, Package, Payload
from sealenv.tour.interpreter import Interpreter

__all__ = ["package_from_wheel", "pip_package"]

_SITE = "site-packages"


def package_from_wheel(
    wheel: Path,
    *,
    depends: Iterable[str] = (),
    build: str = "pyhsealenv_0",
    timestamp: int = TIMESTAMP,
) -> Package:
    """Make a noarch python package of a wheel.

    Args:
        wheel: the file; it must be pure Python (`*-none-any.whl`).
        depends: what it needs besides python, as MatchSpecs.
        build: the build string.
        timestamp: the build time in milliseconds.

    Raises:
        UsageError: the wheel holds compiled code or is damaged.
    """
    if not wheel.name.endswith("-none-any.whl"):
        raise UsageError("Only a pure-Python wheel becomes a noarch package.", where=str(wheel))
    try:
        with zipfile.ZipFile(wheel) as archive:
            files = {
                entry.filename: (archive.read(entry), bool(entry.external_attr >> 16 & 0o111))
                for entry in archive.infolist()
                if not entry.is_dir()
            }
    except (OSError, zipfile.BadZipFile) as error:
        raise UsageError(
            "This wheel cannot be read.", where=str(wheel), details=[str(error)]
        ) from error
    return _package(files, tuple(depends), build, timestamp, str(wheel))


def pip_package(interpreter: Interpreter) -> Package:
    """`pip` as a package, without a download.

    It comes from the interpreter's ensurepip, or from the distribution's folder of wheels, or from
    the pip that is installed beside the running interpreter.
    """
    folders = [
        interpreter.stdlib / "ensurepip" / "_bundled",
        Path("/usr/share/python-wheels"),
        Path("/usr/share/python3-wheels"),
    ]
    for folder in folders:
        wheels = sorted(folder.glob("pip-*-none-any.whl"))
        if wheels:
            return package_from_wheel(wheels[-1])
    return _installed("pip")


def _installed(name: str) -> Package:
    try:
        found = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError as error:
        raise UsageError(
            "No pip was found on this machine to put into the demo channel.",
            hint="Run sealenv with a Python that has ensurepip or pip.",
        ) from error
    files: dict[str, tuple[bytes, bool]] = {}
    for entry in found.files or ():
        pure = PurePosixPath(entry.as_posix())
        if ".." in pure.parts or pure.is_absolute() or "__pycache__" in pure.parts:
            continue
        located = Path(str(entry.locate()))
        if located.is_file() and pure.name not in ("INSTALLER", "REQUESTED", "direct_url.json"):
            files[str(pure)] = (located.read_bytes(), False)
    return _package(files, (), "pyhsealenv_0", TIMESTAMP, f"{name} {found.version}")


def _package(
    files: dict[str, tuple[bytes, bool]],
    depends: tuple[str, ...],
    build: str,
    timestamp: int,
    where: str,
) -> Package:
    info = next(
        (n.partition("/")[0] for n in files if re.match(r"[^/]+\.dist-info/METADATA$", n)), None
    )
    if info is None:
        raise UsageError("This wheel has no metadata.", where=where)
    metadata = email.parser.BytesParser().parsebytes(files[f"{info}/METADATA"][0])
    data_root = info.removesuffix(".dist-info") + ".data"
    payload = [
        Payload(_place(name, data_root, where), data=data, executable=executable)
        for name, (data, executable) in files.items()
    ]
    payload.append(Payload(f"{_SITE}/{info}/INSTALLER", data=b"conda\n"))
    points = files.get(f"{info}/entry_points.txt", (b"", False))[0].decode()
    return Package(
        name=re.sub(r"[-_.]+", "-", str(metadata["Name"])).lower(),
        version=str(metadata["Version"]),
        build=build,
        noarch="python",
        depends=(_python(metadata), *depends),
        entry_points=_entry_points(points),
        payload=tuple(sorted(payload, key=lambda item: item.path)),
        license=_one_line(metadata, "License-Expression") or _one_line(metadata, "License"),
        summary=_one_line(metadata, "Summary"),
        timestamp=timestamp,
    )


def _one_line(metadata: Message, key: str) -> str:
    return " ".join(str(metadata.get(key) or "").split())[:200]


def _python(metadata: Message) -> str:
    wanted = re.sub(r"\s+", "", str(metadata.get("Requires-Python") or ""))
    return f"python {wanted}" if wanted else "python"


def _place(name: str, data_root: str, where: str) -> str:
    root, _, rest = name.partition("/")
    if root != data_root:
        return f"{_SITE}/{name}"
    kind, _, inner = rest.partition("/")
    places = {"purelib": f"{_SITE}/", "scripts": "python-scripts/", "data": ""}
    if kind == "headers":
        return f"include/{inner}"
    if kind not in places:
        raise UsageError("This wheel holds files of an unknown kind.", where=f"{where}: {name}")
    return places[kind] + inner


def _entry_points(text: str) -> tuple[str, ...]:
    parser = configparser.ConfigParser(delimiters=("=",), strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[method-assign, assignment]
    parser.read_string(text)
    rows: list[str] = []
    for section in ("console_scripts", "gui_scripts"):
        if parser.has_section(section):
            for name, target in parser.items(section):
                plain = re.sub(r"\s*\[.*\]$", "", target).replace(" ", "")
                rows.append(f"{name} = {plain}")
    return tuple(sorted(rows))
