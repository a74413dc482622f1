"""What start-up files do, read without running them."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from sealenv.checkup.computer import LARGEST
from sealenv.checkup.finding import Severity
from sealenv.checkup.shells.meaning import meaning_of, variable_matters
from sealenv.checkup.shells.profile import DIALECTS, read_profile
from sealenv.checkup.shells.written import only_theirs
from sealenv.checkup.text import line_at
from sealenv.gates.rule import Rule
from sealenv.gates.rules import RULES

CASES = [
    # shell, text, kinds of its commands
    ("bash", "conda activate work", ["activate"]),
    ("bash", "source activate work", ["activate"]),
    ("bash", ". ~/venv/bin/activate && echo ok", ["activate"]),
    ("bash", "if [ -d x ]; then\n  mamba activate x\nfi", ["activate"]),
    ("bash", "case $- in *i*) conda activate a;; (b|c) conda activate d;; esac", ["activate"] * 2),
    ("bash", "f() { conda activate inside; }", []),
    ("bash", "function f {\n  conda activate inside\n}\nfunction g() ( conda activate y )", []),
    ("bash", "alias ca='conda activate'", []),
    ("bash", "# conda activate no\necho 'conda activate no' \"# conda activate no\"", []),
    ("bash", "cat <<EOF\nconda activate no\nEOF\ncat <<-'X' | tee\n\tconda activate no\n\tX\n", []),
    ("bash", "cat <<A <<B\nconda activate no\nA\nconda activate no\nB\nmamba activate x", ["activate"]),
    ("bash", 'eval "$(conda shell.bash hook)"', ["hook"]),
    ("bash", 'eval "$("$MAMBA_EXE" shell hook --shell bash)"', ["hook"]),
    ("bash", "[ -f ~/c/etc/profile.d/conda.sh ] && \\. ~/c/etc/profile.d/conda.sh", ["hook"]),
    ("bash", "rm -f ~/.config/fish/conf.d/conda.fish", []),
    ("bash", "grep -q conda_setup ~/.bashrc && echo found", []),
    ("bash", "test -f /opt/conda/etc/profile.d/conda.sh || export EDITOR=vi", []),
    ("bash", "ls /opt/conda/etc/profile.d/conda.sh | wc; unset __conda_setup", []),
    ("bash", "conda shell.bash hook > ~/x; grep -q 'pyenv init' ~/.bashrc", []),
    ("bash", 'eval "$__conda_setup"; source <(conda shell.bash hook)', ["hook"] * 2),
    ("bash", "export PYTHONPATH=/x", ["variable"]),
    ("bash", "PYTHONPATH=/x python foo", []),
    ("bash", "declare -x PYTHONHOME=/x", ["variable"]),
    ("bash", "builtin source ~/v/bin/activate; command . ~/v/bin/activate", ["activate"] * 2),
    ("bash", "VIRTUAL_ENV_DISABLE_PROMPT=1 source ~/v/bin/activate", ["activate"]),
    ("bash", 'eval "$(conda shell.bash activate x)"', ["activate"]),
    ("bash", "eval \"export PYTHONPATH='/a b'\"; eval 'ls; f() { conda activate x; }'", ["variable"]),
    ("bash", 'conda shell.bash activate x; echo "$(conda shell.bash activate x)"', []),
    ("xonsh", "import os\nos.environ['PYTHONPATH'] = '/x'", ["variable"]),
    ("nu", "load-env { EDITOR: vi,\n PYTHONPATH: '/x' }\nload-env {A: 1}", ["variable"]),
    ("PowerShell", "[Environment]::SetEnvironmentVariable('PYTHONPATH', 'C:\\x', 'User')", ["variable"]),
    ("PowerShell", "Set-Item -Path Env:PYTHONPATH -Value C:\\x", ["variable"]),
    ("bash", "export CONDA_PKGS_DIRS=/x PYTHONNOUSERSITE=1 PYTHONPATH=", []),
    ("bash", "export PATH=$HOME/miniconda3/bin:$PATH", ["path"]),
    ("bash", "export PATH=$HOME/.local/bin:$PATH", []),
    ("bash", 'eval "$(pyenv init -)"', ["manager"]),
    ("zsh", 'eval "$(direnv hook zsh)"', ["directory"]),
    ("zsh", '[ -s "$NVM_DIR/nvm.sh" ] && . "$NVM_DIR/nvm.sh"', ["node"]),
    ("bash", "[[ -n $X && ( $X == y ) ]] || conda activate\\\n  work", ["activate"]),
    ("bash", 'x="\nconda activate no\n"; a=(conda activate no)', []),
    ("fish", "if status is-interactive\n  conda activate work\nend", ["activate"]),
    ("fish", "function work\n  conda activate work\nend", []),
    ("fish", "set -gx PYTHONPATH /x; set PYTHONHOME /x", ["variable"]),
    ("fish", "set -e PYTHONPATH; set -l PYTHONPATH /x", []),
    ("fish", "pyenv init - | source", ["manager"]),
    ("fish", "eval /opt/c/bin/conda shell.fish hook $argv | source", ["hook"]),
    ("fish", "fish_add_path ~/miniforge3/bin", ["path"]),
    ("tcsh", "if ($?prompt) conda activate work\nsetenv PYTHONPATH /x", ["activate", "variable"]),
    ("tcsh", "if ( -f x ) then\n source ~/c/etc/profile.d/conda.csh\nendif", ["hook"]),
    ("tcsh", "set path = (~/anaconda3/bin $path)", ["path"]),
    ("PowerShell", '$env:PYTHONPATH = "C:\\x"', ["variable"]),
    ("PowerShell", "(& conda.exe 'shell.powershell' 'hook') | Out-String | Invoke-Expression", ["hook"]),
    ("PowerShell", "Import-Module C:\\c\\shell\\condabin\\Conda.psm1", ["hook"]),
    ("PowerShell", "Remove-Item C:\\c\\shell\\condabin\\conda-hook.ps1", []),
    ("PowerShell", "& C:\\c\\shell\\condabin\\conda-hook.ps1", ["hook"]),
    ("xonsh", "execx($(conda shell.xonsh hook))\nxontrib load conda", ["hook"] * 2),
    ("xonsh", "print('conda shell.xonsh hook')", []),
    ("fish", "rm ~/.config/fish/conf.d/conda.fish; source /c/etc/fish/conf.d/conda.fish", ["hook"]),
    ("PowerShell", "if ($true) { conda activate work }", ["activate"]),
    ("PowerShell", "function Work { conda activate work }", []),
    ("PowerShell", "<# conda activate no #>\n@'\nconda activate no\n'@\n# conda activate no", []),
    ("PowerShell", "& C:\\v\\Scripts\\Activate.ps1", ["activate"]),
    ("nu", "$env.PYTHONPATH = '/x'", ["variable"]),
    ("nu", "overlay use ~/v/bin/activate.nu", ["activate"]),
    ("xonsh", "'\n", []),
    ("nu", "def work [] { conda activate work }", []),
    ("xonsh", "$PYTHONPATH = '/x'\nvox activate work", ["variable", "activate"]),
    ("xonsh", "def work():\n    conda activate work\nconda activate out", ["activate"]),
    ("xonsh", "if True:\n    source-bash ~/v/bin/activate\n'''\nconda activate no\n'''", ["activate"]),
]  # fmt: skip


@pytest.mark.parametrize(("shell", "text", "kinds"), CASES, ids=[c[1][:30] for c in CASES])
def test_commands(shell: str, text: str, kinds: list[str]) -> None:
    for ending in ("\n", "\r\n"):
        data = (text + "\n").replace("\n", ending).encode()
        profile = read_profile(Path("p"), shell, data)
        found = [m.kind for c in profile.commands if (m := meaning_of(c, shell))]
        if ending == "\n" or DIALECTS[shell] in {"ps1", "nu", "xsh"}:
            assert found == kinds


WRITTEN = {
    "conda, sh": """\
