"""pip, run for another machine than this one, in a process of its own.

pip takes tags for another machine (`--platform`, `--python-version`, `--abi`) but evaluates markers for
the interpreter that it runs in (pip #11198), and it takes for installed what lies on `sys.path`. Both
would make a wrong lock. So it is started by a small program that gives its vendored `packaging` the
markers of the target, and a `sys.path` with the standard library and the target's distributions alone.
The program proves that the markers took effect, by pip's own Marker, before it lets pip begin.

Its arguments come through a pipe: a password in them is in no file, variable or list of processes.
The pipe stays open, and its end is the program's: it does not outlive us.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from sealenv.errors import EngineError

__all__ = ["NO_EFFECT", "run_pip"]

NO_EFFECT = 86
"""The exit code when the markers did not take effect."""

_PROGRAM = r"""
import importlib.util, json, os, sys, threading
job = json.loads(sys.stdin.readline())
def watch():
    while os.read(0, 1):
        pass
    os._exit(1)
threading.Thread(target=watch, daemon=True).start()
def foreign(folder):
    try:
        return any(name.endswith(".dist-info") for name in os.listdir(folder))
    except OSError:
        return False
sys.path[:] = [p for p in sys.path if p and not foreign(p)] + [job["installed"]]
spec = importlib.util.spec_from_file_location(
    "pip", job["pip"], submodule_search_locations=[os.path.dirname(job["pip"])])
sys.modules["pip"] = pip = importlib.util.module_from_spec(spec)
spec.loader.exec_module(pip)
from pip._vendor.packaging import markers
def holds(name, value):
    return markers.Marker("%s == %s" % (name, json.dumps(value))).evaluate()
for target in ({k: "sealenv-probe" for k in job["markers"] if "version" not in k}, {}):
    values = dict(job["markers"], **target)
    markers.default_environment = lambda: dict(values)
    if not all(holds(name, value) for name, value in values.items()):
        sys.exit(NO_EFFECT)
from pip._internal.cli.main import main
sys.exit(main(job["args"]))
"""


def run_pip(
    args: Sequence[str],
    *,
    markers: Mapping[str, str],
    installed: Path,
    environ: Mapping[str, str],
    cwd: Path,
) -> subprocess.CompletedProcess[str]:
    """Run our own pip to its end; it ends when we do.

    Args:
        args: its arguments; nobody else sees them.
        markers: every variable of PEP 508 but `extra`.
        installed: a folder of .dist-info: what pip shall take for installed.
        environ: a clean environment.
        cwd: its folder.

    Raises:
        EngineError: there is no pip beside us, or it does not take the markers.
    """
    found = importlib.util.find_spec("pip")
    if found is None or not found.origin:
        raise EngineError(
            "pip is not installed beside sealenv, which resolves 'pip:' sections with it",
            where=sys.prefix,
            hint="install it there: python -m ensurepip",
        )
    job = {
        "pip": os.path.abspath(found.origin),
        "markers": dict(markers),
        "installed": str(installed),
        "args": list(args),
    }
    program = f"NO_EFFECT = {NO_EFFECT}\n{_PROGRAM}"
    words = [sys.executable, "-I", "-S", "-B", "-X", "utf8", "-c", program]
    done = _run(words, json.dumps(job), environ, cwd)
    if done.returncode == NO_EFFECT:
        raise EngineError(
            "this pip cannot resolve for another python than its own: it ignores the markers",
            where=found.origin,
            hint="install another version of pip beside sealenv",
        )
    return done


def _run(
    words: Sequence[str], line: str, environ: Mapping[str, str], cwd: Path
) -> subprocess.CompletedProcess[str]:
    """With one line on its stdin, which stays open as long as it runs."""
    with subprocess.Popen(
        words,
        env=dict(environ),
        cwd=cwd,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as process:
        pipe, process.stdin = process.stdin, None  # else `communicate` closes it
        assert pipe is not None
        try:
            with contextlib.suppress(OSError):  # it ended already: the exit code tells
                pipe.write(line + "\n")
                pipe.flush()
            stdout, stderr = process.communicate()
        except BaseException:
            process.kill()
            raise
        finally:
            with contextlib.suppress(OSError):
                pipe.close()
    return subprocess.CompletedProcess(words, process.returncode, stdout, stderr)
