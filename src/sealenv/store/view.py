"""What conda and mamba inside the environments use as `pkgs`.

conda accepts an archive there when `urls.txt` names its URL; mamba when size and digest fit. We add
hard links (or copies, across file systems) and lines, and never change or remove what is theirs.
Where the folder is our own, `cache clean` takes back what was added.
"""

from __future__ import annotations

import contextlib
import filecmp
import os
import shutil
import subprocess
import sys
from pathlib import Path

from sealenv.layout import PKGS, is_link
from sealenv.locks import Lock
from sealenv.store.archives import Store

__all__ = ["link_pkgs", "offer", "take_back"]


def offer(store: Store, view: Path, lock: Lock) -> int:
    """Put the lock's archives into the view; returns how many were added."""
    view.mkdir(parents=True, exist_ok=True)
    urls = view / "urls.txt"  # conda takes a folder for a writable cache when this file is there
    added = []
    for package in lock.packages:
        target = view / package.fn
        if os.path.lexists(target):
            continue
        source = store.path(package)
        try:
            os.link(source, target)
        except FileExistsError:
            continue
        except OSError:
            partial = view / f".{package.fn}.{os.getpid()}"
            try:
                shutil.copyfile(source, partial)
                os.replace(partial, target)
            finally:
                partial.unlink(missing_ok=True)
        added.append(package.url)
    with urls.open("a+", encoding="utf-8", newline="\n") as file:
        file.seek(0)
        known = set(file.read().splitlines())  # of archives that were taken back, too
        file.write("".join(f"{url}\n" for url in added if url not in known))
    return len(added)


def take_back(store: Store, view: Path) -> None:
    """Remove the archives from the view that `offer` has put there; what conda has put there stays.

    Before those of the store are removed: only what is the same file, or has the same bytes, is ours.
    """
    if not store.archives.is_dir():
        return
    for folder in store.archives.iterdir():
        for archive in folder.iterdir() if folder.is_dir() else ():
            offered = view / archive.name
            if is_link(offered) or not offered.is_file():
                continue
            with contextlib.suppress(OSError):
                same = os.path.samefile(archive, offered)
                if same or filecmp.cmp(archive, offered, shallow=False):
                    offered.unlink()


def link_pkgs(prefix: Path, view: Path) -> bool:
    """Make `<prefix>/pkgs` a link (a junction on Windows) to the view; False when it cannot be.

    It is conda's default cache of an environment that is its own root, and the documents' layout.
    """
    link = prefix / PKGS
    if is_link(link) or link.exists():
        return is_link(link)
    if sys.platform == "win32":
        done = subprocess.run(
            ["cmd.exe", "/d", "/c", "mklink", "/J", str(link), str(view)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        return done.returncode == 0 and is_link(link)
    with contextlib.suppress(OSError):
        link.symlink_to(view, target_is_directory=True)
        return True
    return False