# !! Contents within this block are managed by 'conda init' !!
__conda_setup="$('/opt/my conda/bin/conda' 'shell.zsh' 'hook' 2> /dev/null)"
if [ $? -eq 0 ]; then
    eval "$__conda_setup"
else
    if [ -f "/opt/my conda/etc/profile.d/conda.sh" ]; then
# . "/opt/my conda/etc/profile.d/conda.sh"  # commented out by conda initialize
        . "/opt/my conda/etc/profile.d/conda.sh"
    else
        export PATH="/opt/my conda/bin:$PATH"
    fi
fi
unset __conda_setup

if [ -f "/opt/my conda/etc/profile.d/mamba.sh" ]; then
    . "/opt/my conda/etc/profile.d/mamba.sh"
fi
""",
    "conda, bash on Windows": """\
if [ -f '/c/c/Scripts/conda.exe' ]; then
    eval "$('/c/c/Scripts/conda.exe' 'shell.bash' 'hook')"
fi
""",
    "conda, fish": """\
if test -f /opt/c/bin/conda
    eval /opt/c/bin/conda "shell.fish" "hook" $argv | source
else
    if test -f "/opt/c/etc/fish/conf.d/conda.fish"
        . "/opt/c/etc/fish/conf.d/conda.fish"
    else
        set -x PATH "/opt/c/bin" $PATH
    end
