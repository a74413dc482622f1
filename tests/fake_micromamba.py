"""A stand-in for micromamba: its command line, with py-rattler behind it.

    python fake_micromamba.py create -y -p PREFIX -c CHANNEL --override-channels python=3.12

It is not micromamba and proves nothing about it. It lets tests run, without a network, what calls
micromamba: it really solves, fetches and links, and leaves what micromamba 2.8 leaves (read from its
sources): records with micromamba's keys, history, a package cache with archives and urls.txt, and the
prefix in ~/.conda/environments.txt of the home that it was given.

Like micromamba, `create` with `--yes` deletes what is in a prefix that has a conda-meta folder, and
records name .pyc files that `--no-pyc` did not make. Unlike it: never compiles, runs no link scripts,
makes no shortcuts, entry points are py-rattler's. Needs py-rattler alone, on Linux and Windows.

Variables of the tests, each also with SEALENV_ in front, which sealenv's children keep:
    FAKE_MICROMAMBA_LOG      a file that gets a JSON line per call: argv, environment, folder, pid
    FAKE_MICROMAMBA_VERSION  what --version says; 2.8.1 when not set
    FAKE_MICROMAMBA_FAIL     end with this exit code after `Transaction starting`, or `kill`: by SIGKILL
    FAKE_MICROMAMBA_WAIT     a file: hold after `Transaction starting` until it is there
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import hashlib
import json
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit
from urllib.request import url2pathname


def told(name: str) -> str:
    """What the test wants."""
    name = f"FAKE_MICROMAMBA_{name}"
    return os.environ.get(f"SEALENV_{name}") or os.environ.get(name, "")


VERSION = told("VERSION") or "2.8.1"
EMPTY = hashlib.sha256().hexdigest()
ALIAS = "https://conda.anaconda.org"
SHOWN = (
    "APPDATA",
    "CONDA_",
    "MAMBA_",
    "PYTHON",
    "HOME",
    "USERPROFILE",
    "PATH",
    "TMP",
    "TEMP",
    "XDG_",
)
ARCHIVES = (".conda", ".tar.bz2")


class FakeError(Exception):
    """What micromamba would say before it ends with exit code 1."""


def main(argv: list[str]) -> int:
    log(argv)
    if argv[:1] == ["--version"]:
        say(VERSION)
        return 0
    options = parse(argv)
    try:
        return asyncio.run(install(options))
    except FakeError as error:
        print(f"critical libmamba {error}", file=sys.stderr, flush=True)
        return 1


def say(text: str) -> None:
    print(text, flush=True)


def log(argv: list[str]) -> None:
    name = told("LOG")
    if name:
        seen = {key: text for key, text in os.environ.items() if key.upper().startswith(SHOWN)}
        call = {"argv": argv, "environ": seen, "cwd": os.getcwd(), "pid": os.getpid()}
        call["exe"] = os.environ.get("SEALENV_FAKE_EXE", sys.argv[0])
        with open(name, "a", encoding="utf-8") as file:
            file.write(json.dumps(call) + "\n")


def parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="fake_micromamba", allow_abbrev=False)
    parser.add_argument("command", choices=["create", "install"])
    parser.add_argument("specs", nargs="*")
    parser.add_argument("-p", "--prefix", required=True)
    parser.add_argument("-r", "--root-prefix", required=True)
    parser.add_argument("-c", "--channel", action="append", default=[])
    parser.add_argument("-f", "--file", action="append", default=[])
    parser.add_argument("--platform")
    parser.add_argument("--safety-checks", choices=["enabled", "warn", "disabled"])
    for words in (
        ("-y", "--yes"), ("--offline",), ("--no-rc",), ("--no-pyc",), ("--no-shortcuts",),
        ("--override-channels",), ("--extra-safety-checks",),
    ):  # fmt: skip
        parser.add_argument(*words, action="store_true")
    return parser.parse_intermixed_args(argv)


# --- Where ------------------------------------------------------------------------------------


def home() -> Path:
    return Path(os.environ["USERPROFILE" if os.name == "nt" else "HOME"])


def cache(options: argparse.Namespace) -> Path:
    named = os.environ.get("CONDA_PKGS_DIRS", "")
    first = re.split("[,;]" if os.name == "nt" else "[,:]", named)[0] if named else ""
    return Path(first or Path(options.root_prefix, "pkgs")).absolute()


def target(options: argparse.Namespace) -> Path:
    """The prefix, checked as create and install do."""
    prefix = Path(options.prefix).absolute()
    if options.command == "install":
        if not (prefix / "conda-meta").exists():
            raise FakeError(f"Expected environment not found at prefix: {prefix}")
    elif prefix.is_dir() and any(prefix.iterdir()):
        if not (prefix / "conda-meta").exists():
            raise FakeError("Non-conda folder exists at prefix - aborting.")
        if not options.yes:
            raise FakeError("Aborting.")
        shutil.rmtree(prefix)  # yes, it does
    return prefix


def register(prefix: Path) -> None:
    file = home() / ".conda" / "environments.txt"
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    if str(prefix) not in lines:
        file.write_text("\n".join([*lines, str(prefix)]) + "\n", encoding="utf-8")


# --- What -------------------------------------------------------------------------------------


def read_specs(options: argparse.Namespace) -> tuple[bool, list[str]]:
    """Return whether they are explicit URLs, and the requested packages."""
    specs = list(options.specs)
    for name in options.file:
        lines = [line.strip() for line in Path(name).read_text(encoding="utf-8").splitlines()]
        if "@EXPLICIT" in lines:
            lines = lines[lines.index("@EXPLICIT") + 1 :]
            return True, [line for line in lines if line and not line.startswith("#")]
        specs += [line for line in lines if line and not line.startswith("#")]
    explicit = bool(specs) and all(spec.partition("#")[0].endswith(ARCHIVES) for spec in specs)
    return explicit, specs


class Wanted:
    """One package: its place and its expected digest."""

    def __init__(self, line: str) -> None:
        self.url, _, digest = line.partition("#")
        digest = digest.removeprefix("sha256:").lower()
        if digest and not re.fullmatch("[0-9a-f]{32}|[0-9a-f]{64}", digest):
            raise FakeError(f"not a digest: {digest}")
        self.algorithm = "md5" if len(digest) == 32 else "sha256"
        self.digest = digest
        self.file = self.url.rpartition("/")[2]
        self.channel = self.url.rsplit("/", 2)[0]

    def holds(self, path: Path) -> bool:
        found = hashlib.new(self.algorithm, path.read_bytes(), usedforsecurity=False).hexdigest()
        return not self.digest or found == self.digest


async def solve(options: argparse.Namespace, specs: list[str], platform: str) -> list[Wanted]:
    import rattler
    from rattler.networking import Client
    from rattler.repo_data.gateway import SourceConfig

    names = options.channel or ["conda-forge"]
    urls = [name if "://" in name else f"{ALIAS}/{name}" for name in names]
    action: Any = "force-cache-only" if options.offline else "cache-or-fetch"
    gateway = rattler.Gateway(
        cache_dir=cache(options) / "cache",
        client=Client(),
        default_config=SourceConfig(sharded_enabled=False, cache_action=action),
    )
    virtual: list[Any] = list(rattler.VirtualPackage.detect())
    if platform.startswith("win") and os.name != "nt":
        named = rattler.PackageName("__win"), rattler.Version("10.0")
        virtual = [
            rattler.GenericVirtualPackage(*named, rattler.package.BuildString.new_unchecked("0"))
        ]
    try:
        records = await rattler.solve(
            urls,
            specs,
            gateway=gateway,
            platforms=[platform, "noarch"],  # type: ignore[list-item]
            virtual_packages=virtual,
            channel_relations="disabled",
        )
    except Exception as error:
        raise FakeError(f"Could not solve for environment specs\n{error}") from error
    return [Wanted(f"{r.url}#{r.sha256.hex()}" if r.sha256 else r.url) for r in records]


# --- Fetch and link ---------------------------------------------------------------------------


async def fetch(options: argparse.Namespace, wanted: Wanted, pkgs: Path) -> Path:
    """Return the archive in the cache, with the expected digest."""
    path = pkgs / wanted.file
    if path.exists() and wanted.holds(path):
        return path
    path.unlink(missing_ok=True)
    try:
        if wanted.url.startswith("file:"):
            shutil.copyfile(url2pathname(urlsplit(wanted.url).path), path)
        elif options.offline:
            raise FakeError(f"Download error: offline mode, {wanted.url} is not cached")
        else:
            from rattler.networking import Client
            from rattler.package_streaming import download_to_path

            await download_to_path(Client(), wanted.url, path)
    except FakeError:
        raise
    except Exception as error:
        raise FakeError(f"Download error: {wanted.url}: {error}") from error
    if not wanted.holds(path):
        path.unlink()
        raise FakeError(f"{wanted.file} tarball has incorrect {wanted.algorithm.upper()}")
    with (pkgs / "urls.txt").open("a", encoding="utf-8") as file:
        file.write(wanted.url + "\n")
    return path


async def install(options: argparse.Namespace) -> int:
    import rattler
    from rattler.package_streaming import extract

    explicit, specs = read_specs(options)
    prefix = target(options)
    platform = options.platform or str(rattler.Subdir.current())
    pkgs = cache(options)
    pkgs.mkdir(parents=True, exist_ok=True)
    (pkgs / "urls.txt").touch()
    say("# fake_micromamba: a stand-in, not micromamba")
    packages = (
        [Wanted(s) for s in specs] if explicit else await solve(options, specs, platform)
    ) if specs else []  # fmt: skip
    say(f"\nTransaction\n\n  Prefix: {prefix}\n")
    say(f"  Summary:\n\n  Install: {len(packages)} packages\n")
    if options.command == "create":
        (prefix / "conda-meta").mkdir(parents=True, exist_ok=True)
        (prefix / "conda-meta" / "history").touch()
        register(prefix)
        if options.platform:
            (prefix / ".mambarc").write_text(f"platform: {platform}", encoding="utf-8")
    say("\nTransaction starting")
    misbehave()
    records, folders = [], []
    for wanted in packages:
        path = await fetch(options, wanted, pkgs)
        record = await rattler.RepoDataRecord.from_package_archive(path)
        folder = pkgs / path.name.removesuffix(".conda").removesuffix(".tar.bz2")
        shutil.rmtree(folder, ignore_errors=True)
        extract(path, folder)
        record.url, record.channel = path.as_uri(), wanted.channel
        records.append(record)
        folders.append(folder)
    with tempfile.TemporaryDirectory() as scratch:
        try:
            await rattler.install(
                records,
                prefix,
                cache_dir=Path(scratch),
                platform=rattler.Subdir(platform),
                installed_packages=[],
                execute_link_scripts=False,
                show_progress=False,
            )
        except Exception as error:
            raise FakeError(f"Error when linking: {error}") from error
    (prefix / "CACHEDIR.TAG").unlink(missing_ok=True)
    settle_clobbers(prefix, [folder.name for folder in folders])
    for wanted, folder in zip(packages, folders, strict=True):
        say(f"Linking {folder.name}")
        write_record(prefix, wanted, folder)
    write_history(prefix, packages, [] if explicit else specs)
    say("\nTransaction finished\n")
    if options.command == "create":
        say(f"\nTo activate this environment, use:\n\n    micromamba activate {prefix}\n")
    return 0


def misbehave() -> None:
    wait = told("WAIT")
    while wait and not os.path.exists(wait):
        time.sleep(0.02)
    code = told("FAIL")
    if code == "kill":
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
    elif code:
        print("error    libmamba told to fail by the test", file=sys.stderr, flush=True)
        leave(int(code))


def settle_clobbers(prefix: Path, dists: list[str]) -> None:
    """A path of two packages: micromamba keeps the last one of its list, on Windows the first."""
    kept: dict[str, str] = {}
    for dist in reversed(dists) if os.name == "nt" else dists:
        record = json.loads((prefix / "conda-meta" / f"{dist}.json").read_text(encoding="utf-8"))
        for entry in record["paths_data"]["paths"]:
            original = entry.get("original_path") or entry["_path"]
            kept[original.replace("\\", "/")] = entry["_path"]
    for path, source in kept.items():
        if source != path:
            os.replace(prefix / source, prefix / path)
    shutil.rmtree(prefix / "__clobbers__", ignore_errors=True)


def write_record(prefix: Path, wanted: Wanted, folder: Path) -> None:
    """The record as micromamba has it: fewer keys a path, a link's digest that of where it leads."""
    path = prefix / "conda-meta" / f"{folder.name}.json"
    linked = json.loads(path.read_text(encoding="utf-8"))
    record = json.loads((folder / "info" / "index.json").read_text(encoding="utf-8"))
    tarball = folder.parent / wanted.file
    facts = {
        "channel": wanted.channel,
        "fn": wanted.file,
        "url": wanted.url,
        "md5": hashlib.md5(tarball.read_bytes(), usedforsecurity=False).hexdigest(),
        "sha256": hashlib.sha256(tarball.read_bytes()).hexdigest(),
        "size": tarball.stat().st_size,
    }
    record |= facts
    record.setdefault("constrains", [])
    (folder / "info" / "repodata_record.json").write_text(json.dumps(record, indent=4))
    paths, entry_points = [], []
    for entry in linked["paths_data"]["paths"]:
        entry["_path"] = entry.get("original_path", entry["_path"]).replace("\\", "/")
        if "entry_point" in entry["path_type"]:
            entry_points.append({"_path": entry["_path"], "path_type": entry["path_type"]})
            continue
        keys = ("_path", "path_type", "sha256", "sha256_in_prefix", "no_link", "size_in_bytes")
        kept = {key: entry[key] for key in keys if entry.get(key)}
        kept.setdefault("sha256_in_prefix", entry.get("sha256") or EMPTY)
        if entry["path_type"] == "softlink":
            led = prefix / entry["_path"]
            data = led.read_bytes() if led.is_file() else b""
            kept["sha256_in_prefix"] = hashlib.sha256(data).hexdigest()
        paths.append(kept)
    if record.get("noarch") == "python":
        paths += [
            {"_path": pyc_of(entry["_path"]), "path_type": "pyc_file"}
            for entry in linked["paths_data"]["paths"]
            if entry["_path"].endswith(".py") and "site-packages/" in entry["_path"]
        ]
    paths += entry_points
    record |= {
        "paths_data": {"paths": paths, "paths_version": 1},
        "files": [entry["_path"] for entry in paths],
        "requested_spec": "",
        "package_tarball_full_path": f"{folder}.tar.bz2",
        "extracted_package_dir": str(folder),
        "link": {"source": str(folder), "type": 1},
    }
    path.unlink()  # py-rattler's is 0600
    path.write_text(json.dumps(record, indent=4), encoding="utf-8")


