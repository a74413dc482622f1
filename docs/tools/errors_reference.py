"""`python -m docs.tools.errors_reference [--write]`: docs/reference/errors.md, from the source.

For every class of `sealenv.errors` the page has its name in `--json`, its exit code, what happened, what
to do in general, and every message in the source that is raised as this class, with its own remedy.
Without --write the page is compared: exit code 1 when it is not what the code says.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import sealenv.errors
from docs.tools.generated import write_or_compare
from sealenv.errors import SealenvError

__all__ = ["PAGE", "REMEDIES", "classes", "page"]

PAGE = Path(__file__).resolve().parents[1] / "reference" / "errors.md"
SRC = Path(sealenv.errors.__file__).parent

REMEDIES = {
    "usage": (
        "Read the message against `sealenv COMMAND --help`; nothing was done, so correct the "
        "line and run it again."
    ),
    "spec": (
        "Mend the place that is named (file, line, column where there is one). In a shell "
        "quote a MatchSpec with `>`, `<`, `*` or a space."
    ),
    "bundle": (
        "The file was cut, changed, or is not a bundle: compare its sha256 with the sender's and "
        "copy it again. `sealenv bundle` makes another one."
    ),
    "output-exists": ("Name another file, or delete this one yourself if it is to go."),
    "dirty-shell": (
        "Open a new shell, or run what the message says for each variable; `--clean` of `run` "
        "and `shell` starts from a clean environment. [Repair a dirty "
        "shell](../how-to/dirty-shell.md)."
    ),
    "solve": (
        "The details are the solver's reason. Ask for less, or for another Python; look at the "
        "channels and `--platform`; with `--exclude-newer` at the time."
    ),
    "fetch": (
        "Look at the address in the message; then [proxy and "
        "certificates](../how-to/network.md). What was verified before is in the cache: the "
        "same command goes on from there."
    ),
    "channel": (
        "Compare the channel's name or URL with where it is; its `noarch/repodata.json` must "
        "be there. [Proxy, certificates](../how-to/network.md), "
        "[mirrors](../how-to/mirror.md)."
    ),
    "offline": ("Run it once with a network, or bring a [bundle](../how-to/offline.md)."),
    "digest": (
        "Do not go round it: somebody changed or damaged the file. It is not used, and fetched "
        "anew the next time. If it stays so, the channel or mirror has other bytes than it "
        "says: tell its owner."
    ),
    "engine": (
        "Run the same command again; the details are the engine's own words. If it stays so, "
        "report it with `-v` output."
    ),
    "link": (
        "The package cannot be linked here: the message says which and why. Leave it out, take "
        "another version, or a shorter folder."
    ),
    "cache-damaged": ("Run the same command again: what was damaged is removed, and fetched anew."),
    "link-script": (
        "The script's output is in the details. `--no-link-scripts` leaves such scripts out "
        "and lists them."
    ),
    "prefix": ("The message says what is in the way, and which command clears it."),
    "prefix-exists": (
        "Choose another name, or an empty folder. sealenv deletes nothing that it did not make."
    ),
    "prefix-locked": (
        "Wait for the other sealenv, or end it. The lock ends with its process; no file is left."
    ),
    "prefix-pending": (
        "The same `sealenv create` again replaces it; `sealenv remove` takes it away."
    ),
    "prefix-changed": (
        "Both folders are there. Look at what differs, keep one, and `sealenv remove` the other."
    ),
    "not-found": ("`sealenv list` shows the environments, and where it looks."),
    "record": (
        "`sealenv verify` says more. `sealenv repair` puts back what the seal knows; else make "
        "the environment anew from its lock."
    ),
    "check": (
        "The details are what the new Python said. A created environment stays pending to be "
        "looked at; `sealenv create` again replaces it. A moved one: `sealenv move --here ENV` "
        "when the cause is gone."
    ),
    "filesystem": ("Make room, or mend the permissions; then the same command again."),
    "changed-since": (
        "Somebody else wrote there: nothing was changed. Look at it, then run `sealenv doctor` again; "
        "what `--undo` would have put back is in the copy that it names."
    ),
    "cache-busy": ("Wait for the other sealenv to end, or name another `SEALENV_CACHE`."),
    "post-script": (
        "The environment is sealed and works. Mend the script in its `__home__` and run it "
        "with `sealenv run ENV -- ...`."
    ),
    "interrupted": (
        "The same command again replaces the pending folder; `sealenv remove` takes it away."
    ),
    "interrupted-command": (
        "Each file that it writes is whole, or as it was. The same command again does the rest."
    ),
    "interrupted-move": (
        "The same command again finishes it ([if it is ended half "
        "way](../how-to/move.md#if-it-is-ended-half-way))."
    ),
}

_HEAD = """\
# Errors, and what to do

