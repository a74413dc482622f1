"""Fill in the templates of the standalone scripts, and write them to `bootstrap/`.

A template is a script with markers. `__SEALENV_PART_GATE__` in NAME.sh is the part `gate` of
`templates/parts.sh`. Every other marker, such as `__SEALENV_VERSION__`, is a text of the caller. A line
that is a marker without text is left out.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sealenv._version import __version__
from sealenv.gates.rules import RULES
from sealenv.quoting import to_bytes
from sealenv.system.files import write_atomic

SCRIPTS = ("Micromamba_bootstrap.bat", "get_sed.bat", "micromamba_bootstrap.sh")
_TEMPLATES = Path(__file__).parent / "templates"
_MARKER = re.compile(r"^__SEALENV_([A-Z0-9_]+?)__\n|__SEALENV_([A-Z0-9_]+?)__", re.MULTILINE)
PROGRAMS = {
    "python": "python.exe",
    "conda": r"Scripts\conda.exe",
    "mamba": r"Library\bin\mamba.exe",
}
"""The programs that a .bat runs at the end, by their package."""
USE = r'call "%SB_PREFIX%\condabin\mamba.bat" activate'
"""How to use an environment with mamba in cmd.exe."""
MACHINES = {
    "linux-64": "Linux-x86_64 | Linux-amd64",
    "linux-aarch64": "Linux-aarch64 | Linux-arm64",
    "osx-64": "Darwin-x86_64",
    "osx-arm64": "Darwin-arm64",
}
"""What uname prints on each platform of a .sh."""
_STEPS = ("empty", "run_micromamba", "link_pkgs", "copy_folders", "patch", "prove")
"""The steps of Micromamba_bootstrap.bat while the marker is open."""
_DEFAULTS = {
    "bat": {
        "ENVS": r"DRIVE:\dev\Anaconda\envs, or .",
        "CACHE": r"DRIVE:\CACHE, or TEMP",
        "PKGS": r"CACHE\Python\pkgs",
        "ACTIVATE": r'call "%~dp0..\condabin\mamba.bat" activate',
    },
    "sh": {
        "ENVS": ".",
        "CACHE": "~/.cache/sealenv-bootstrap",
        "PKGS": "CACHE/pkgs",
        "ACTIVATE": '. ../etc/profile.d/conda.sh && conda activate "$(cd .. && pwd)"',
    },
}
"""Defaults of the variables in the help, and how a --post script activates, by kind of script."""
_FORGOTTEN = "CONDA _CONDA _CE_ MAMBA PYTHON PIP_ PIXI_ UV_ VIRTUAL_ENV SEALENV_PREFIX"
"""Beginnings of variables that programs started by a .bat do not see."""


@dataclass(frozen=True)
class PinnedMicromamba:
    """Which micromamba a script uses.

    Attributes:
        version: VERSION-BUILD of the release that it is downloaded from.
        sha256: the digest of the executable, by subdir.
    """

    version: str
    sha256: Mapping[str, str] = field(default_factory=dict)


PINNED = PinnedMicromamba(
    "2.8.1-1",
    {
        "linux-64": "77b7790ec97f64581118f103585b175df4306f95829b0fa6bfe4a19cc88a1182",
        "linux-aarch64": "49aa29008cafa6cd6027ebd643fc43ca32c20740e60b0a05378c4e5bb837c217",
        "osx-64": "d6fce18e56d7c6bf2331b0ee1b372a581c70f09b509cc9e924cdd131e053b58a",
        "osx-arm64": "9618a2866a2ffb3d36b55e9520f64d63dcd6dc2e622a351ca3cbe8e2cc90c757",
        "win-64": "b645a5259cb92b5869b0e60943390dd0d362cae45bc7e2f5ba8c7e4a4b06c7aa",
    },
)
"""The release that the scripts use. Change a digest only if independent sources agree on it."""


def render(name: str) -> bytes:
    """Return one script as the bytes of its file."""
    kind = name.rpartition(".")[2]
    texts = {
        "MICROMAMBA": PINNED.version,
        "DIGEST": PINNED.sha256["win-64"],
        "HELP": help_lines(kind, "help.txt", SCRIPT=name, MICROMAMBA=PINNED.version),
        "PROGRAMS": " ".join(PROGRAMS.values()),
        "CACHE_OF_RUN": "pkgs",
        "USE": USE,
        "MAKE": " && ".join(f"call :{step}" for step in _STEPS),
        "MACHINES": "\n".join(
            f"    {uname}) subdir={platform} pinned={PINNED.sha256[platform]} ;;"
            for platform, uname in MACHINES.items()
        ),
        "NONE": "no micromamba is released",
    }
    return fill(name, texts, without=["clean"])


def write(folder: Path) -> list[Path]:
    """Write every script into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in SCRIPTS:
        mode = 0o755 if name.endswith(".sh") else 0o644
        write_atomic(folder / name, render(name), mode=mode)
    return [folder / name for name in SCRIPTS]


