"""An installed CPython as a relocatable `python` package."""

from __future__ import annotations

import io
import json
import os
import posixpath
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from sealenv.errors import UsageError
from sealenv.layout import is_windows
from sealenv.spec.model import current_platform
from sealenv.tour.archive import PLACEHOLDER, Package, Payload

_SYSTEM_PREFIXES = {"/usr", "/usr/local", "/opt", "/opt/local", "/opt/homebrew", "/"}
_LEFT_OUT_FOLDERS = {
    *("__pycache__", "dist-packages", "site-packages", "test", "tests"),
    *("idlelib", "lib2to3", "tkinter", "turtledemo"),
}
_LEFT_OUT_FILES = {
    *("EXTERNALLY-MANAGED", "README.venv", "_distutils_system_mod.py"),
    *("sitecustomize.py", "usercustomize.py"),
}
_TEST_MODULE = re.compile(r"(_test\w*|_ctypes_test|_xxtestfuzz|xxlimited\w*|xxsubtype)\..*\.so")
_BUILD_PREFIX = b"/install"
"""The prefix in the text files of python-build-standalone; uv corrects only some of them."""
_OWN_PARTS = rb"(?=/(?:lib|include|share|bin/python|bin[\"' ]|bin$)|[\"' ]|$)"
"""What follows a prefix such as /usr if the whole text is about this interpreter."""
_QUERY = """
import json, os, sys, sysconfig
v = sysconfig.get_config_var
print(json.dumps({
    "version": "%d.%d.%d" % sys.version_info[:3],
    "executable": os.path.realpath(sys.executable),
    "prefix": sys.base_prefix,
    "stdlib": os.path.dirname(os.path.realpath(os.__file__)),
    "libdir": v("LIBDIR") or "",
    "library": (v("INSTSONAME") or "") if v("Py_ENABLE_SHARED") else "",
    "framework": v("PYTHONFRAMEWORK") or "",
    "free_threaded": bool(v("Py_GIL_DISABLED")),
}))
"""
_HINT = "Run sealenv with a Python from uv, pyenv or conda-forge."


@dataclass(frozen=True)
class Interpreter:
    """An installed CPython.

    Attributes:
        version: for example 3.12.1.
        executable: its program file, without links.
        prefix: its `sys.base_prefix`.
        stdlib: the folder of its standard library.
        libdir: the folder of its shared library.
        library: the name of that library; empty without one.
        subdir: its conda platform.
    """

    version: str
    executable: Path
    prefix: Path
    stdlib: Path
    libdir: Path
    library: str
    subdir: str

    @property
    def minor(self) -> str:
        """For example 3.12."""
        return ".".join(self.version.split(".")[:2])

    @property
    def tagged(self) -> str:
        """For example python3.12: the name of its program and folders."""
        return f"python{self.minor}"

    @property
    def shares_system_prefix(self) -> bool:
        """Whether its prefix also holds other software, as /usr does."""
        return str(self.prefix) in _SYSTEM_PREFIXES


def inspect_interpreter(executable: Path | None = None) -> Interpreter:
    """Ask an interpreter for its layout.

    Args:
        executable: its program file; None is the running interpreter, outside its virtual environment.

    Raises:
        UsageError: it does not run, or cannot be repackaged.
    """
    base = executable or Path(getattr(sys, "_base_executable", None) or sys.executable).resolve()
    program = base.absolute()
    command = [str(program), "-I", "-S", "-B", "-c", _QUERY]
    try:
        output = subprocess.check_output(command, stdin=subprocess.DEVNULL, timeout=60)
        facts = json.loads(output)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise UsageError(
            "This interpreter does not answer.", where=str(program), details=[str(error)]
        ) from error
    if facts["framework"] or facts["free_threaded"]:
        kind = "macOS framework" if facts["framework"] else "free-threaded"
        what = f"A {kind} build of Python cannot be repackaged."
        raise UsageError(what, where=str(program), hint=_HINT)
    return Interpreter(
        version=facts["version"],
        executable=Path(facts["executable"]),
        prefix=Path(facts["prefix"]),
        stdlib=Path(facts["stdlib"]),
        libdir=Path(facts["libdir"]),
        library=facts["library"],
        subdir=current_platform(),
    )


