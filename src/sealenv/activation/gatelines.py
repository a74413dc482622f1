"""The gate's table in each shell's own language, for the activation scripts."""

from __future__ import annotations

from sealenv.activation.oldrule import ACTIVE, PRESENT, Rule
from sealenv.activation.oldrules import (
    ANCESTOR,
    HONOURED,
    LEFT_BY_OURS,
    PROGRAMS,
    RULES,
    SHADOW,
    rule_of,
)
from sealenv.quoting import QUOTE

__all__ = [
    "ancestor_words",
    "cleared",
    "families",
    "gate_lines",
    "honoured",
    "members",
    "named",
    "of_pip",
    "paths",
    "pip_lines",
    "rc_files",
    "rc_lines",
    "shadow_lines",
    "words",
]


def named(level: str) -> list[Rule]:
    """The rules of single variables, of a level."""
    return [rule for rule in RULES if rule.level == level and not rule.is_family]


def cleared() -> list[str]:
    """The single variables that an activation takes out, whatever their value."""
    return [rule.name for rule in named(PRESENT) if not rule.is_path]


def paths() -> list[str]:
    """Those that it takes out where their value may be a path."""
    return [rule.name for rule in named(PRESENT) if rule.is_path]


def of_pip(level: str) -> list[Rule]:
    """The settings of pip, of a level: pip takes each in more than one spelling (`rules.spelled`)."""
    return [rule for rule in named(level) if rule.name.startswith(_PIP)]


_PIP = "PIP_"


def rc_files() -> list[Rule]:
    """The settings files that an activation names: a child that has cleared the rest still has these."""
    return [rule for name in ("CONDARC", "MAMBARC") if (rule := rule_of(name))]


def families() -> list[str]:
    """The beginnings of the names that it takes out where a shell can list its variables.

    A function that bash has exported is none of its variables. One beginning is in no other.
    """
    starts = [rule.name[:-1] for rule in RULES if rule.is_family and rule.members]
    return [start for start in starts if not start.startswith(tuple({*starts} - {start}))]


def members() -> list[str]:
    """The variables of these families that it takes out where a shell cannot list them."""
    return [rule.name[:-1] + name for rule in RULES for name in rule.members]


def honoured() -> list[str]:
    """What stays of the families."""
    return [name for name, _ in HONOURED if name.startswith(tuple(families()))]


def words(shell: str) -> dict[str, str]:
    """Lists for the templates, as a script of the shell takes them."""
    lists = {
        "CLEARED": cleared(),
        "MEMBERS": members(),
        "PATHS": paths(),
        "FAMILIES": families(),
        "HONOURED": honoured(),
        "PROGRAMS": list(PROGRAMS),
    }
    left = {"LEFT_BY_OURS": QUOTE[shell](LEFT_BY_OURS)}
    if shell == "xsh":
        return left | {name: ", ".join(map(repr, found)) for name, found in lists.items()}
    plain = left | {name: " ".join(found) for name, found in lists.items()}
    pip = [rule.name.removeprefix(_PIP) for rule in of_pip(PRESENT)]
    plain["HONOURED_CASE"] = " | ".join(honoured())
    plain["PIP_CASE"] = " | ".join(map(_any_case, pip))
    plain["PIP_USUAL"] = " ".join(rule.name for rule in of_pip(ACTIVE))
    plain["PIP_BASH"] = _OF_BASH.format(_PIP)
    plain["PIP_ZSH"] = _OF_ZSH.format(_PIP)
    plain["OF_BASH"] = " ".join(map(_OF_BASH.format, (*families(), _PIP)))
    plain["OF_ZSH"] = " ".join(map(_OF_ZSH.format, (*families(), _PIP)))
    # To nushell a variable may have a name with a dash; the others could not take it out.
    spellings = f"(?:__)?(?:{'|'.join(pip)})".replace("_", "[-_]" if shell == "nu" else "_")
    plain["PATTERN"] = f"^(?:(?:{'|'.join(families())}).*|PIP_(?i:{spellings}))$"
    return plain


_OF_BASH = '"${{!{}@}}"'
_OF_ZSH = '"${{(@k)parameters[(I){}*]}}"'


def gate_lines(shell: str) -> list[str]:
    """The gate of a script in sh, fish, csh, xsh or nu, from the one table."""
    quote = QUOTE[shell]
    lines = []
    for rule in named(ACTIVE):
        if shell == "sh" and rule in of_pip(ACTIVE):
            continue
        name, what, clear = rule.name, quote(rule.what), quote(rule.clear_in(shell))
        harmless = quote(" ".join(rule.harmless))
        if shell == "sh":
            patterns = " | ".join(["''", *map(_any_case, rule.harmless)])
            found = f'_sealenv_find {name} "${{{name}-}}" {what} {clear}'
            lines.append(f"case ${{{name}-}} in {patterns}) ;; *) {found} ;; esac")
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


