"""The proof that a new environment works: through its own activation script, in a clean process."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import CompletedProcess, TimeoutExpired

from sealenv.activation import launch
from sealenv.activation.winlaunch import command_processor
from sealenv.errors import CheckFailedError
from sealenv.gates.whitelist import private_folders
from sealenv.spec.model import EnvironmentSpec
from sealenv.system.processes import clean_home, run_quietly

__all__ = ["CheckReport", "check_environment"]

_SECONDS = 180.0
TOKEN_VARIABLE = "SEALENV_CHECK_TOKEN"

_PROGRAM = r"""
import json, os, shutil, subprocess, sys
def words(program):
    if not program.lower().endswith((".bat", ".cmd")):
        return [program, "--version"]
    # In quotes for cmd.exe whatever is in the path: a list is quoted for spaces alone.
    return '"%s" /d /v:off /s /c ""%s" --version"' % (CMD, program)
running = {}
for tool, module in TOOLS:
    program = sys.executable if module else shutil.which(tool)
    if not program:
        running[tool] = None
        continue
    command = [program, "-m", module, "--version"] if module else words(program)
    running[tool] = (program, subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT))
answers = {}
for tool, started in running.items():
    if started is None:
        answers[tool] = [None, 127, "not on PATH"]
    else:
        out = started[1].communicate()[0].decode("utf-8", "replace").strip()
        answers[tool] = [started[0], started[1].returncode, out]
print(json.dumps({
    "version": sys.version.split()[0], "prefix": sys.prefix, "executable": sys.executable,
    "path": sys.path, "which": shutil.which("python"), "conda_prefix": os.environ.get("CONDA_PREFIX"),
    "tools": answers}))
"""


@dataclass(frozen=True)
class CheckReport:
    """What the environment said of itself."""

    python: str | None
    tools: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, object]:
        """For the seal and `--json`."""
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
    """Activate and ask.

    Args:
        prefix: the prefix, still pending.
        spec: what was asked for: conda and mamba must answer where they were.
        versions: of all installed packages, by name: what answers must be that one.
        environ: a clean environment.
        token: lets this one check pass the script while the marker is there.
        keep_fd: see `run_quietly`.
        came_from: of one that was used before and is at another place now: where it was. Its user may
            have put folders on `sys.path` since it was made; only none in there.

    Raises:
        CheckFailedError: with everything that is wrong, not only the first.
    """
    with clean_home() as home:
        env = {
            **environ,
            **private_folders(home),
            TOKEN_VARIABLE: token,
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        if os.name == "nt":
            # Or the shell and what it starts would find programs of the folder that they run in.
            env["NoDefaultCurrentDirectoryInExePath"] = "1"
        if "python" not in versions:
            done = _run(_command(prefix, env, []), env, prefix, keep_fd)
            if done.returncode != 0:
                raise _failed(prefix, [f"activation failed: {done.stderr.strip()}"])
            return CheckReport(python=None)
        tools = [("pip", "pip")] if "pip" in versions else []
        tools += [(t, "") for t in ("conda", "mamba") if spec.asks_for(t)]
        # Through stdin: no command line of cmd.exe could hold it.
        program = f"TOOLS = {tools!r}\nCMD = {command_processor(env)!r}\n{_PROGRAM}"
        done = _run(_command(prefix, env, ["python", "-"]), env, prefix, keep_fd, program)
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()[-10:]
        raise _failed(prefix, [f"its python did not run (exit code {done.returncode})", *said])
    try:
        answer = json.loads(done.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        raise _failed(prefix, ["its python said something else than it was asked"]) from None
    problems = _judge(answer, prefix, versions, came_from)
    if problems:
        raise _failed(prefix, problems)
    return CheckReport(
        python=answer["version"], tools={k: _version_line(v[2]) for k, v in answer["tools"].items()}
    )


def _command(prefix: Path, env: Mapping[str, str], argv: Sequence[str]) -> list[str]:
    """Activation by the script in the prefix, then plain words; it runs in the prefix."""
    if os.name != "nt":
        return launch.command(str(prefix), argv or ["true"])
    # The script by a relative path: that of the prefix may hold what a command line cannot quote.
    rest = ["&&", *argv] if argv else []
    return [command_processor(env), "/d", "/v:off", "/c", "call", ".\\activate.bat", *rest]


def _run(
    command: Sequence[str],
    env: Mapping[str, str],
    prefix: Path,
    keep_fd: int | None,
    program: str | None = None,
) -> CompletedProcess[str]:
    try:
        return run_quietly(
            command, env=env, cwd=prefix, timeout=_SECONDS, keep_fd=keep_fd, text_input=program
        )
    except TimeoutExpired:
        raise _failed(prefix, [f"no answer within {_SECONDS:g} seconds"]) from None


def _judge(
    answer: dict[str, object],
    prefix: Path,
    versions: Mapping[str, str],
    came_from: str | None = None,
) -> list[str]:
    """Every way in which the answer is not that of a sealed environment."""

    def inside(path: object, folder: str | Path = prefix) -> bool:
        root = os.path.normcase(os.path.realpath(folder))
        real = os.path.normcase(os.path.realpath(str(path)))
        return real == root or real.startswith(root + os.sep)

    problems = []
    for key in ("prefix", "executable", "which", "conda_prefix"):
        if not answer[key] or not inside(answer[key]):
            problems.append(f"{key} is {answer[key]!r}, outside the environment")
    paths = answer["path"]
    assert isinstance(paths, list)
    for path in filter(None, paths):
        if came_from is None and not inside(path):
            problems.append(f"sys.path leads outside: {path!r}")
        elif came_from is not None and inside(path, came_from) and not inside(path):
            problems.append(f"sys.path leads to where it was: {path!r}")
    tools = answer["tools"]
    assert isinstance(tools, dict)
    for tool, (path, code, said) in tools.items():
        if code != 0:
            problems.append(f"{tool} --version failed ({code}): {_last_line(said)}")
        elif not inside(path):
            problems.append(f"{tool} would be {path!r}, outside the environment")
        elif versions.get(tool, "") not in said:
            # Some launchers say that they failed, and exit with 0.
            problems.append(f"{tool} --version says {_last_line(said)!r}, not {versions[tool]}")
    return problems


def _version_line(text: str) -> str:
    """The first line, without the place that pip tells: `_judge` has seen where it is."""
    return re.split(r" from (?=/|[A-Za-z]:\\|\\\\)", text.splitlines()[0])[0] if text else ""


def _last_line(text: str) -> str:
    return text.splitlines()[-1] if text else "it said nothing"


def _failed(prefix: Path, problems: list[str]) -> CheckFailedError:
    return CheckFailedError(
        "the environment was made, but it does not work",
        where=str(prefix),
        details=problems,
        hint="it is kept, pending, for you to look at; the next create of the same name replaces it",
    )