<!-- Written by `python -m docs.tools.errors_reference --write`: change the source, not this page. -->

An error says what happened, where (`at:`), and what to do (`next:`). With `--json` the same are the
fields `what`, `where` and `hint` ([errors in JSON](json.md#errors)); the Python API raises the class. A
message is found here by its words: `…` stands for a name, a path or a number. All
[exit codes](exit-codes.md).

"""


def classes() -> list[type[SealenvError]]:
    """Every class of the tree, as the source has them in order."""
    found = [
        value
        for value in vars(sealenv.errors).values()
        if isinstance(value, type) and issubclass(value, SealenvError) and value is not SealenvError
    ]
    return sorted(found, key=lambda cls: (cls.exit_code, found.index(cls)))


def page() -> str:
    """The whole page."""
    messages = _messages()
    index = "".join(
        f"| [`{cls.code}`](#{cls.code}) | `{cls.exit_code}` | `{cls.__name__}` | {_doc(cls)} |\n"
        for cls in classes()
    )
    sections = "\n".join(_section(cls, messages.get(cls.__name__, {})) for cls in classes())
    head = "| `error` | Exit code | Class | What happened |\n|---|---|---|---|\n"
    return f"{_HEAD}{head}{index}\n{sections}"


def _section(cls: type[SealenvError], messages: dict[str, str]) -> str:
    parts = [f"## {cls.code}\n", f"{_doc(cls)} {REMEDIES[cls.code]}\n"]
    if messages:
        rows = "".join(
            f"| {_cell(what)} | {_cell(hint or cls.advice or '')} |\n"
            for what, hint in sorted(messages.items())
        )
        parts.append(f"| Message | What to do |\n|---|---|\n{rows}")
    return "\n".join(parts)


def _doc(cls: type[SealenvError]) -> str:
    return " ".join((cls.__doc__ or "").split())


def _messages() -> dict[str, dict[str, str]]:
    """Class -> message -> remedy (empty where it has none of its own)."""
    found: dict[str, dict[str, str]] = {}
    names = {cls.__name__ for cls in classes()}
    for path in sorted(SRC.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        texts = _constants(tree)
        for node in ast.walk(tree):
            name = _called(node)
            if name not in names or not isinstance(node, ast.Call) or not node.args:
                continue
            hint = next((word.value for word in node.keywords if word.arg == "hint"), None)
            for what in _texts(node.args[0], texts):
                if re.search(r"\w\w", what):
                    remedy = " or: ".join(_texts(hint, texts)) if hint is not None else ""
                    shown = "" if remedy.strip("… ") == "" else remedy
                    known = found.setdefault(name, {})
                    known[what] = known.get(what) or shown
    return found


def _called(node: ast.AST) -> str:
    if not isinstance(node, ast.Call):
        return ""
    function = node.func
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def _constants(tree: ast.Module) -> dict[str, ast.expr]:
    """The module's own names for texts."""
    return {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _texts(node: ast.expr, names: dict[str, ast.expr]) -> Iterator[str]:
    """What a message can be, with `…` for what is known only when it happens."""
    if isinstance(node, ast.Constant):
        yield str(node.value) if node.value is not None else ""
    elif isinstance(node, ast.JoinedStr):
        pieces = [str(p.value) if isinstance(p, ast.Constant) else "…" for p in node.values]
        yield "".join(pieces)
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body, names)
        yield from _texts(node.orelse, names)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        rights = list(_texts(node.right, names))
        for left in _texts(node.left, names):
            yield from (left + right for right in rights)
    elif isinstance(node, ast.Name) and isinstance(
        names.get(node.id), ast.Constant | ast.JoinedStr
    ):
        yield from _texts(names[node.id], {})
    else:
        yield "…"


def _cell(text: str) -> str:
    """Plain text in a table: nothing in it is markup but back-quotes."""
    text = re.sub(r"…+", "…", " ".join(text.split())).replace("|", "\\|")
    if text.count("`") % 2:
        text = text.replace("`", "'")
    parts = text.split("`")
    pattern = r"([\\<>*\[\]](?!\|)|(?<!\w)_+|_+(?!\w))"
    parts[::2] = [re.sub(pattern, r"\\\1", part) for part in parts[::2]]
    return "`".join(parts)


if __name__ == "__main__":
    sys.exit(write_or_compare(PAGE, page, "docs.tools.errors_reference"))
