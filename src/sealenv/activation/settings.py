"""The one table of the variables that every activation sets.

Imports nothing: `sealenv run` on Windows passes through here.
"""

from __future__ import annotations


def settings(prefix: str, name: str, *, windows: bool = False) -> list[tuple[str, str, str]]:
    """Return what every activation sets, in CEP 32's order: name, value, the file it needs or nothing.

    The value of PATH, for POSIX only, is the folder that comes before the others.

    Args:
        prefix: its path.
        name: its folder's name.
        windows: for a prefix of Windows.
    """

    def at(*parts: str) -> str:
        return ("\\" if windows else "/").join((prefix, *parts))

    condarc = at(".condarc")
    shared = [
        ("CONDA_PREFIX", prefix, ""),
        ("CONDA_SHLVL", "1", ""),
        ("CONDA_DEFAULT_ENV", name, ""),
        ("CONDA_PROMPT_MODIFIER", f"({name}) ", ""),
        ("MAMBA_ROOT_PREFIX", prefix, ""),
        ("PYTHONNOUSERSITE", "1", ""),
        ("SEALENV_PREFIX", prefix, ""),
        ("PIP_CONFIG_FILE", "nul" if windows else "/dev/null", ""),
        ("CONDARC", condarc, condarc),
        ("MAMBARC", condarc, condarc),
    ]
    if windows:
        conda, mamba = at("condabin", "conda.bat"), at("Library", "bin", "mamba.exe")
        return [
            *shared,
            ("CONDA_BAT", conda, conda),
            ("CONDA_EXE", at("Scripts", "conda.exe"), conda),
            ("CONDA_PYTHON_EXE", at("python.exe"), conda),
            ("MAMBA_EXE", mamba, mamba),
        ]
    conda, mamba = at("bin", "conda"), at("bin", "mamba")
    return [
        ("PATH", at("bin"), ""),
        *shared,
        ("CONDA_EXE", conda, conda),
        ("CONDA_PYTHON_EXE", at("bin", "python"), conda),
        ("MAMBA_EXE", mamba, mamba),
    ]