def python_package(executable: Path | None = None) -> Package:
    """Repackage an interpreter and the standard library it needs to run programs.

    Tests, tkinter, IDLE and what only compilers read are left out.

    Args:
        executable: the program file of an interpreter; None is the running one.

    Raises:
        UsageError: this installation cannot be made relocatable; the message says why.
    """
    python = inspect_interpreter(executable)
    summary = f"CPython {python.version}, repackaged by sealenv from a local installation"
    if is_windows(python.subdir):
        files = list(_windows_files(python.prefix))
        return windows_package(files, version=python.version, subdir=python.subdir, summary=summary)
    payload = [_relocatable(item, python) for item in _files(python)]
    _check_program(payload, python)
    payload += _compiled(payload, python)
    return Package(
        name="python",
        version=python.version,
        build="repackaged_0",
        subdir=python.subdir,
        payload=tuple(sorted(payload, key=lambda item: item.path)),
        license="PSF-2.0",
        summary=summary,
        python_site_packages_path=f"lib/{python.tagged}/site-packages",
    )


def _files(python: Interpreter) -> Iterator[Payload]:
    lib = f"lib/{python.tagged}"
    yield from _library_files(python.stdlib, lib)
    if b"dist-packages" in (python.stdlib / "site.py").read_bytes():
        yield Payload(f"{lib}/sitecustomize.py", data=_DEBIAN_CUSTOMIZE.encode())
    yield Payload(f"{lib}/site-packages/README.txt", data=b"Third-party packages go here.\n")
    yield Payload(f"bin/{python.tagged}", source=python.executable, executable=True)
    for link in ("python", "python3"):
        yield Payload(f"bin/{link}", symlink_target=python.tagged)
    if python.library:
        folders = (python.libdir, python.prefix / "lib", python.executable.parent)
        found = next((f / python.library for f in folders if (f / python.library).is_file()), None)
        if found:  # Debian: a "shared" build whose program is linked statically
            yield Payload(f"lib/{python.library}", source=found.resolve(), executable=True)
            plain = re.sub(r"(\.so)\.[\d.]+$", r"\1", python.library)
            if plain != python.library:
                yield Payload(f"lib/{plain}", symlink_target=python.library)


def _library_files(root: Path, at: str) -> Iterator[Payload]:
    """Yield the files below `root`; a link that leads out of it becomes the file it leads to."""
    for folder, names, files in os.walk(root):
        kept = {n for n in names if n not in _LEFT_OUT_FOLDERS and not n.startswith("config-")}
        names[:] = sorted(kept)
        for name in sorted(files):
            if name in _LEFT_OUT_FILES or name.endswith((".a", ".pyc", ".pyo")):
                continue
            source = Path(folder, name)
            real = source.resolve()
            if _TEST_MODULE.fullmatch(name) or not real.is_file():
                continue
            path = f"{at}/{source.relative_to(root).as_posix()}"
            if source.is_symlink() and real.is_relative_to(root.resolve()):
                link = os.path.relpath(real, source.parent.resolve())
                yield Payload(path, symlink_target=link)
            else:
                yield Payload(path, source=real, executable=os.access(real, os.X_OK))


def _compiled(payload: Iterable[Payload], python: Interpreter) -> list[Payload]:
    """Compile the standard library, as in conda's own python, except files that hold the prefix."""
    with tempfile.TemporaryDirectory(prefix="sealenv-") as folder:
        for item in payload:
            if item.path.endswith(".py") and item.prefix_placeholder is None:
                source = Path(folder, item.path)
                source.parent.mkdir(parents=True, exist_ok=True)
                source.write_bytes(item.content)
        command = [str(python.executable), "-I", "-m", "compileall", "-q", "-s", folder]
        command += ["--invalidation-mode", "checked-hash", folder]
        # Files that are not Python make it fail; they stay uncompiled.
        subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        found = sorted(Path(folder).rglob("*.pyc"))
        return [Payload(p.relative_to(folder).as_posix(), data=p.read_bytes()) for p in found]


def _check_program(payload: Iterable[Payload], python: Interpreter) -> None:
    """Refuse a program that would find its libraries only in the original installation."""
    program = next(item for item in payload if item.path == f"bin/{python.tagged}").content
    if program.startswith(b"\x7fELF"):
        needs = bool(python.library) and python.library.encode() in program
        bound = needs and b"\0$ORIGIN" not in program
    else:  # Mach-O
        bound = os.fsencode(python.prefix) + b"/" in program[: 64 * 1024]
    if bound:
        raise UsageError(
            "This Python finds its libraries only where it was installed.",
            where=str(python.executable),
            hint=_HINT,
        )