end
""",
    "conda, tcsh": """\
if ( -f "/opt/c/etc/profile.d/conda.csh" ) then
    source "/opt/c/etc/profile.d/conda.csh"
else
    setenv PATH "/opt/c/bin:$PATH"
endif
""",
    "conda, PowerShell": """\
If (Test-Path "C:\\c\\Scripts\\conda.exe") {
    (& "C:\\c\\Scripts\\conda.exe" "shell.powershell" "hook") | Out-String | ?{$_} | Invoke-Expression
}
""",
    "conda, xonsh": """\
if !(test -f "/opt/c/bin/conda"):
    import sys as _sys
    from types import ModuleType as _ModuleType
    _mod = _ModuleType("xontrib.conda",
                    "Autogenerated from $(/opt/c/bin/conda shell.xonsh hook)")
    __xonsh__.execer.exec($("/opt/c/bin/conda" "shell.xonsh" "hook"),
                        glbs=_mod.__dict__,
                        filename="$(/opt/c/bin/conda shell.xonsh hook)")
    _sys.modules["xontrib.conda"] = _mod
    del _sys, _mod, _ModuleType
""",
    "mamba, sh": """\
# !! Contents within this block are managed by 'mamba shell init' !!
export MAMBA_EXE='/home/me/.local/bin/micromamba';
export MAMBA_ROOT_PREFIX='/home/me/micromamba';
__mamba_setup="$("$MAMBA_EXE" shell hook --shell bash --root-prefix "$MAMBA_ROOT_PREFIX" 2> /dev/null)"
if [ $? -eq 0 ]; then
    eval "$__mamba_setup"
else
    alias micromamba="$MAMBA_EXE"  # Fallback on help from micromamba activate
fi
unset __mamba_setup
""",
    "mamba, older": """\
if [ -f "/m/etc/profile.d/micromamba.sh" ]; then
    export  PATH="/m/bin:$PATH"  # extra space after export prevents interference from conda init
fi
""",
    "mamba, fish": """\
set -gx MAMBA_EXE "/b/micromamba"
set -gx MAMBA_ROOT_PREFIX "/m"
$MAMBA_EXE shell hook --shell fish --root-prefix $MAMBA_ROOT_PREFIX | source
""",
    "mamba, PowerShell": """\
