"""How a test says the same thing in each shell."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from sealenv.quoting import QUOTE
from tests.shells import require_shell

NOISE = frozenset(
    {"_", "SHLVL", "PWD", "OLDPWD", "LINES", "COLUMNS", "PIPESTATUS"}
    | {"LAST_EXIT_CODE", "CURRENT_FILE", "FILE_PWD"}  # nushell's own
)
"""Variables that a shell changes by itself, whatever is sourced."""

DUMP = (
    "import json,os,sys; "
    "open(sys.argv[1],'w').write(json.dumps({'env':dict(os.environ),'args':sys.argv[2:]}))"
)


class Result:
    """What a shell did."""

    def __init__(self, done: subprocess.CompletedProcess[bytes], folder: Path) -> None:
        self.code = done.returncode
        self.out = done.stdout.decode("utf-8", "surrogateescape")
        self.err = done.stderr.decode("utf-8", "surrogateescape")
        self._folder = folder

    @property
    def said(self) -> str:
        """Everything printed, with the line breaks of nushell's and a terminal's boxes undone."""
        return " ".join((self.out + self.err).replace("│", " ").replace("|", " ").split())

    def statuses(self) -> list[int]:
        return [int(x.split(":")[1]) for x in self.out.split() if x.startswith("STATUS:")]

    def env(self, name: str) -> dict[str, str]:
        found = json.loads((self._folder / f"{name}.json").read_text())["env"]
        return {key: value for key, value in found.items() if key not in NOISE}

    def args(self, name: str) -> list[str]:
        found: list[str] = json.loads((self._folder / f"{name}.json").read_text())["args"]
        return found

    def state(self, name: str) -> set[str]:
        """Functions, variables and aliases of the shell itself."""
        lines = (self._folder / f"{name}.state").read_text("utf-8", "surrogateescape").split("\n")
        return {line for line in lines if not line.startswith(_RESTLESS)}


# What changes in a shell between any two commands.
_RESTLESS = (
    *("_=", "BASH_", "BASHPID", "LINENO", "RANDOM", "SECONDS", "EPOCH", "SRANDOM", "PIPESTATUS"),
    *("FUNCNAME", "PPID", "TTYIDLE", "status", "pipestatus", "?", "_\t", "history", "OLDPWD"),
    *("argv", "ERRNO", "HISTCMD", "status_generation", "PWD", "0=", "'!'", "!"),
)


class Dialect:
    """A shell: how it is started and how a test's steps are written in it."""

    def __init__(self, name: str, program: str, ext: str, options: Sequence[str]) -> None:
        self.name = name
        self.program = program
        self.ext = ext
        self.options = list(options)
        self.quote = QUOTE[ext]

    def __repr__(self) -> str:
        return self.name

    def script(self, prefix: Path) -> Path:
        return prefix / f"activate.{self.ext}"

    def source(self, path: Path) -> str:
        word = self.quote(str(path))
        if self.ext == "sh":
            return f". {word}"
        if self.ext == "nu":
            return f"overlay use {word}"
        if self.ext == "xsh":
            return f"source @({word})"
        return f"source {word}"

    def attempt(self, path: Path) -> str:
        """Source, print STATUS:n, go on whatever happens."""
        source = self.source(path)
        if self.ext == "xsh":
            tried = f"try:\n    {source}\n    print('STATUS:0')\n"
            return f"{tried}except Exception:\n    print('STATUS:1')"
        if self.ext == "nu":
            return (
                f"try {{ {source}; print 'STATUS:0' }} "
                "catch {|e| print 'STATUS:1'; print --stderr $e.msg }"
            )
        return f"{source}\necho STATUS:{'$?' if self.ext == 'sh' else '$status'}"

    def run_python(self, folder: Path, name: str, *args: str) -> str:
        """Run the dumper: environment and arguments go to NAME.json."""
        words = [sys.executable, "-I", "-c", DUMP, str(folder / f"{name}.json"), *args]
        if self.ext == "xsh":
            return f"@([{', '.join(self.quote(word) for word in words)}])"
        start = "^" if self.ext == "nu" else ""
        return start + " ".join(self.quote(word) for word in words)

    def save_state(self, folder: Path, name: str) -> str:
        """Write functions, variables and aliases to NAME.state."""
        word = self.quote(str(folder / f"{name}.state"))
        if self.program == "zsh":
            return f"{{ set; alias; print -l ${{(k)functions}}; setopt; }} >| {word}"
        if self.program == "bash":
            return f"{{ set; alias; declare -F; shopt; set +o; }} >| {word}"
        if self.ext == "sh":
            return f"{{ set; alias; set +o; }} >| {word}"
        if self.ext == "fish":
            return f"begin; set; functions -a; end > {word}"
        if self.ext == "csh":
            return f"( set ; alias ) >! {word}"
        if self.ext == "nu":
            return f'"" | save --force {word}'
        return (
            "import builtins as _b\nfrom xonsh.built_ins import XSH as _x\n"
            f"open({word}, 'w').write('\\n'.join(sorted(set(_x.ctx) | set(_x.aliases))))"
        )

    def set_variable(self, name: str, value: str) -> str:
        word = self.quote(value)
        return {
            "sh": f"export {name}={word}",
            "fish": f"set -gx {name} {word}",
            "csh": f"setenv {name} {word}",
            "xsh": f"${name} = {word}",
            "nu": f"$env.{name} = {word}",
        }[self.ext]

    def argv(self, path: Path) -> list[str]:
        return [require_shell(self.program), *self.options, str(path)]

    def run(
        self, folder: Path, lines: Sequence[str], env: Mapping[str, str], *before: str
    ) -> Result:
        """Run a script of these lines. `before` is put in front of the command (strace)."""
        folder.mkdir(exist_ok=True)
        path = folder / f"script.{self.ext}"
        path.write_text("\n".join(lines) + "\n", "utf-8", "surrogateescape")
        done = subprocess.run(
            [*before, *self.argv(path)],
            env=dict(env),
            cwd=folder,
            capture_output=True,
            timeout=120,
            stdin=subprocess.DEVNULL,
        )
        return Result(done, folder)


DIALECTS = {
    dialect.name: dialect
    for dialect in (
        Dialect("bash", "bash", "sh", []),
        Dialect("bash-posix", "bash", "sh", ["--posix"]),
        Dialect("zsh", "zsh", "sh", ["-f"]),
        Dialect("dash", "dash", "sh", []),
        Dialect("fish", "fish", "fish", ["--no-config"]),
        Dialect("tcsh", "tcsh", "csh", ["-f"]),
        Dialect("xonsh", "xonsh", "xsh", ["--no-rc"]),
        Dialect("nu", "nu", "nu", ["-n", "--no-std-lib"]),
    )
}
