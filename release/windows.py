"""The zip for Windows: embeddable CPython, sealenv and its wheels, one `sealenv.cmd`.

Every byte comes from PyPI by a pinned digest, or from this checkout. The same checkout gives the same
zip: entries are sorted, without owner, and dated by SOURCE_DATE_EPOCH (default 1980, the earliest date
in a zip). Only the compression may differ, between versions of zlib.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from importlib.metadata import requires
from pathlib import Path

from release.embedded import embedded_files

ROOT = Path(__file__).resolve().parent.parent
HERE = Path(__file__).resolve().parent
PINS = HERE / "wheels-win-64.txt"
PYTHON = "3.12"
_PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input")
_FOR_WINDOWS = ("--platform=win_amd64", f"--python-version={PYTHON}", "--only-binary=:all:")

_ONLY_ON_WINDOWS = ("colorama",)
"""A dependency of click; pip evaluates markers for the system that it runs on."""
_PTH = "python312.zip\r\n.\r\n..\\lib\r\n"


def build(out: Path, downloads: Path) -> Path:
    """Write the zip into a folder and return its path.

    Args:
        out: the folder; it is created if it is missing.
        downloads: where wheels are kept between builds; existing ones are verified again.

    Raises:
        subprocess.CalledProcessError: pip could not download or build; its message was shown.
        ValueError: a download does not match its pin, or a wheel has an unsupported form.
    """
    version = _version()
    top = f"sealenv-{version}-win-64"
    out.mkdir(parents=True, exist_ok=True)
    downloads.mkdir(parents=True, exist_ok=True)
    files = dict(_files(downloads))
    target = out / f"{top}.zip"
    partial = target.with_suffix(".part")
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(f"{top}/{name}", _date())
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 0  # MS-DOS: no modes
            archive.writestr(entry, files[name])
    partial.replace(target)
    return target


def pin() -> None:
    """Rewrite the list of wheels: the newest that satisfy pyproject.toml, with their digests."""
    with tempfile.TemporaryDirectory() as scratch:
        wanted = [*(requires("sealenv") or []), *_ONLY_ON_WINDOWS]
        _run(*_PIP, "download", "--quiet", "--dest", scratch, *_FOR_WINDOWS, *wanted)
        lines = ["# Made by `python3 -m release --pin`: the wheels of the Windows zip.\n"]
        for wheel in sorted(Path(scratch).glob("*.whl")):
            name, version = wheel.name.split("-")[:2]
            digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
            lines.append(f"{name.replace('_', '-')}=={version} --hash=sha256:{digest}\n")
    PINS.write_text("".join(lines), encoding="ascii")


def _files(downloads: Path) -> Iterator[tuple[str, bytes]]:
    yield "sealenv.cmd", _crlf(HERE / "sealenv.cmd")
    yield "README.txt", _crlf(HERE / "README.txt")
    yield "LICENSE", _crlf(ROOT / "LICENSE")
    for name, data in embedded_files(downloads):
        yield f"python/{name}", _PTH.encode() if name.endswith("._pth") else data
    for wheel in _wheels(downloads):
        for name, data in _members(wheel):
            yield f"lib/{name}", data
    for name, data in _own():
        yield f"lib/{name}", data


def _wheels(downloads: Path) -> list[Path]:
    """Return the pinned wheels; pip checks their digests, also of existing ones."""
    options = ("--quiet", "--no-deps", "--require-hashes", "--dest", str(downloads))
    _run(*_PIP, "download", *options, *_FOR_WINDOWS, "--requirement", str(PINS))
    found = []
    for line in PINS.read_text(encoding="ascii").splitlines():
        if "==" in line:
            name, _, version = line.split()[0].partition("==")
            (wheel,) = downloads.glob(f"{name.replace('-', '_')}-{version}-*.whl")
            found.append(wheel)
    return found


def _own() -> Iterator[tuple[str, bytes]]:
    """Yield the files of the package that git tracks.

    They are not a wheel, which would name the version of its build tool.
    """
    source = ROOT / "src"
    listing = subprocess.run(
        ["git", "-C", str(source), "ls-files", "-z", "--", "sealenv"],
        capture_output=True,
        text=True,
        check=False,
    )
    names = [name for name in listing.stdout.split("\0") if name]
    if not names:  # an unpacked sdist
        found = (path for path in (source / "sealenv").rglob("*") if path.is_file())
        names = [p.relative_to(source).as_posix() for p in found if "__pycache__" not in p.parts]
    for name in names:
        yield name, (source / name).read_bytes()


def _members(wheel: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.infolist():
            head = entry.filename.partition("/")[0]
            if head.endswith(".data"):
                raise ValueError(f"{wheel.name} has a {head} folder, which is not handled here")
            if not entry.is_dir():
                yield entry.filename, archive.read(entry)


def _crlf(path: Path) -> bytes:
    return path.read_text(encoding="utf-8").replace("\n", "\r\n").encode()


def _version() -> str:
    namespace: dict[str, str] = {}
    exec((ROOT / "src/sealenv/_version.py").read_text(encoding="utf-8"), namespace)
    return namespace["__version__"]


def _epoch() -> int:
    text = os.environ.get("SOURCE_DATE_EPOCH") or "315532800"
    if not text.isdigit():
        raise ValueError(f"SOURCE_DATE_EPOCH={text!r} is not a number of seconds")
    return int(text)


def _date() -> tuple[int, int, int, int, int, int]:
    moment = time.gmtime(max(_epoch(), 315532800))
    return moment[0], moment[1], moment[2], moment[3], moment[4], moment[5]


def _run(*command: str, **env: str) -> None:
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, env={**os.environ, **env})