$Env:MAMBA_ROOT_PREFIX = "C:\\m"
$Env:MAMBA_EXE = "C:\\m\\micromamba.exe"
(& $Env:MAMBA_EXE 'shell' 'hook' -s 'powershell') | Out-String | Invoke-Expression
""",
}  # fmt: skip


@pytest.mark.parametrize("name", WRITTEN)
def test_what_conda_and_mamba_write_is_known(name: str) -> None:
    assert only_theirs(f"begin\n{WRITTEN[name]}end\n"), [
        line for line in WRITTEN[name].splitlines() if not only_theirs(f"b\n{line}\ne\n")
    ]
    for more in (
        "export EDITOR=vi",
        "# mine",
        "fi; rm x",
        'export PATH="$HOME/go:$PATH"',
        'eval "$(/x/conda shell.bash hook; rm x)"',
        '. "/x/conda.sh"; . ~/mine.sh',
        "(& evil) | Out-String | Invoke-Expression",
    ):
        assert not only_theirs(f"begin\n{WRITTEN[name]}{more}\nend\n"), more


@pytest.mark.parametrize("rule", RULES, ids=[rule.name for rule in RULES])
def test_variables_are_judged_as_the_gate_does(rule: Rule) -> None:
    name = rule.name
    assert variable_matters(name, "/x") is Severity.ERROR
    assert [variable_matters(name, value) for value in ("", *rule.harmless)].count(None) > len(
        rule.harmless
    )
    (command,) = read_profile(Path("p"), "bash", f"export {name}=/x".encode()).commands
    meaning = meaning_of(command, "bash")
    assert meaning is not None
    assert meaning.severity is Severity.ERROR


def test_variables_that_the_gate_does_not_know() -> None:
    assert variable_matters("PIP_INDEX_URL", "x") is Severity.WARNING
    assert variable_matters("CONDA_EXE", "x") is Severity.WARNING
    for name in ("CONDA_PKGS_DIRS", "PYTHONNOUSERSITE", "CONDA_CHANGEPS1", "PYENV_ROOT", "PATH"):
        assert variable_matters(name, "1") is None


ALONE = [
    ("bash", "export PYTHONPATH=/x EDITOR", False),
    ("bash", "export PYTHONPATH=/x PYTHONHOME=/y", True),
    ("bash", "A=1 PYTHONHOME=/x", False),
    ("bash", "A=1 source ~/v/bin/activate", False),
    ("bash", "eval 'export PYTHONPATH=/x; B=1'", False),
    ("nu", "load-env { EDITOR: vi, PYTHONPATH: '/x' }", False),
]


@pytest.mark.parametrize(("shell", "text", "alone"), ALONE, ids=[c[1][:30] for c in ALONE])
def test_what_does_nothing_else(shell: str, text: str, alone: bool) -> None:
    (command,) = read_profile(Path("p"), shell, text.encode()).commands
    meaning = meaning_of(command, shell)
    assert meaning is not None
    assert meaning.alone is alone


OPEN = [
    # shell, text, the line that does not end (None: all is read)
    ("bash", "x=$(cat <<E2\nit's\nE2\n)\nexport PYTHONPATH=/leak", None),
    ("bash", "x=$(\n# don't (\nls)\nexport PYTHONPATH=/leak", None),
    ("bash", 'x="$(cat <<-\'E\'\n\tit"s (\n\tE\n)"\nexport PYTHONPATH=/leak', None),
    ("bash", "x=$((1 << y))\ny=${#x}\nexport PYTHONPATH=/leak", None),
    ("bash", "ls\nx=$(echo 'a)\nexport PYTHONPATH=/leak", 2),
    ("zsh", 'ls "\nexport PYTHONPATH=/leak', 1),
    ("bash", "cat <(echo 'a)\nexport PYTHONPATH=/leak", 1),
    ("fish", "set x (echo 'a)\nset -gx PYTHONPATH /leak", 1),
    ("PowerShell", "ls\n'a\n$env:PYTHONPATH = 1", 2),
]


@pytest.mark.parametrize(("shell", "text", "line"), OPEN, ids=range(len(OPEN)))
def test_what_is_not_read_to_its_end(shell: str, text: str, line: int | None) -> None:
    profile = read_profile(Path("p"), shell, text.encode())
    place = profile.script.open_at
    assert (None if place is None else line_at(text, place)) == line
    if line is None:
        found = [m.kind for c in profile.commands if (m := meaning_of(c, shell))]
        assert found == ["variable"]


ASKED = [
    # shell, text, whether something hangs on each of its commands
    ("bash", "a && b\nc || d; e", [1, 0, 1, 0, 0]),
    ("bash", "if a; then b; elif c; d; then e; else f; fi", [1, 0, 1, 1, 0, 0]),
    ("bash", "while a; do b; done; ! c; until d; do e; done", [1, 0, 1, 1, 0]),
    ("bash", "{ a; b; } && c; (d; e) || f; g", [1, 1, 0, 1, 1, 0, 0]),
    ("bash", "if a; then b; fi || c; d", [1, 1, 0, 0]),
    ("bash", "if { a; b; }; then c; fi; d", [1, 1, 0, 0]),
    ("bash", "a\nif [ $? -eq 0 ]; then b; fi; c; echo ${?}; d", [1, 1, 0, 1, 0, 0]),
    ("bash", "a & b; c | d && e", [0, 0, 1, 0]),
    ("zsh", "for x in y; do a && b; done; c", [0, 1, 0, 0]),
    ("fish", "a; and b\nor c\nd", [1, 1, 0, 0]),
    ("fish", "if a\n b\nend; not c; while d; e; end", [1, 0, 1, 1, 0]),
    ("fish", "if a\n and b\n c\nend\nd; test $status = 0", [1, 0, 0, 1, 0]),
    ("tcsh", "a && b\nc", [1, 0, 0]),
    ("PowerShell", "a && b\nif (a) { b }\nc", [1, 1, 0, 0]),
    ("PowerShell", "a\nif ($?) { b }\nc", [1, 1, 0, 0]),
    ("xonsh", "a and b\nif a:\n    b\nc || d", [1, 1, 0, 1]),
    ("nu", "a; b\ntry { c }", [0, 0, 1, 0]),
]


@pytest.mark.parametrize(("shell", "text", "asked"), ASKED, ids=[c[1][:30] for c in ASKED])
def test_what_something_hangs_on(shell: str, text: str, asked: list[int]) -> None:
    profile = read_profile(Path("p"), shell, text.encode())
    assert [int(c.asked) for c in profile.commands] == asked


HOSTILE = {
    "opens": b"if ",
    "closes": b"if " * 90 + b"done " * 20_000,
    "cases": b"if true; then " * 90 + b";;" * 50_000,
    "quotes": b"\"'`",
    "substitutions": b"$(",
    "braces": b"${{(",
    "here": b"<<A ",
    "here-strings": b'@"\n',
    "comments": b"<#",
    "triple": b'\'\'\'""""',
    "documents": b"$(<<A <<B\n",
    "comments in them": b"$(#(\n",
    "evals": b"eval eval ",
    "chains": b"a && ",
    "compounds": b"{ a; } && && ",
    "backslashes": b"\\\\\\",
    "nuls": b"\0\xff",
    "blocks": b"# >>> conda initialize >>>\n",
    "activations": b"conda activate x\n",
    "hooks": b"conda shell " * 80 + b"\n",
    "pipes": b"a|",
    "functions": b"f() {",
    "doubled": b'"""',
    "redirects": b"> ",
    "spaces": b" \t",
    "wide": b"\xff\xfe" + "conda activate x\n".encode("utf-16-le") * 5_000,
}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "tcsh", "PowerShell", "nu", "xonsh"])
def test_hostile_files_end_soon(shell: str) -> None:
    size = LARGEST // 8
    for name, part in HOSTILE.items():
        begun = time.process_time()
        profile = read_profile(Path("p"), shell, (part * (size // len(part) + 1))[:size])
        for command in profile.commands:
            meaning_of(command, shell)
        assert time.process_time() - begun < 10, name
