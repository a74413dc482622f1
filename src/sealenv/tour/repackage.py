"""The running interpreter as a real, relocatable `python` package."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from sealenv.errors import UsageError
from sealenv.layout import is_windows
from sealenv.tour.archive import PLACEHOLDER, TIMESTAMP, Package, Payload
from sealenv.tour.debian import adapt, site_customization
from sealenv.tour.elf import is_elf, relocate, runpaths
from sealenv.tour.interpreter import Interpreter, inspect_interpreter
from sealenv.tour.stdlib import tree
from sealenv.tour.windows import installation_payload, windows_package

__all__ = ["python_package"]

# Where python-build-standalone says that it is installed; uv corrects it only in part.
_BUILD_PREFIXES = {b"/install"}
_BOUNDARY = rb"(?![\w.+-])"
# In a prefix such as /usr, only what is this interpreter's own is replaced, and only in the files
# that describe the installation: everything else there is the system's.
_DESCRIBES = re.compile(
    r"(_sysconfigdata\w*[\w.-]*\.py|_sysconfig_vars\w*[\w.-]*\.json|build-details\.json|Makefile"
    r"|python[\w.-]*config|python-config\.py|python[\w.-]*\.pc|pydoc[\d.]*)"
)
_OWN_PARTS = rb"(?=/(?:lib|include|share|bin/python|bin[\"' ]|bin$)|[\"' ]|$)"


def python_package(executable: Path | None = None, *, build: str = "repackaged_0") -> Package:
    """Repackage an interpreter's installation.

    Args:
        executable: the program file of another interpreter; the running one's when left out.
        build: the build string of the package.

    Raises:
        UsageError: this installation cannot be made relocatable; the message says why.
    """
    interpreter = inspect_interpreter(executable)
    summary = f"CPython {interpreter.version}, repackaged by sealenv from a local installation"
    if is_windows(interpreter.subdir):
        return windows_package(
            list(installation_payload(interpreter.prefix)),
            version=interpreter.version,
            build=build,
            subdir=interpreter.subdir,
            summary=summary,
        )
    payload = [_relocatable(item, interpreter) for item in _collect(interpreter)]
    _check_program(payload, interpreter)
    return Package(
        name="python",
        version=interpreter.version,
        build=build,
        subdir=interpreter.subdir,
        payload=tuple(sorted(payload, key=lambda item: item.path)),
        license="PSF-2.0",
        summary=summary,
        timestamp=TIMESTAMP,
        constrains=() if not interpreter.free_threaded else ("python-gil <0a0",),
        python_site_packages_path=interpreter.site_packages,
    )


def _check_program(payload: list[Payload], interpreter: Interpreter) -> None:
    """Refuse a program that would find its shared library only in the original installation."""
    program = next(item for item in payload if item.path == f"bin/{interpreter.tagged}").content
    if not (is_elf(program) and interpreter.library.encode() in program and interpreter.library):
        return
    if not any(entry.startswith("$ORIGIN") for entry in runpaths(program)):
        raise UsageError(
            "This Python finds its shared library by the system's configuration only.",
            where=f"{interpreter.executable}: {interpreter.library}",
            hint="Run sealenv with a Python from uv, pyenv or conda-forge.",
        )


def _collect(interpreter: Interpreter) -> Iterable[Payload]:
    tagged = interpreter.tagged
    lib = f"lib/{tagged}"
    stdlib = list(tree(interpreter.stdlib, lib))
    bundled = any("/ensurepip/_bundled/" in i.path and i.path.endswith(".whl") for i in stdlib)
    for item in stdlib:
        # Without its wheels ensurepip could only fail, so it is left out as a whole.
        if not bundled and item.path.startswith(f"{lib}/ensurepip/"):
            continue
        yield item
    custom = site_customization((interpreter.stdlib / "site.py").read_bytes())
    if custom is not None:
        yield Payload(f"{lib}/sitecustomize.py", data=custom)
    yield Payload(f"{lib}/site-packages/README.txt", data=b"Third-party packages go here.\n")
    yield from _programs(interpreter)
    include = interpreter.include or interpreter.prefix / "include" / tagged
    if include.is_dir():
        yield from tree(include, f"include/{tagged}")
    yield from _library(interpreter)
    libdir = interpreter.libdir or interpreter.prefix / "lib"
    for source in sorted((libdir / "pkgconfig").glob("python*.pc")):
        real = source.resolve()
        if interpreter.minor not in real.name or not real.is_file():
            continue
        if real.parent == source.parent.resolve() and real.name != source.name:
            yield Payload(f"lib/pkgconfig/{source.name}", symlink_target=real.name)
        else:
            yield Payload(f"lib/pkgconfig/{source.name}", source=real)


def _programs(interpreter: Interpreter) -> Iterable[Payload]:
    tagged, minor = interpreter.tagged, interpreter.minor
    yield Payload(f"bin/{tagged}", source=interpreter.executable, executable=True)
    for link in {"python", "python3", f"python{minor}"} - {tagged}:
        yield Payload(f"bin/{link}", symlink_target=tagged)
    for name, links in (
        (f"pydoc{minor}", ("pydoc", "pydoc3")),
        (f"{tagged}-config", ("python-config", "python3-config")),
    ):
        source = (interpreter.executable.parent / name).resolve()
        if source.is_file():
            yield Payload(f"bin/{name}", source=source, executable=True)
            for link in links:
                yield Payload(f"bin/{link}", symlink_target=name)


def _library(interpreter: Interpreter) -> Iterable[Payload]:
    """Yield the shared libpython and its development link, when there is one."""
    if not interpreter.library:
        return
    folders = [interpreter.libdir, interpreter.prefix / "lib", interpreter.executable.parent]
    found = next((f / interpreter.library for f in folders if f and _file(f, interpreter)), None)
    if found is None:
        # Debian: a "shared" build whose program is nonetheless linked statically.
        if interpreter.library.encode() in interpreter.executable.read_bytes():
            raise UsageError(
                "The shared library of this interpreter was not found.",
                where=f"{interpreter.executable}: {interpreter.library}",
            )
        return
    yield Payload(f"lib/{interpreter.library}", source=found.resolve(), executable=True)
    plain = re.sub(r"(\.so)\.[\d.]+$", r"\1", interpreter.library)
    if plain != interpreter.library:
        yield Payload(f"lib/{plain}", symlink_target=interpreter.library)
    stable = found.parent / "libpython3.so"
    if stable.is_file() and not interpreter.shares_system_prefix:
        yield Payload("lib/libpython3.so", source=stable.resolve(), executable=True)


def _file(folder: Path, interpreter: Interpreter) -> bool:
    return (folder / interpreter.library).is_file()


def _relocatable(item: Payload, interpreter: Interpreter) -> Payload:
    """Take the original prefix out of one file, or mark it for replacement when linking."""
    if item.symlink_target is not None:
        return item
    data = adapt(item.path.removeprefix(f"lib/{interpreter.tagged}/"), item.content)
    prefixes = {os.fsencode(p) for p in (interpreter.prefix, interpreter.prefix.resolve())}
    if is_elf(data):
        for prefix in sorted(prefixes):
            data = relocate(data, item.path, os.fsdecode(prefix))
            if not interpreter.shares_system_prefix:
                data = _neutral(data, prefix)
        return replace(item, data=data, source=None)
    if b"\0" in data[:4096]:
        if _is_macho(data) and not interpreter.shares_system_prefix:
            _refuse_macho(item, data, prefixes)
        return replace(item, data=data, source=None)
    prefixes |= _BUILD_PREFIXES
    describes = bool(_DESCRIBES.fullmatch(posixpath.basename(item.path)))
    text = data
    for prefix in sorted(prefixes, key=len, reverse=True):
        if not interpreter.shares_system_prefix and prefix not in _BUILD_PREFIXES:
            text = re.sub(re.escape(prefix) + _BOUNDARY, PLACEHOLDER.encode(), text)
        elif describes:
            own = rb"(?<![\w./-])" + re.escape(prefix) + _OWN_PARTS
            text = re.sub(own, PLACEHOLDER.encode(), text, flags=re.MULTILINE)
    if text == data:
        return replace(item, data=data, source=None)
    return replace(item, data=text, source=None, prefix_placeholder=PLACEHOLDER, file_mode="text")


_NOWHERE = b"/nowhere"


def _neutral(data: bytes, prefix: bytes) -> bytes:
    """Overwrite the old prefix in a program's constants: CPython only uses them as a last resort.

    The length and the last component stay: linkers let a constant such as the version share the
    tail of another one (`/opt/pythons/3.11.7` and `3.11.7`).
    """
    parent, _, last = prefix.rpartition(b"/")
    if len(parent) < len(_NOWHERE):
        return data
    return data.replace(prefix, _NOWHERE.ljust(len(parent) + 1, b"/") + last)


def _is_macho(data: bytes) -> bool:
    """Tell whether these bytes begin like a Mach-O file."""
    return data[:4] in (b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")


def _refuse_macho(item: Payload, data: bytes, prefixes: set[bytes]) -> None:
    head = data[: 64 * 1024]
    if any(prefix + b"/" in head for prefix in prefixes):
        raise UsageError(
            "This Python links its libraries by absolute path and cannot be repackaged.",
            where=item.path,
            hint="Run sealenv with a Python from uv or from conda-forge.",
        )
