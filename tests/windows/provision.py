"""Make a Windows on Linux, from nothing: `python3 -m tests.windows.provision FOLDER`.

As root on Debian: a small Debian with Wine 10 in a folder (chroot), a Wine prefix, the real CPython for
Windows with the project's dependencies as Windows wheels, curl.exe and sed.exe cross-built from Debian's
sources, and two stand-ins for programs that Wine lacks (fake_certutil.c). What is there already is not
made again; each part appears at one instant, by a rename. Nothing is left mounted: every chroot runs in
a mount namespace of its own (see wine.py).
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from importlib.metadata import requires
from pathlib import Path

from release.embedded import embedded_files
from tests.windows.wine import wine_command

HERE = Path(__file__).resolve().parent
SUITE = "trixie"
"""Debian 13: its Wine 10 runs batch files right; Debian 12's Wine 8 does not."""
SOURCES = "bookworm"
"""Debian 12: the sources that build curl and sed with mingw as they are."""
PYTHON = "3.12"
TESTING = (
    "colorama",
    "packaging",
    "pytest>=8.3",
    "pytest-xdist>=3.6",
    "hypothesis>=6.115",
    "psutil>=6",
)
COMPILER = "x86_64-w64-mingw32-gcc"
NEEDED = {"mmdebstrap": "mmdebstrap", COMPILER: "gcc-mingw-w64-x86-64-win32", "make": "make"}


class ProvisionError(Exception):
    """Wine could not be set up; the text says what to do."""


def main(argv: list[str]) -> int:
    """Make what is missing in the folder; prints what it does."""
    folder = Path(argv[0]).resolve()
    try:
        provision(folder)
    except (ProvisionError, subprocess.CalledProcessError, OSError) as error:
        print(f"Wine could not be set up: {error}", file=sys.stderr)
        return 1
    return 0


def provision(folder: Path) -> None:
    """Every part of the Windows, made where it is missing.

    Raises:
        ProvisionError: this machine cannot do it.
        subprocess.CalledProcessError: a step failed; its output was shown.
    """
    if os.geteuid() != 0:
        raise ProvisionError("a chroot takes root")
    absent = [package for program, package in NEEDED.items() if not shutil.which(program)]
    if absent:
        raise ProvisionError(f"install with apt-get: {' '.join(absent)}")
    folder.mkdir(parents=True, exist_ok=True)
    _part(folder / "root", "Debian with Wine", SUITE, _debian)
    _part(folder / "tools", "curl.exe, sed.exe and stand-ins", _tools_key(), _tools)
    _part(folder / "python", "Python for Windows", _python_key(), _python)
    key = f"{_read_key(folder / 'root')} {_read_key(folder / 'tools')}"
    _part(folder / "prefix", "Wine prefix", key, lambda made: _prefix(folder, made))


def _part(target: Path, what: str, key: str, make: Callable[[Path], None]) -> None:
    """Make one part beside its place and rename it, unless it is there with the same key."""
    if _read_key(target) == key:
        return
    print(f"-- {what}", flush=True)
    if target.exists():
        shutil.rmtree(target)
    scratch = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}-"))
    made = scratch / target.name
    try:
        make(made)
        (made / ".key").write_text(key, encoding="utf-8")
        made.rename(target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _read_key(part: Path) -> str | None:
    key = part / ".key"
    return key.read_text(encoding="utf-8") if key.is_file() else None


def _run(*command: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None) -> None:
    subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        check=True,
    )


def _digest(*parts: str | bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.encode() if isinstance(part, str) else part)
    return digest.hexdigest()[:16]


# --- Debian and Wine --------------------------------------------------------------------------


def _debian(made: Path) -> None:
    exclude = [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in ("man", "doc", "locale")]
    command = ["mmdebstrap", "--quiet", "--variant=apt", "--include=wine64,wine", *exclude]
    _run(*command, SUITE, made, _mirror())
    shutil.rmtree(made / "var/cache/apt", ignore_errors=True)
    shutil.rmtree(made / "var/lib/apt/lists", ignore_errors=True)


def _mirror() -> str:
    """The Debian mirror that this machine itself uses."""
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI)|$(ORIGIN)|$(SUITE)"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    found = [line.split("|")[0] for line in lines if "|Debian|" in line]
    plain = [url for url in found if "security" not in url]
    if not plain:
        raise ProvisionError("apt knows no Debian mirror here; run apt-get update")
    return plain[0]


