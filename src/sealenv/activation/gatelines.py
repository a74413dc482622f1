"""The gate's table in each shell's own language, for the activation scripts."""

from __future__ import annotations

from sealenv.activation.quoting import QUOTE
from sealenv.gates.rules import ACTIVE, ANCESTOR, RULES, Rule

__all__ = ["ancestor_words", "gate_lines", "named"]


def named(level: str) -> list[Rule]:
    """The rules of single variables, of a level."""
    return [rule for rule in RULES if rule.level == level and not rule.is_family]


def gate_lines(shell: str) -> list[str]:
    """The gate of a script in sh, fish, csh, xsh or nu, from the one table."""
    quote = QUOTE[shell]
    lines = []
    for rule in named(ACTIVE):
        name, what, clear = rule.name, quote(rule.what), quote(rule.clear_in(shell))
        harmless = quote(" ".join(rule.harmless))
        if shell == "sh":
            lines.append(f'_sealenv_find {name} "${{{name}-}}" {harmless} {what} {clear}')
        elif shell == "fish":
            lines.append(f"_sealenv_find {name} {harmless} {what} {clear}")
        elif shell == "xsh":
            lines.append(f"({quote(name)}, {harmless}, {what}, {clear}),")
        elif shell == "nu":
            record = f"name: {name}, value: $env.{name}?, harmless: {harmless}"
            lines.append(f"{{{record}, what: {what}, clear: {clear}}}")
        else:
            lines += _csh(rule)
    return lines


def ancestor_words(shell: str) -> str:
    """What a process above means, and how to get away from it, as the script of a shell takes it."""
    what, clear = QUOTE[shell](ANCESTOR.what), QUOTE[shell](ANCESTOR.clear_in(shell))
    if shell == "nu":
        return f"what: {what}, clear: {clear}"
    return f"{what}, {clear}" if shell == "xsh" else f"{what} {clear}"


def _csh(rule: Rule) -> list[str]:
    quote, name = QUOTE["csh"], rule.name
    tests = [f"x${name}:q != x{quote(word)}" for word in ("", *rule.harmless)]
    return [
        f"if ($?{name}) then",
        f"    if ({' && '.join(tests)}) then",
        "        set _sealenv_gate = yes",
        f'        _sealenv_say "sealenv: {name}="${name}:q',
        f'        _sealenv_say "      "{quote(rule.what)}',
        f'        _sealenv_say "      to clear it: "{quote(rule.clear_in("csh"))}',
        "    endif",
        "endif",
    ]
