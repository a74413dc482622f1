"""Install the locked wheels with the environment's own pip, from the store, with every digest required.

pip uses no index, no dependencies, no configuration and no cache. The same wheel gives the same files
everywhere, except scripts and their digests in RECORD, which contain the prefix. The files that
sealenv compiles are not in RECORD: pip uninstalls those of each source.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sealenv.errors import LinkError
from sealenv.gates.admission import private_folders
from sealenv.install.preflight import site_packages_of
from sealenv.layout import bin_dirs, is_windows, python_exe
from sealenv.locks import Lock, LockedWheel
from sealenv.store.archives import Store
from sealenv.system.processes import clean_home, run_quietly


@dataclass(frozen=True)
class InstalledWheel:
    """One wheel in the prefix.

    Attributes:
        name: its normalised name.
        record: the path of its RECORD, relative to the prefix.
        files: every path in it, relative to the prefix, with `/`.
    """

    name: str
    record: str
    files: tuple[str, ...]

    @property
    def sources(self) -> list[str]:
        """List the importable .py files that the wheel does not ship compiled."""
        site = self.record.rpartition("/")[0].rpartition("/")[0]
        shipped = {f.rsplit(".", 2)[0].replace("/__pycache__/", "/") for f in self.files
                   if f.endswith(".pyc")}  # fmt: skip
        return [
            f for f in self.files
            if f.endswith(".py") and f.startswith(f"{site}/") and f[:-3] not in shipped
        ]  # fmt: skip


def install_wheels(
    prefix: Path,
    lock: Lock,
    store: Store,
    environ: Mapping[str, str],
    *,
    keep_fd: int | None = None,
) -> list[InstalledWheel]:
    """Install the wheels of the lock.

    Args:
        prefix: the linked prefix, of a platform that runs here.
        lock: the packages and wheels.
        store: has the wheels.
        environ: a clean environment.
        keep_fd: see `run_quietly`.

    Raises:
        LinkError: pip failed, with its output in the details; it deleted or changed other files; or
            two wheels ship different files of one name.
    """
    if not lock.wheels:
        return []
    with clean_home() as home:
        wanted = home / "requirements.txt"
        wanted.write_text(_requirements(lock.wheels, store), encoding="utf-8")
        command = [
            str(python_exe(prefix, lock.platform)), "-I", "-B", "-m", "pip", "install",
            "--require-hashes", "--no-deps", "--no-index", "--only-binary", ":all:", "--no-compile",
            "--no-cache-dir", "--no-input", "--disable-pip-version-check",
            "--no-warn-script-location", "--quiet", "-r", str(wanted),
        ]  # fmt: skip
        env = _environ(environ, prefix, lock.platform, home)
        done = run_quietly(command, env=env, cwd=home, keep_fd=keep_fd)
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()[-10:]
        raise LinkError(
            f"the environment's pip could not install the wheels (exit code {done.returncode})",
            where=str(prefix),
            details=said,
            hint="read pip's message above; if a wheel does not fit this machine, lock again",
        )
    site = site_packages_of(lock) or ""
    return [_installed(prefix, site, wheel, store) for wheel in lock.wheels]


def _requirements(wheels: Sequence[LockedWheel], store: Store) -> str:
    """Return the requirements file: each wheel by name, version and digest, and its file in the store.

    pip would record a URL in direct_url.json (PEP 610).
    """
    links = [f"--find-links {store.path(wheel).as_uri()}" for wheel in wheels]
    pins = [f"{w.name}=={w.version} --hash=sha256:{w.sha256}" for w in wheels]
    return "\n".join([*links, *pins, ""])


def _environ(environ: Mapping[str, str], prefix: Path, platform: str, home: Path) -> dict[str, str]:
    separator = ";" if is_windows(platform) else ":"
    path = [*(str(d) for d in bin_dirs(prefix, platform)), environ.get("PATH", "")]
    return {
        **environ,
        **private_folders(home),
        **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(home)),
        "PATH": separator.join(path),
        "PIP_CONFIG_FILE": os.devnull,
        # As variables: an older pip ignores unknown variables, but not unknown options.
        "PIP_ROOT_USER_ACTION": "ignore",
        "PIP_BREAK_SYSTEM_PACKAGES": "1",
        "PIP_USER": "0",
    }


def _installed(prefix: Path, site: str, wheel: LockedWheel, store: Store) -> InstalledWheel:
    """Read the RECORD that pip has written."""
    manifest = store.manifest(wheel)
    assert manifest is not None
    record = f"{site}/{manifest.dist_info}/RECORD"
    try:
        with (prefix / record).open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.reader(file) if row]
    except OSError as error:
        raise LinkError(
            f"pip succeeded, but did not install {wheel.dist}: {error.strerror}",
            where=str(prefix / record),
            hint="run the same command again",
        ) from error
    files = [os.path.normpath(f"{site}/{row[0]}").replace(os.sep, "/") for row in rows]
    return InstalledWheel(wheel.name, record, tuple(files))
