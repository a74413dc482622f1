"""Types the examples of the documentation, like a reader on a new machine.

conda-forge is a local channel there: rattler's configuration names it as a mirror, as in
docs/how-to/mirror.md. It has the real python, pip and wheels of the test channel; conda, mamba,
numpy and pandas are stand-ins. To save time, `create` does not compile (`--no-pyc`) except in the
tutorials, and an environment that a page assumes is a clone.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from sealenv.tour.archive import Package, Payload, write_package, write_repodata
from tests.channel import Channels
from tests.docs.reader import Block
from tests.machine import Machine

MARK = "@@ended@@"
FORGE = "https://conda.anaconda.org/conda-forge"
ENVIRONMENT_YML = "name: work\nchannels: [conda-forge]\ndependencies: [python=3.12, numpy]\n"


class Reader:
    """Types the blocks of one page, in order, in a new HOME.

    Args:
        root: a folder of one's own.
        cache: a package cache to begin with; it is copied.
        channel: the address of what they know as conda-forge.
        channels: the same as folders.
        model: an environment of which `my_env_3_12` may be a clone.
        compiles: `create` compiles.
    """

    def __init__(
        self,
        root: Path,
        cache: Path,
        channel: str,
        channels: Channels,
        *,
        model: Path | None = None,
        compiles: bool = True,
    ) -> None:
        machine = Machine(root)
        self.home = machine.home
        self.work = self.home / "study"
        self.work.mkdir()
        self._model = model
        self._minor = shown_minor(channels)
        shutil.copytree(cache, machine.cache, symlinks=True)
        config = self.home / ".config" / "rattler" / "config.toml"
        config.parent.mkdir(parents=True)
        config.write_text(f'[mirrors]\n"{FORGE}" = ["{channel}"]\n')
        program = root / "bin" / "sealenv"
        program.parent.mkdir()
        quick = "" if compiles else '[ "$1" != create ] || set -- "$@" --no-pyc\n'
        program.write_text(f'#!/bin/sh\n{quick}exec {shlex.join(machine.command())} "$@"\n')
        program.chmod(0o755)
        self.env = machine.env | {"SHELL": "/bin/sh", "TERM": "dumb"}
        self.env["PATH"] = f"{program.parent}:{self.env['PATH']}"
        del self.env["SEALENV_ENVS"]
        (self.work / "environment.yml").write_text(self.adapted(ENVIRONMENT_YML))
        (self.work / "list.txt").write_text("\n".join(["@EXPLICIT", *self._listed(channels), ""]))

    def _listed(self, channels: Channels) -> Iterator[str]:
        """Addresses, as `conda list --explicit` writes them."""
        for subdir, start in ((channels.subdir, f"python-{self._minor}."), ("noarch", "tqdm-")):
            (file,) = [name for name in channels.records(subdir) if name.startswith(start)]
            yield f"{FORGE}/{subdir}/{file}"

    def adapted(self, text: str) -> str:
        """The same for the Python that the channel has."""
        low = self._minor.replace(".", "_")
        return text.replace("3_12", low).replace("3.12", self._minor)

    def types(self, block: Block) -> None:
        """Run a block, and compare what it prints with what it shows.

        Raises:
            AssertionError: a command ends otherwise than said, or prints something else.
        """
        if "file" in block.says:
            (self.work / block.says["file"]).write_text(self.adapted(block.text))
            return
        self._has_what_it_uses(block)
        if "before" in block.says:
            code, output = self.bash(block.says["before"])
            assert code == 0, f"{block.name}: {block.says['before']}\n{output}"
        commands = block.commands
        # One shell for the whole block; after each command its exit code, so that each is judged.
        script = "".join(f"{command}\necho {MARK} $?\n" for command, _ in commands)
        _, output = self.bash(script if block.language == "console" else f"set -e\n{script}")
        ended = re.findall(rf"(?:^|(?<=\n))(.*?){MARK} (\d+)\n", output, re.S)
        wanted = int(block.says.get("exit", 0))
        if block.language != "console":
            assert wanted == 0, f"{block.name}: only a console block can end with {wanted}"
            assert len(ended) == 1, f"{block.name} failed:\n{output}"
            return
        for number, (command, shown) in enumerate(commands):
            assert number < len(ended), f"{block.name}: the shell ended at: {command}\n{output}"
            printed, code = ended[number]
            expected = wanted if number == len(commands) - 1 else 0
            assert int(code) == expected, f"{block.name}: {command}: exit {code}\n{printed}"
            if shown:
                told = differs(self.adapted(shown), printed.replace(str(self.home), "/home/me"))
                assert told is None, f"{block.name}: {command}: {told}\n{printed}"

    def _has_what_it_uses(self, block: Block) -> None:
        """The environment that pages take for granted, where no page before has made it."""
        made = self.home / ".local/share/sealenv/envs" / self.adapted("my_env_3_12")
        if (
            "my_env_3_12" in block.text
            and "create my_env 3.12" not in block.text
            and not made.exists()
        ):
            clone = f"sealenv clone {shlex.quote(str(self._model))} {shlex.quote(str(made))}"
            code, output = self.bash(clone if self._model else "sealenv create my_env 3.12")
            assert code == 0, output

    def bash(self, script: str) -> tuple[int, str]:
        """Exit code and output, both streams in one as in a terminal."""
        done = subprocess.run(
            ["/bin/bash", "--norc", "--noprofile", "-c", self.adapted(script)],
            env=self.env,
            cwd=self.work,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=300,
        )
        return done.returncode, done.stdout


def differs(shown: str, printed: str) -> str | None:
    """The first line that is shown and not printed, or printed and not shown; None if they agree.

    A line `...` stands for any lines. Numbers, the width of gaps, and what a stand-in says of itself
    are not compared.
    """
    wanted, lines = _plain(shown), _plain(printed)
    pattern = "".join(
        r"(?:.*\n)*?" if line == "..." else re.escape(line) + r"\n" for line in wanted
    )
    if re.fullmatch(pattern, "".join(f"{line}\n" for line in lines)):
        return None
    missing = [line for line in wanted if line != "..." and line not in lines]
    if missing:
        return f"shown and not printed: {missing[0]!r}"
    return f"printed and not shown: {[line for line in lines if line not in wanted]!r}"


def _plain(text: str) -> list[str]:
    return [line for line in (_plain_line(line) for line in text.splitlines()) if line]


def _plain_line(line: str) -> str:
    line = re.sub(r" \(stand-in made by .*?\)", "", line)
    line = re.sub(r"\b[0-9a-f]{64}\b", "0", line)
    line = re.sub(r"\d+(?:[.,]\d+)*", "0", line)
    line = re.sub(r"\b0 (?:[kMG]?B|m?s|min|h|d)\b", "0 x", line)
    return re.sub(r" {2,}", " ", line).strip()


def shown_minor(channels: Channels) -> str:
    """The version that examples are typed with: 3.12 as it is shown, where the channel has it."""
    has = any(version.startswith("3.12.") for version in channels.pythons)
    return "3.12" if has else channels.python_minor


def add_stand_ins(channel: Path, minor: str) -> None:
    """numpy and pandas as packages that can be imported and say what they are.

    And a python for Windows of the version that is typed, if it is not 3.12: for locks, it holds none.
    """
    if minor != "3.12":
        windows = Package(
            name="python",
            version=f"{minor}.0",
            build="stand_in_0",
            subdir="win-64",
            summary="a stand-in for python, not python",
            payload=(Payload("stand-in.txt", data=b"not python\n"),),
        )
        write_package(windows, channel / windows.subdir)
        write_repodata(channel / windows.subdir)
    for name, version in (("numpy", "2.3.1"), ("numpy", "1.26.4"), ("pandas", "2.3.0")):
        module = f"__version__ = {version!r}\n"
        depends = ("python",) if name == "numpy" else ("python", "numpy")
        package = Package(
            name=name,
            version=version,
            build="stand_in_0",
            depends=depends,
            noarch="python",
            summary=f"a stand-in for {name}, not {name}",
            payload=(Payload(f"site-packages/{name}/__init__.py", data=module.encode()),),
        )
        write_package(package, channel / package.subdir)
    write_repodata(channel / "noarch")


def runnable(found: list[Block]) -> Iterator[Block]:
    """The blocks that a `Reader` types: of a POSIX shell, and files that they use."""
    for block in found:
        elsewhere = block.says.keys() & {"skip", "wine", "test"}
        if "file" in block.says or (block.language in ("sh", "bash", "console") and not elsewhere):
            yield block