def pyc_of(path: str) -> str:
    folder, _, name = path.rpartition("/")
    minor = re.search(r"python(3)\.(\d+)", path)
    tag = "".join(minor.groups()) if minor else f"3{sys.version_info.minor}"
    return f"{folder}/__pycache__/{name.removesuffix('.py')}.cpython-{tag}.pyc"


def write_history(prefix: Path, packages: list[Wanted], specs: list[str]) -> None:
    now = dt.datetime.now()
    lines = [f"==> {now:%Y-%m-%d %H:%M:%S} <==", f"# cmd: {' '.join(sys.argv)}"]
    lines.append("# conda version: 3.8.0")
    for wanted in packages:
        stem = wanted.file.removesuffix(".conda").removesuffix(".tar.bz2")
        lines.append(f"+{wanted.url.rpartition('/')[0]}::{stem}")
    if specs:
        lines.append(f"# update specs: {json.dumps(specs)}")
    with (prefix / "conda-meta" / "history").open("a", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


def leave(code: int) -> NoReturn:
    """py-rattler can crash while an interpreter shuts down; on Windows even `os._exit` can hang."""
    sys.stdout.flush()
    sys.stderr.flush()
    if sys.platform == "win32":
        import ctypes

        kernel = ctypes.WinDLL("kernel32")
        kernel.GetCurrentProcess.restype = ctypes.c_void_p
        kernel.TerminateProcess.argtypes = [ctypes.c_void_p, ctypes.c_uint]
        kernel.TerminateProcess(kernel.GetCurrentProcess(), code)
    os._exit(code)


if __name__ == "__main__":
    leave(main(sys.argv[1:]))