def fill(name: str, texts: Mapping[str, str], without: Collection[str] = ()) -> bytes:
    """Fill in a template and return the bytes of the script.

    A .bat is ASCII with CRLF: cmd.exe reads a file in the code page of the machine, and may miss a
    label in a file with LF alone.

    Args:
        name: the template; its extension is the kind of the script.
        texts: the text of each marker.
        without: parts that this script does not need.
    """
    kind = name.rpartition(".")[2]
    parts = _parts(kind)
    common = {
        "VERSION": __version__,
        "GATE": _gate_lines(kind),
        "FORGOTTEN": _FORGOTTEN,
    }

    def filled(found: re.Match[str]) -> str:
        marker = found[1] or found[2]
        if not marker.startswith("PART_"):
            text = texts[marker] if marker in texts else common[marker]
        elif (part := marker.removeprefix("PART_").lower()) in without:
            text = ""
        else:
            text = _MARKER.sub(filled, parts[part] + "\n").rstrip("\n")
        return text + ("\n" if found[1] and text else "")

    text = re.sub("\n{3,}", "\n\n", _MARKER.sub(filled, _read(name))).rstrip("\n") + "\n"
    if kind == "bat":
        return text.replace("\n", "\r\n").encode("ascii")
    return to_bytes(text)


def _parts(kind: str) -> dict[str, str]:
    """The parts that the scripts of one kind share, by name."""
    pieces = re.split(r"^@@ (\w+)\n", _read(f"parts.{kind}"), flags=re.MULTILINE)[1:]
    return {name: text.strip("\n") for name, text in zip(pieces[::2], pieces[1::2], strict=True)}


def _gate_lines(kind: str) -> str:
    """Check each variable of the gate's table."""
    always = " ".join(rule.name for rule in RULES if not rule.harmless)
    if kind == "bat":
        lines = [f"for %%V in ({always}) do call :gate %%V"]
        call = 'call :gate {name} "{harmless}"'
    else:
        lines = [f"for variable in {always}; do"]
        lines += ['    eval "gate $variable \\"\\${$variable-}\\""', "done"]
        call = "gate {name} \"${{{name}-}}\" '{harmless}'"
    for rule in RULES:
        if rule.harmless:
            words = _spellings(rule.harmless) if kind == "sh" else rule.harmless
            lines.append(call.format(name=rule.name, harmless=" ".join(words)))
    return "\n".join(lines)


def _spellings(words: Collection[str]) -> list[str]:
    """The words as people write them, for a shell that compares letter by letter."""
    return list(dict.fromkeys(s for w in words for s in (w, w.capitalize(), w.upper())))


def help_lines(kind: str, template: str, **words: str) -> str:
    """Return the text of `--help`; in a .bat the lines at its top, from which it prints them."""
    words |= _DEFAULTS[kind]
    text = re.sub("@([A-Z]+)@", lambda found: words[found[1]], _read(template).rstrip("\n"))
    if kind == "sh":
        return text
    return "\n".join(f"rem | {line}".rstrip() for line in text.split("\n"))


def _read(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="ascii")
