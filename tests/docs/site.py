"""`python3 -m tests.docs.site [FOLDER]`: build the documentation site, strictly, in a venv of its own.

The venv has the dependency group `docs` and nothing else; it is in SEALENV_TEST_CACHE, named by
a digest of the group, so it is created once. Needs a Python with pip and nothing of the project.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("SEALENV_TEST_CACHE") or ROOT / ".cache")
READY = "sealenv-docs.stamp"

_READ_GROUP = """
import sys
try:
    import tomllib
except ImportError:
    from pip._vendor import tomli as tomllib
with open(sys.argv[1], encoding="utf-8") as file:
    print("\\n".join(tomllib.loads(file.read())["dependency-groups"]["docs"]))
"""


class SiteError(Exception):
    """The venv could not be made; the text says what to do."""


def site_python(cache: Path, environ: dict[str, str]) -> Path:
    """The Python that has the group `docs`; made where it is missing, older ones are removed.

    Raises:
        SiteError: no venv could be made, or pip could not install the group.
    """
    group = subprocess.run(
        [sys.executable, "-c", _READ_GROUP, ROOT / "pyproject.toml"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    key = hashlib.sha256(repr((sys.version, sys.prefix, group)).encode()).hexdigest()[:16]
    venv = cache / f"docs-{key}"
    python = venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if (venv / READY).is_file():
        return python
    for old in cache.glob("docs-*"):
        shutil.rmtree(old, ignore_errors=True)
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    commands = [
        # Debian's python3 without python3-venv has no ensurepip: our own pip installs from outside.
        [sys.executable, "-m", "venv", "--without-pip", "--clear", str(venv)],
        [*pip, "--disable-pip-version-check", "--no-input", *group],
    ]
    for command in commands:
        if subprocess.run(command, env=environ, check=False).returncode:
            raise SiteError(f"this failed, with the message above: {' '.join(command)}")
    (venv / READY).write_text("\n".join(group) + "\n", encoding="utf-8")
    return python


def build_site(folder: Path, environ: dict[str, str], *, cache: Path = CACHE) -> int:
    """Build the site into a folder (it is replaced); the exit code, 0 without any warning."""
    try:
        python = site_python(cache, environ)
    except SiteError as error:
        print(error, file=sys.stderr)
        return 1
    # Material for MkDocs prints a notice about MkDocs 2 on every build; CONTRIBUTING.md has ours.
    quiet = {"NO_MKDOCS_2_WARNING": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [str(python), "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    return subprocess.run(command, cwd=ROOT, env=environ | quiet, check=False).returncode


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else CACHE / "site"
    sys.exit(build_site(target.resolve(), dict(os.environ)))
