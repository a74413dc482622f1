"""What start-up files do, read without running them."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from sealenv.checkup.computer import LARGEST
from sealenv.checkup.shells.meaning import meaning_of
from sealenv.checkup.shells.profile import DIALECTS, read_profile

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
    ("bash", "export PYTHONPATH=/x", ["variable"]),
    ("bash", "PYTHONPATH=/x python foo", []),
    ("bash", "declare -x PYTHONHOME=/x", ["variable"]),
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
    ("PowerShell", "if ($true) { conda activate work }", ["activate"]),
    ("PowerShell", "function Work { conda activate work }", []),
    ("PowerShell", "<# conda activate no #>\n@'\nconda activate no\n'@\n# conda activate no", []),
    ("PowerShell", "& C:\\v\\Scripts\\Activate.ps1", ["activate"]),
    ("nu", "$env.PYTHONPATH = '/x'", ["variable"]),
    ("nu", "overlay use ~/v/bin/activate.nu", ["activate"]),
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


@pytest.mark.parametrize("shell", ["bash", "fish", "tcsh", "PowerShell", "nu", "xonsh"])
def test_hostile_files_end_soon(shell: str) -> None:
    size = LARGEST // 8
    for name, part in HOSTILE.items():
        begun = time.process_time()
        profile = read_profile(Path("p"), shell, (part * (size // len(part) + 1))[:size])
        for command in profile.commands:
            meaning_of(command, shell)
        assert time.process_time() - begun < 10, name
