"""The proof that a new environment works: through its own activation script, in a clean process."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import CompletedProcess, TimeoutExpired

from sealenv.activation import launch
from sealenv.errors import CheckFailedError
from sealenv.host.process import clean_home, run_quietly
from sealenv.spec import EnvironmentSpec

__all__ = ["CheckReport", "check_environment"]

_SECONDS = 180.0
TOKEN_VARIABLE = "SEALENV_CHECK_TOKEN"

_PROGRAM = r"""
import json, os, shutil, subprocess, sys
tools = json.loads(sys.argv[1])
running = {}
for tool, module in tools:
    command = [sys.executable, "-m", module] if module else [shutil.which(tool) or ""]
    if not command[0]:
        running[tool] = None
        continue
    running[tool] = (command[0], subprocess.Popen(
        [*command, "--version"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
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
    names: Sequence[str],
    environ: Mapping[str, str],
    *,
    token: str,
    keep_fd: int | None = None,
) -> CheckReport:
    """Activate and ask.

    Args:
        prefix: the prefix, still pending.
        spec: what was asked for: conda and mamba must answer where they were.
        names: the names of all installed packages.
        environ: a clean environment.
        token: lets this one check pass the script while the marker is there.
        keep_fd: see `run_quietly`.

    Raises:
        CheckFailedError: with everything that is wrong, not only the first.
    """
    with clean_home() as home:
        env = {
            **environ,
            "HOME": str(home),
            "USERPROFILE": str(home),
            TOKEN_VARIABLE: token,
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        if "python" not in names:
            command = launch.command(str(prefix), ["true"])
            done = _run(command, env, prefix, keep_fd)
            if done.returncode != 0:
                raise _failed(prefix, [f"activation failed: {done.stderr.strip()}"])
            return CheckReport(python=None)
        tools = [("pip", "pip")] if "pip" in names else []
        tools += [(t, "") for t in ("conda", "mamba") if spec.asks_for(t)]
        command = launch.command(str(prefix), ["python", "-c", _PROGRAM, json.dumps(tools)])
        done = _run(command, env, prefix, keep_fd)
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()[-10:]
        raise _failed(prefix, [f"its python did not run (exit code {done.returncode})", *said])
    try:
        answer = json.loads(done.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        raise _failed(prefix, ["its python said something else than it was asked"]) from None
    problems = _judge(answer, prefix)
    if problems:
        raise _failed(prefix, problems)
    return CheckReport(
        python=answer["version"], tools={k: _version_line(v[2]) for k, v in answer["tools"].items()}
    )


def _run(
    command: Sequence[str], env: Mapping[str, str], prefix: Path, keep_fd: int | None
) -> CompletedProcess[str]:
    try:
        return run_quietly(command, env=env, cwd=prefix, timeout=_SECONDS, keep_fd=keep_fd)
    except TimeoutExpired:
        raise _failed(prefix, [f"no answer within {_SECONDS:g} seconds"]) from None


def _judge(answer: dict[str, object], prefix: Path) -> list[str]:
    """Every way in which the answer is not that of a sealed environment."""
    root = os.path.realpath(prefix)

    def inside(path: object) -> bool:
        real = os.path.realpath(str(path))
        return real == root or real.startswith(root + os.sep)

    problems = []
    for key in ("prefix", "executable", "which", "conda_prefix"):
        if not answer[key] or not inside(answer[key]):
            problems.append(f"{key} is {answer[key]!r}, outside the environment")
    paths = answer["path"]
    assert isinstance(paths, list)
    problems += [f"sys.path leads outside: {p!r}" for p in paths if p and not inside(p)]
    tools = answer["tools"]
    assert isinstance(tools, dict)
    for tool, (path, code, said) in tools.items():
        if code != 0:
            problems.append(f"{tool} --version failed ({code}): {_last_line(said)}")
        elif not inside(path):
            problems.append(f"{tool} would be {path!r}, outside the environment")
    return problems


def _version_line(text: str) -> str:
    """The first line, without the place that pip tells: `_judge` has seen where it is."""
    return text.splitlines()[0].partition(" from /")[0] if text else ""


def _last_line(text: str) -> str:
    return text.splitlines()[-1] if text else "it said nothing"


def _failed(prefix: Path, problems: list[str]) -> CheckFailedError:
    return CheckFailedError(
        "the environment was made, but it does not work",
        where=str(prefix),
        details=problems,
        hint="it is kept, pending, for you to look at; the next create of the same name replaces it",
    )
