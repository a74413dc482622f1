"""What is made for Windows, on any machine: quoting, variables, PATH, the PowerShell script."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealenv.activation import windows
from sealenv.activation.scripts_windows import compile_windows
from sealenv.activation.templating import gate_lines
from sealenv.activation.variables import settings
from sealenv.errors import SpecError
from sealenv.gates.rules import RULES
from sealenv.quoting import quote_cmd, quote_ps1
from tests.shells import required

HERE = r"C:\envs\my env"


PRINTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40)
NASTY = st.text(st.sampled_from("%!^&|<>()\"' =;$`a\t"), max_size=15)


@given(PRINTABLE | NASTY)
def test_what_is_quoted_for_cmd_has_nothing_open(text: str) -> None:
    if set(text) & set('"!'):
        with pytest.raises(SpecError):
            quote_cmd(text)
    else:
        assert "%" not in quote_cmd(text).replace("%%", "")
        assert quote_cmd(text).replace("%%", "%") == text


def read_ps1(quoted: str) -> str:
    """What PowerShell makes of the expression: strings in quotes and characters by number."""
    assert quoted.isascii()
    assert quoted.isprintable()
    token = re.compile(r"'((?:[^']|'')*)'|\[char\](\d+)")
    inner = quoted[1:-1] if quoted.startswith("(") else quoted
    units, at = b"", 0
    first = True
    while at < len(inner):
        if not first:
            assert inner.startswith(" + ", at)
            at += 3
        found = token.match(inner, at)
        assert found, inner[at:]
        assert not (first and found[2])  # a sum that began with a number would be one
        if found[2]:
            units += int(found[2]).to_bytes(2, "little")
        else:
            units += found[1].replace("''", "'").encode("utf-16-le")
        at, first = found.end(), False
    return units.decode("utf-16-le")


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40))
def test_what_is_quoted_for_powershell_comes_back(text: str) -> None:
    assert read_ps1(quote_ps1(text)) == text


def test_the_powershell_script(tmp_path: Path) -> None:
    files, problems = compile_windows(tmp_path, "C:\\é' $(x)", {"A": "1' + (x) é", "a": "2"})
    assert problems == []
    script = files["activate.ps1"].decode()
    for line in gate_lines("ps1"):
        assert line in script
    for rule in RULES:
        assert f"'{rule.name}', '{' '.join(rule.harmless)}', '{rule.what}; to clear it" in script
    include = files["etc/sealenv/env.ps1"].decode().splitlines()
    assert include[3].strip() == "prefix = ('C:\\' + [char]233 + ''' $(x)')"
    rows = [line.strip() for line in include if line.strip().startswith(", @(")]
    assert rows[0] == ", @('a', '2', '')"  # on Windows a and A are one
    assert rows[1] == ', @("CONDA_PREFIX", "$here", "")'
    assert [row.split('"')[1] for row in rows[1:]] == [
        r[0] for r in settings("p", "n", windows=True)
    ]
    # The order of CEP 32, with condabin last.
    (levels,) = re.findall(r"\$folders \+= (.*condabin.*) \|", script)
    assert [rf"{HERE}\{level[1:-1]}" for level in levels.split(", ")] == [
        *(folder for folder in windows.path_folders(HERE, condabin_first=False)[1:])
    ]
    for opening, closing in ("()", "{}", "[]"):
        code = re.sub(r"'[^'\n]*'|\"(?:`.|[^\"`])*\"|#[^\n]*", "", script)
        assert code.count(opening) == code.count(closing)


def test_the_variables() -> None:
    environ = {
        "Path": r"C:\tools",
        "SystemRoot": r"C:\Windows",
        "CONDA_EXE": r"C:\other\conda.exe",
        "_CE_M": "x",
        "CONDA_SHLVL": "0",
        "KEEP": "me",
    }
    found = windows.activated(HERE, environ)
    path = found.pop("PATH").split(";")
    assert path[:2] == [HERE, rf"{HERE}\condabin"]
    system = r"C:\Windows\System32"
    assert path[-4:] == [system, r"C:\Windows", rf"{system}\Wbem", r"C:\tools"]
    assert found == {
        "SYSTEMROOT": r"C:\Windows",
        "KEEP": "me",
        "CONDA_PREFIX": HERE,
        "CONDA_SHLVL": "1",
        "CONDA_DEFAULT_ENV": "my env",
        "CONDA_PROMPT_MODIFIER": "(my env) ",
        "MAMBA_ROOT_PREFIX": HERE,
        "PYTHONNOUSERSITE": "1",
        "PIP_CONFIG_FILE": "nul",
        "SEALENV_PREFIX": HERE,
    }
    kept = windows.activated(HERE, {"PATH": r"c:\windows\system32;C:\x"})
    assert kept["PATH"].endswith(r"\bin;c:\windows\system32;C:\x")


@pytest.fixture(params=["powershell", "pwsh"])
def powershell(request: pytest.FixtureRequest) -> str:
    found: str | None = shutil.which(request.param)
    if found is None:
        if required("powershell"):
            pytest.fail(f"no {request.param} on this machine")
        pytest.skip(f"no {request.param} on this machine")
    return found


class TestInPowerShell:
    """The script in a real PowerShell; it is part of Windows; elsewhere pwsh can be installed."""

    def run(
        self, powershell: str, text: str, env: dict[str, str]
    ) -> subprocess.CompletedProcess[str]:
        import os

        dropped = ("CONDA", "MAMBA", "PYTHON", "VIRTUAL_ENV", "SEALENV_")
        kept = {n: v for n, v in os.environ.items() if not n.upper().startswith(dropped)}
        options = ["-NoProfile", "-ExecutionPolicy", "Bypass", "-Command", text]
        return subprocess.run(
            [powershell, *options], env=kept | env, capture_output=True, text=True, check=False
        )

    @pytest.fixture
    def prefix(self, tmp_path: Path) -> Path:
        prefix = tmp_path / "my (env) & 'x'"
        for kind in ("activate", "deactivate"):
            folder = prefix / f"etc/conda/{kind}.d"
            folder.mkdir(parents=True)
            for name in ("B", "a", "9", "10"):
                text = f"$Env:STEPS += ' {kind}:{name}'\n"
                (folder / f"{name}.ps1").write_text(text)
        (prefix / "conda-meta").mkdir()
        (prefix / "etc/sealenv").mkdir()
        values = {"HARD": 'it\'s "é" $(x) `n %\n!', "WAS": "new"}
        for name, data in compile_windows(prefix, str(prefix), values)[0].items():
            (prefix / name).write_bytes(data)
        return prefix

    def test_activate_and_deactivate(self, powershell: str, prefix: Path) -> None:
        script = str(prefix / "activate.ps1").replace("'", "''")
        show = (
            "[Console]::WriteLine(($Env:CONDA_PREFIX, $Env:HARD, $Env:WAS, $Env:STEPS) -join '|')"
        )
        unicode = "[Console]::OutputEncoding = [Text.Encoding]::UTF8"
        text = f"{unicode}; . '{script}'; {show}; deactivate; {show}; (Get-Variable _sealenv*).Name"
        done = self.run(powershell, text, {"WAS": "old"})
        assert done.returncode == 0, done.stderr
        out = done.stdout.replace("\r\n", "\n")
        ordered = " ".join(f"activate:{n}" for n in ("10", "9", "B", "a"))
        left = " ".join(f"deactivate:{n}" for n in ("a", "B", "9", "10"))
        first = f'{prefix}|it\'s "é" $(x) `n %\n!|new| {ordered}'
        assert out.startswith(first)
        assert out[len(first) :].strip() == f"||old| {ordered} {left}"

    @pytest.mark.parametrize("name", ["CONDA_PREFIX", "PYTHONPATH", "PIP_USER"])
    def test_a_dirty_shell_is_refused(self, powershell: str, prefix: Path, name: str) -> None:
        script = str(prefix / "activate.ps1").replace("'", "''")
        done = self.run(powershell, f". '{script}'; echo PWNED", {name: "C:\\x"})
        assert done.returncode != 0
        assert f"{name}=C:\\x" in done.stderr
        assert "PWNED" not in done.stdout
