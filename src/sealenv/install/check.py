"""Check that an environment works: through its own activation script, in a clean process."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import CompletedProcess, TimeoutExpired
from typing import Any

from sealenv.activation import launch
from sealenv.errors import CheckFailedError
from sealenv.gates.admission import command_processor, private_folders
from sealenv.spec.model import EnvironmentSpec
from sealenv.system.processes import clean_home, run_quietly

_SECONDS = 180.0
_TOKEN_VARIABLE = "SEALENV_CHECK_TOKEN"

# The environment's python starts pip, conda and mamba side by side, and imports the rest meanwhile.
_PROGRAM = r"""
import os, subprocess, sys
def find(tool):
    import shutil
    return shutil.which(tool)
def words(program):
    if not program.lower().endswith((".bat", ".cmd")):
        return [program, "--version"]
    # In quotes for cmd.exe, whatever is in the path: a list is quoted for spaces only.
    return '"%s" /d /v:off /s /c ""%s" --version"' % (CMD, program)
running = {}
for tool, module in TOOLS:
    program = sys.executable if module else find(tool)
    command = [program, "-m", module, "--version"] if module else program and words(program)
    running[tool] = program, program and subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
import json
answers = {}
for tool, (program, process) in running.items():
    out = process.communicate()[0].decode("utf-8", "replace") if process else "not on PATH"
    answers[tool] = program, process.returncode if process else 127, out.strip()
print(json.dumps({
    "version": sys.version.split()[0], "prefix": sys.prefix, "executable": sys.executable,
    "path": sys.path, "which": find("python"), "conda_prefix": os.environ.get("CONDA_PREFIX"),
    "tools": answers}))
"""


@dataclass(frozen=True)
class CheckReport:
    """The versions of python and of the tools in the environment."""

    python: str | None
    tools: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, object]:
        """Return it for the seal and `--json`."""
        return {"python": self.python, "tools": dict(self.tools)}


def check_environment(
    prefix: Path,
    spec: EnvironmentSpec,
    versions: Mapping[str, str],
    environ: Mapping[str, str],
    *,
    token: str,
    keep_fd: int | None = None,
    came_from: str | None = None,
) -> CheckReport:
    """Activate the environment and run its programs.

    Args:
        prefix: the prefix, still pending.
        spec: the request: requested conda and mamba must answer.
        versions: of all installed packages, by name, which the answers must match.
        environ: a clean environment.
        token: lets this check pass the activation script despite the marker.
        keep_fd: see `run_quietly`.
        came_from: the previous place of a moved environment. Folders that its user added to
            `sys.path` are allowed then, except those in the previous place.

    Raises:
        CheckFailedError: with all problems, not only the first.
    """
    program = None
    if "python" in versions:
        tools = [("pip", "pip")] if "pip" in versions else []
        tools += [(t, "") for t in ("conda", "mamba") if spec.asks_for(t)]
        program = f"TOOLS = {tools!r}\nCMD = {command_processor(environ)!r}\n{_PROGRAM}"
    done = _run(prefix, program, environ, token, keep_fd)
    if program is None:
        if done.returncode != 0:
            raise _failed(prefix, [f"activation failed: {done.stderr.strip()}"])
        return CheckReport(python=None)
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()[-10:]
        raise _failed(prefix, [f"its python did not run (exit code {done.returncode})", *said])
    try:
        answer = json.loads(done.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        raise _failed(prefix, ["its python gave an unexpected answer"]) from None
    problems = _problems(answer, prefix, versions, came_from)
    if problems:
        raise _failed(prefix, problems)
    return CheckReport(
        python=answer["version"], tools={k: _version_line(v[2]) for k, v in answer["tools"].items()}
    )


def _run(
    prefix: Path, program: str | None, environ: Mapping[str, str], token: str, keep_fd: int | None
) -> CompletedProcess[str]:
    """Activate the environment in a clean process, and run a program in its python, if there is one."""
    with clean_home() as home:
        env = {
            **environ,
            **private_folders(home),
            _TOKEN_VARIABLE: token,
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        argv = ["python", "-"] if program else []
        if os.name == "nt":
            # Otherwise programs in the current folder are found first.
            env["NoDefaultCurrentDirectoryInExePath"] = "1"
            # A relative path: cmd.exe cannot quote every prefix.
            command = [command_processor(env), "/d", "/v:off", "/c", "call", ".\\activate.bat"]
            command += ["&&", *argv] if argv else []
        else:
            command = launch.command(str(prefix), argv or ["true"])
        try:
            return run_quietly(
                command, env=env, cwd=prefix, timeout=_SECONDS, keep_fd=keep_fd, text_input=program
            )
        except TimeoutExpired:
            raise _failed(prefix, [f"no answer within {_SECONDS:g} seconds"]) from None


def _problems(
    answer: Mapping[str, Any], prefix: Path, versions: Mapping[str, str], came_from: str | None
) -> list[str]:
    """List everything in the answer that does not belong to this environment."""
    problems = []
    for key in ("prefix", "executable", "which", "conda_prefix"):
        if not answer[key] or not _is_inside(answer[key], prefix):
            problems.append(f"{key} is {answer[key]!r}, outside the environment")
    for path in filter(None, answer["path"]):
        if _is_inside(path, prefix):
            continue
        if came_from is None:
            problems.append(f"sys.path has a folder outside: {path!r}")
        elif _is_inside(path, came_from):
            problems.append(f"sys.path has a folder of the previous place: {path!r}")
    for tool, (path, code, said) in answer["tools"].items():
        last = said.splitlines()[-1] if said else "no output"
        if code != 0:
            problems.append(f"{tool} --version failed ({code}): {last}")
        elif not _is_inside(path, prefix):
            problems.append(f"{tool} is {path!r}, outside the environment")
        elif versions.get(tool, "") not in said:  # some launchers exit with 0 when they fail
            problems.append(f"{tool} --version prints {last!r}, not {versions[tool]}")
    return problems


def _is_inside(path: object, folder: str | Path) -> bool:
    root = os.path.normcase(os.path.realpath(folder))
    real = os.path.normcase(os.path.realpath(str(path)))
    return real == root or real.startswith(root + os.sep)


def _version_line(text: str) -> str:
    """Return the first line, without the place that pip prints."""
    return re.split(r" from (?=/|[A-Za-z]:\\|\\\\)", text.splitlines()[0])[0] if text else ""


def _failed(prefix: Path, problems: list[str]) -> CheckFailedError:
    return CheckFailedError(
        "the environment was made, but it does not work",
        where=str(prefix),
        details=problems,
        hint="it is kept, pending, for inspection; the next create of the same name replaces it",
    )
