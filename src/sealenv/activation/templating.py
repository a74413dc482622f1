"""Fill in the templates of scripts: markers, and the table of the gate in each shell's own language."""

from __future__ import annotations

from collections.abc import Iterable

from sealenv.gates.rules import ON_PATH, RULES, Rule
from sealenv.quoting import QUOTE, quote_ps1


def fill(text: str, marker: str, lines: Iterable[str]) -> str:
    """Replace each line that holds the marker alone by the lines, with its indent."""
    out = []
    for line in text.split("\n"):
        if line.strip() == f"__SEALENV_{marker}__":
            indent = line[: len(line) - len(line.lstrip())]
            out += [indent + new for new in lines]
        else:
            out.append(line)
    return "\n".join(out)


def gate_lines(shell: str) -> list[str]:
    """Return the lines of a script that look at each variable: one per variable."""
    return [line for rule in RULES for line in _WRITERS[shell](rule)]


def on_path(shell: str) -> str:
    """Return what a folder of another environment on PATH means, as a word of the shell."""
    if shell == "sh":
        return f"{QUOTE['sh'](ON_PATH.what)} {QUOTE['sh'](ON_PATH.clear_in('sh'))}"
    if shell == "cmd":
        return _text(ON_PATH, shell)
    return _word(ON_PATH, shell)


def _text(rule: Rule, shell: str) -> str:
    return f"{rule.what}; to clear it: {rule.clear_in(shell)}"


def _word(rule: Rule, shell: str) -> str:
    quote = quote_ps1 if shell == "ps1" else QUOTE[shell]
    return quote(_text(rule, shell))


def _spellings(rule: Rule) -> list[str]:
    """Return the usual spellings of the harmless values, for shells that compare case-sensitively."""
    return list(dict.fromkeys(s for w in rule.harmless for s in (w, w.capitalize(), w.upper())))


def _sh(rule: Rule) -> list[str]:
    quote = QUOTE["sh"]
    words = [quote(word) for word in (rule.what, rule.clear_in("sh"), " ".join(_spellings(rule)))]
    return [f'_sealenv_check {rule.name} "${{{rule.name}-}}" {" ".join(words)}']


def _fish(rule: Rule) -> list[str]:
    return [" ".join(("_sealenv_check", rule.name, _word(rule, "fish"), *rule.harmless))]


def _csh(rule: Rule) -> list[str]:
    # A pattern; no word of a list may be empty.
    harmless = f"x{{,{','.join(_spellings(rule))}}}" if rule.harmless else "x"
    words = [QUOTE["csh"](harmless), _word(rule, "csh")]
    return [f"set _sealenv_gate = ($_sealenv_gate:q {rule.name} {' '.join(words)})"]


def _xsh(rule: Rule) -> list[str]:
    return [f"({rule.name!r}, {' '.join(rule.harmless)!r}, {_word(rule, 'xsh')}),"]


def _nu(rule: Rule) -> list[str]:
    harmless = " ".join(f'"{word}"' for word in rule.harmless)
    return [f"{{name: {rule.name}, harmless: [{harmless}], text: {_word(rule, 'nu')}}}"]


def _ps1(rule: Rule) -> list[str]:
    words = (quote_ps1(rule.name), quote_ps1(" ".join(rule.harmless)), _word(rule, "ps1"))
    return [f", @({', '.join(words)})"]


def _bat(rule: Rule) -> list[str]:
    name = rule.name
    harmless = "".join(f'if /i not "!{name}!"=="{word}" ' for word in rule.harmless)
    shown = f">&2 echo   {name}=!{name}!: {_text(rule, 'cmd')}"
    return [f'@if defined {name} {harmless}{shown}& set "_sealenv_found=yes"']


_WRITERS = {
    "sh": _sh,
    "fish": _fish,
    "csh": _csh,
    "xsh": _xsh,
    "nu": _nu,
    "ps1": _ps1,
    "cmd": _bat,
}