def _prefix(folder: Path, made: Path) -> None:
    """A Wine prefix that has booted once, with the tools in its system32."""
    made.mkdir()
    home = made / "home"
    home.mkdir()
    for command in (["wine", "wineboot", "-i"], ["wineserver", "-w"]):
        # Output to nowhere: Wine's services inherit it, and a pipe would never end.
        argv, env = wine_command(folder, made / "wine", command, folders=[])
        subprocess.run(
            argv,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
        )
    system32 = made / "wine/drive_c/windows/system32"
    for tool in ("curl.exe", "certutil.exe"):
        (system32 / tool).unlink(missing_ok=True)
        shutil.copy(folder / "tools" / tool, system32 / tool)


# --- Python for Windows -----------------------------------------------------------------------


def _requirements() -> list[str]:
    return [*(requires("sealenv") or []), *TESTING]


def _python_key() -> str:
    return _digest(PYTHON, *_requirements())


def _python(made: Path) -> None:
    """The official embeddable build, with the project's dependencies in `lib`."""
    with tempfile.TemporaryDirectory() as scratch:
        for name, data in embedded_files(Path(scratch)):
            path = made / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    # PYTHONPATH is ignored with ._pth: the caller adds the source folder to sys.path.
    (made / "python312._pth").write_text("python312.zip\n.\nlib\nimport site\n")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    target = ["--target", str(made / "lib"), "--platform", "win_amd64", "--only-binary=:all:"]
    _run(*pip, "--no-input", *target, "--python-version", PYTHON, *_requirements())


# --- Tools ------------------------------------------------------------------------------------


def _tools_key() -> str:
    return _digest((HERE / "fake_certutil.c").read_bytes(), "curl sed 2")


def _tools(made: Path) -> None:
    made.mkdir()
    compile_exe(HERE / "fake_certutil.c", made / "certutil.exe")
    with tempfile.TemporaryDirectory() as scratch:
        curl, sed = _sources(Path(scratch), "curl", "sed")
        # Schannel is Windows' own TLS, as in the curl.exe that Windows 10 and 11 bring.
        without = [f"--without-{name}" for name in ("zlib", "libpsl", "brotli", "zstd", "nghttp2")]
        # Windows' own threads, too: mingw's would be another DLL.
        options = [
            "--with-schannel",
            "--disable-pthreads",
            "--disable-shared",
            "--disable-ldap",
            "--disable-manual",
        ]
        _build(curl, [*options, *without, "--without-libidn2"], "")
        shutil.copy(curl / "src/curl.exe", made)
        _build(sed, ["--disable-nls"], "-lssp -lbcrypt")
        shutil.copy(sed / "sed/sed.exe", made)


def compile_exe(source: Path, target: Path, **defines: str) -> None:
    """One C file to a Windows program without any DLL but Windows' own; defines are strings."""
    escaped = {name: re.sub(r'(["\\\\])', r"\\\1", value) for name, value in defines.items()}
    words = [f'-D{name}="{value}"' for name, value in escaped.items()]
    command = [COMPILER, "-O1", "-s", "-static", "-municode", *words]
    _run(*command, "-o", target, source, "-ladvapi32", "-lbcrypt")


def _build(source: Path, options: list[str], libraries: str) -> None:
    script = './configure "$@" >/dev/null 2>&1 && make -j2 >/dev/null 2>build.log'
    quick = ["--host=x86_64-w64-mingw32", "--disable-dependency-tracking", "--quiet"]
    # mingw's own DLLs (stack protector, threads) are not in Windows.
    compiler = f"{COMPILER} -static"
    subprocess.run(
        ["sh", "-c", script, "sh", *quick, *options],
        cwd=source,
        env={**os.environ, "CC": compiler, "CFLAGS": "-O1 -w", "LIBS": libraries},
        stdin=subprocess.DEVNULL,
        check=True,
    )


def _sources(scratch: Path, *names: str) -> list[Path]:
    """Debian's source packages of these names, unpacked, without a change to apt's own lists."""
    (scratch / "lists/partial").mkdir(parents=True)
    (scratch / "sources.list").write_text(f"deb-src {_mirror()} {SOURCES} main\n")
    options = {
        "Dir::Etc::sourcelist": scratch / "sources.list",
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::State::lists": scratch / "lists",
        "APT::Sandbox::User": "root",
    }
    apt = ["apt-get", "-qq", *(f"-o{name}={value}" for name, value in options.items())]
    _run(*apt, "update", cwd=scratch)
    _run(*apt, "--download-only", "source", *names, cwd=scratch)
    folders = []
    for name in names:
        (archive,) = scratch.glob(f"{name}_*.orig.tar.?z")
        before = set(scratch.iterdir())
        with tarfile.open(archive) as tar:
            tar.extractall(scratch, filter="data")
        (folder,) = set(scratch.iterdir()) - before
        folders.append(folder)
    return folders


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