def _relocatable(item: Payload, python: Interpreter) -> Payload:
    """Mark the original prefix for replacement in the files that describe the build.

    The RUNPATH `PREFIX/lib` of a program or library is made relative.
    """
    if item.symlink_target is not None:
        return item
    data = _undo_debian(item.path.removeprefix(f"lib/{python.tagged}/"), item.content)
    if data.startswith(b"\x7fELF"):
        data = _relative_runpath(data, item.path, os.fsencode(python.prefix))
    text = data
    if posixpath.basename(item.path).startswith(("_sysconfig", "build-details")):
        for prefix in {os.fsencode(p) for p in (python.prefix, python.prefix.resolve())}:
            pattern = re.escape(prefix) + rb"(?![\w.+-])"
            if python.shares_system_prefix:
                pattern = rb"(?<![\w./-])" + re.escape(prefix) + _OWN_PARTS
            text = re.sub(pattern, PLACEHOLDER.encode(), text)
        text = re.sub(rb"(?<![\w./-])" + _BUILD_PREFIX + _OWN_PARTS, PLACEHOLDER.encode(), text)
    if text == data:
        return replace(item, data=data, source=None)
    return replace(item, data=text, source=None, prefix_placeholder=PLACEHOLDER, file_mode="text")


def _relative_runpath(data: bytes, path: str, prefix: bytes) -> bytes:
    up = posixpath.relpath("lib", posixpath.dirname(path))
    origin = b"$ORIGIN" if up == "." else f"$ORIGIN/{up}".encode()
    old = prefix + b"/lib\0"
    if len(origin) >= len(old):
        return data
    return data.replace(b"\0" + old, b"\0" + origin.ljust(len(old), b"\0"))


# --- Debian ---------------------------------------------------------------------------------

# `site` is frozen into the program since Python 3.11: a changed site.py is not enough.
_DEBIAN_CUSTOMIZE = """\
# Written by sealenv: this Python was repackaged from a distribution whose `site` uses other folders.
# Its own site-packages is the only one, as in every conda environment.
import os
import site
import sys

if sys.prefix == sys.base_prefix:
    _here = os.path.join(sys.prefix, "lib", "python%d.%d" % sys.version_info[:2], "site-packages")
    site.getsitepackages = lambda prefixes=None: [_here]
    sys.path[:] = [entry for entry in sys.path if os.path.basename(entry) != "dist-packages"]
    site.addsitedir(_here)
"""
_VENV = re.compile(rb"sys\.base_prefix != sys\.prefix or hasattr\(sys, [\"']real_prefix[\"']\)")
_SITE = re.compile(rb"^(\s*is_virtual_environment = ).*$", re.MULTILINE)


def _undo_debian(name: str, data: bytes) -> bytes:
    """Let `site` and `sysconfig` of Debian's Python always use one site-packages, as in a venv."""
    if name == "site.py" and b"dist-packages" in data:
        data, count = _SITE.subn(rb"\1True", data)
        data = data.replace(b'"dist-packages"', b'"site-packages"')
    elif name in ("sysconfig.py", "sysconfig/__init__.py") and b"posix_local" in data:
        data, count = _VENV.subn(b"True", data)
    else:
        return data
    if not count:
        what = "This distribution's Python is changed in a way that cannot be repackaged."
        raise UsageError(what, where=name, hint=_HINT)
    return data


# --- Windows --------------------------------------------------------------------------------


def windows_package(
    files: Iterable[Payload], *, version: str, subdir: str, summary: str
) -> Package:
    """Return the package, laid out as conda's: `python.exe` at the top, `DLLs`, `Lib`."""
    return Package(
        name="python",
        version=version,
        build="repackaged_0",
        subdir=subdir,
        license="PSF-2.0",
        summary=summary,
        payload=tuple(sorted(files, key=lambda item: item.path)),
        python_site_packages_path="Lib/site-packages",
    )


def _windows_files(prefix: Path) -> Iterator[Payload]:
    for item in sorted(prefix.iterdir()):
        if item.is_file():
            yield from windows_file(item.name, item.read_bytes())
    for name in ("DLLs", "Lib"):
        if (prefix / name).is_dir():
            yield from _library_files(prefix / name, name)


def windows_file(name: str, data: bytes) -> Iterator[Payload]:
    """Yield what a file at the top of an installation or of the embeddable build becomes.

    The zipped library goes to `Lib`, extension modules to `DLLs`. The `._pth` is left out, so that the
    interpreter finds its prefix by landmark and has a site-packages.
    """
    suffix = os.path.splitext(name)[1].lower()
    if suffix == ".zip" and name.startswith("python"):
        with zipfile.ZipFile(io.BytesIO(data)) as library:
            for entry in library.infolist():
                if not entry.is_dir():
                    yield Payload(f"Lib/{entry.filename}", data=library.read(entry))
    elif suffix == ".pyd":
        yield Payload(f"DLLs/{name}", data=data)
    elif suffix in {".exe", ".dll", ".txt", ".cat"}:
        yield Payload(name, data=data, executable=suffix == ".exe")