def pip_lines() -> list[str]:
    """The gate of pip's settings in sh, for a variable in any spelling."""
    lines = []
    for rule in of_pip(ACTIVE):
        found = f'_sealenv_find "$_sealenv_item" "$_sealenv_line" {QUOTE["sh"](rule.what)} '
        found += f'"{rule.clear_in("sh", "$_sealenv_item")}"'
        if rule.harmless:
            patterns = " | ".join(map(_any_case, rule.harmless))
            found = f"case $_sealenv_line in {patterns}) ;; *) {found} ;; esac"
        lines.append(f"{_any_case(rule.name.removeprefix(_PIP))}) {found} ;;")
    return lines


def rc_lines(shell: str) -> list[str]:
    """Whether CONDARC or MAMBARC names the file of a sealed environment, which an activation does."""
    lines = []
    for rule in rc_files():
        name, clear = rule.name, QUOTE[shell](ANCESTOR.clear_in(shell))
        if shell == "sh":
            lines.append(f'_sealenv_left {name} "${{{name}-}}" {clear}')
        elif shell == "fish":
            lines.append(f"_sealenv_left {name} {clear}")
        elif shell == "xsh":
            lines.append(f"({name!r}, {clear}),")
        elif shell == "nu":
            lines.append(f"{{name: {name}, clear: {clear}}}")
        else:
            lines += [
                f"if ($?{name}) then",
                f"    set _sealenv_file = ${name}:q",
                "    if ($_sealenv_gate != inside && x$_sealenv_file:q =~ x*/.condarc) then",
                "        if (-f $_sealenv_file:h:q/conda-meta/sealenv) then",
                *(f"            {line}" for line in _csh_told(rule, LEFT_BY_OURS, "inside")),
                "        endif",
                "    endif",
                "endif",
            ]
    return lines


def ancestor_words(shell: str) -> str:
    """What a process above means, and how to get away from it, as the script of a shell takes it."""
    return _words(shell, ANCESTOR, "")


def shadow_lines(shell: str) -> list[str]:
    """Whether a function or an alias hides a program of the environment, for each of them."""
    lines = []
    for name in PROGRAMS:
        told = _words(shell, SHADOW, name)
        if shell == "sh":
            # In quotes: a global alias of zsh takes the place of any other word.
            found = f"_sealenv_find '{name}' {_SHADOWED!r} {told}"
            lines.append(f"if _sealenv_shadowed '{name}'; then {found}; fi")
        elif shell == "fish":
            lines += [f"functions -q {name}", f"and _sealenv_tell {name} {_SHADOWED!r} {told}"]
        elif shell == "xsh":
            lines.append(f"({name!r}, {told}),")
        elif shell == "nu":
            lines.append(f"{{name: {name}, {told}}}")
        else:
            what, clear = told.split("\t")
            lines += [
                f"which {name} > /dev/null",
                "if ($status == 0) then",
                "    set _sealenv_gate = yes",
                f'    _sealenv_say "sealenv: "{QUOTE["csh"](f"{name}=(an alias)")}',
                f'    _sealenv_say "      "{what}',
                f'    _sealenv_say "      to clear it: "{clear}',
                "endif",
            ]
    return lines


_SHADOWED = "(a function or an alias)"


def _words(shell: str, rule: Rule, name: str) -> str:
    quote = QUOTE[shell]
    what, clear = quote(rule.what), quote(rule.clear_in(shell, name))
    if shell == "nu":
        return f"what: {what}, clear: {clear}"
    return what + {"xsh": ", ", "csh": "\t"}.get(shell, " ") + clear


def _any_case(word: str) -> str:
    """A pattern that matches the word in any case."""
    return "".join(f"[{c.upper()}{c.lower()}]" if c.isalpha() else c for c in word)


_NOT_SHOWN = "(not shown: not plain ASCII)"


def _csh(rule: Rule) -> list[str]:
    name = rule.name
    tests = [f"x${name}:q != x"]
    tests += [f"x${name}:q !~ x{_any_case(word)}" for word in rule.harmless]
    return [
        f"if ($?{name}) then",
        f"    if ({' && '.join(tests)}) then",
        *(
            f"        {line}"
            for line in _csh_told(rule, rule.what, "yes" if rule.leads_out else "inside")
        ),
        "    endif",
        "endif",
    ]


def _csh_told(rule: Rule, what: str, gate: str) -> list[str]:
    quote = QUOTE["csh"]
    inside = what == LEFT_BY_OURS
    return [
        f"set _sealenv_gate = {gate}",
        # A csh cannot take a character out of a text.
        f"set _sealenv_file = ${rule.name}:q",
        f"if (x$_sealenv_file:q =~ *[^\\ -~]*) set _sealenv_file = {_NOT_SHOWN!r}",
        f'_sealenv_say "sealenv: {rule.name}="$_sealenv_file:q',
        f'_sealenv_say "      "{quote(what)}',
        f'_sealenv_say "      to clear it: "{quote((ANCESTOR if inside else rule).clear_in("csh"))}',
    ]
