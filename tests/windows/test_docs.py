"""The blocks of the documentation that are marked `wine`, each typed in a new window of cmd.exe."""

from __future__ import annotations

import re

import pytest

from tests.channel import Channels
from tests.docs.reader import Block, blocks, pages
from tests.windows.machine import REPO, Done
from tests.windows.user import User

TUTORIAL = "docs/tutorials/first-environment-windows.md"
MARKED = [block for page in pages() for block in blocks(page) if "wine" in block.says]
OTHERS = [block for block in MARKED if block.page != TUTORIAL]


class Window:
    """A Command Prompt with sealenv on PATH, and the variables set for each window."""

    def __init__(self, user: User, channels: Channels) -> None:
        self.user = user
        # The page writes C:\\envs without quotes: a folder without a space.
        self.envs = user.root / "envs"
        self.work = user.root / "work"
        self.work.mkdir()
        program = self.work / "sealenv.py"
        program.write_text(
            f"import sys; sys.path.insert(0, {user.path(REPO / 'src')!r})\n"
            "sys.argv[0] = 'sealenv'\n"
            "from sealenv.__main__ import script; sys.exit(script())\n"
        )
        self._sealenv = f'"{user.path(user.windows.python)}" "{user.path(program)}"'
        self._channel = user.path(channels.main)
        self.env = {name: text for name, text in user.env.items() if name != "SEALENV_ENVS"}

    def types(self, block: Block, *more: str) -> Done:
        """The block as it stands, for the folder and the channel of this machine, and further lines."""
        text = block.text.replace("C:\\envs", self.user.path(self.envs))
        create = re.compile(r"^(sealenv create \S+ 3\.12)$", re.M)
        text = create.sub(lambda found: f'{found[1]} -c "{self._channel}"', text)
        text = re.sub(r"^sealenv (?=\w)", lambda _: f"{self._sealenv} ", text, flags=re.M)
        lines = "\r\n".join([*text.splitlines(), *more])
        return self.user.windows.cmd(lines, env=self.env, cwd=self.work)


def test_the_tutorial(user: User, channels: Channels) -> None:
    window = Window(user, channels)
    start, create, run, activate, anew, damage, repair, again = (
        block for block in MARKED if block.page == TUTORIAL
    )
    assert f"[{user.path(window.envs)}]" in window.types(start, "echo [%PY_ENVS%]").stdout
    # The page repeats what the next window needs: a closed window leaves nothing.
    assert anew.text == start.text
    window.env["PY_ENVS"] = user.path(window.envs)
    made = user.path(window.envs / "my_env_3_12")

    done = window.types(create)
    assert "sealed" in done.stderr + done.stdout, done.stderr
    assert window.types(run).stdout.strip() == made

    done = window.types(activate, "echo [%CONDA_PREFIX%]")
    assert [line for line in done.stdout.splitlines() if line][-1] == f"[{made}]", done.stderr
    assert "Python 3.12" in done.stdout
    assert "conda " in done.stdout

    done = window.types(damage)
    assert done.returncode == 1, f"{done.stdout}\n{done.stderr}"
    assert re.search(r"^altered +Lib/site-packages/pip/__init__\.py ", done.stdout, re.M), (
        done.stdout
    )
    done = window.types(repair)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert "repaired  Lib/site-packages/pip/__init__.py" in done.stdout
    assert "as made" in done.stdout + done.stderr

    done = window.types(again)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert "the same packages" in done.stdout + done.stderr
    assert not (window.envs / "my_env_3_12").exists()
    assert not (window.envs / "twin").exists()


@pytest.mark.parametrize("block", OTHERS, ids=lambda block: block.name)
def test_variables_that_are_set(block: Block, user: User, channels: Channels) -> None:
    pairs = re.findall(r'^set "(\w+)=(.*)"$', block.text, re.M)
    assert len(pairs) == len(block.text.splitlines())
    done = Window(user, channels).types(block, *(f"echo {name}=[%{name}%]" for name, _ in pairs))
    # A batch file leaves nothing of a variable that is not set.
    assert done.stdout.splitlines() == [f"{name}=[{text}]" for name, text in pairs]
