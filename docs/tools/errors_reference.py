"""Generate docs/reference/errors.md: `python -m docs.tools.errors_reference [--write]`.

For every class of `sealenv.errors` the page shows its name in `--json`, its exit code, what happened, a
general remedy, and every message in the source that is raised as this class, with its hint.
Without --write the page is compared with the code: exit code 1 if they differ.
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

PAGE = Path(__file__).resolve().parents[1] / "reference" / "errors.md"
SRC = Path(sealenv.errors.__file__).parent

REMEDIES = {
    "usage": (
        "Nothing was done. Compare the command line with `sealenv COMMAND --help` and correct it."
    ),
    "spec": (
        "Correct the input at the position in the message. In a shell, "
        "quote a MatchSpec with `>`, `<`, `*` or a space."
    ),
    "bundle": (
        "The file is truncated, was changed, or is not a bundle. Compare its sha256 with "
        "the sender's and copy it again, or create it again with `sealenv bundle`."
    ),
    "output-exists": ("Choose another file name, or delete the existing file."),
    "dirty-shell": (
        "Open a new shell, or run the command that the message shows for each variable. `run` "
        "and `shell` can start from a clean environment: `--clean`. [Repair a dirty "
        "shell](../how-to/dirty-shell.md)."
    ),
    "solve": (
        "The details show the solver's reason. Loosen the specs, choose another Python, and check the "
        "channels, `--platform` and `--exclude-newer`."
    ),
    "fetch": (
        "Check the URL in the message, then [proxy and "
        "certificates](../how-to/network.md). Verified archives stay in the cache: "
        "the same command continues from there."
    ),
    "channel": (
        "Check the channel's name or URL; the channel must have a `noarch/repodata.json`. "
        "[Proxy, certificates](../how-to/network.md), [mirrors](../how-to/mirror.md)."
    ),
    "offline": ("Run the command once with a network, or use a [bundle](../how-to/offline.md)."),
    "digest": (
        "The file was changed or damaged. sealenv does not use it, and downloads it again the next "
        "time. If the error persists, the channel or mirror has other bytes than its index says: report "
        "that to its owner, and do not skip the check."
    ),
    "engine": (
        "Run the same command again. The details show the engine's own message. If the error persists, "
        "report it with the output of `-v`."
    ),
    "link": (
        "The package cannot be installed on this machine; the message gives the reason. "
        "Leave the package out, or choose another version or a shorter path."
    ),
    "cache-damaged": (
        "Run the same command again. It removes damaged files and downloads them again."
    ),
    "link-script": (
        "The details show the output of the script. `--no-link-scripts` skips such scripts "
        "and lists them."
    ),
    "prefix": ("The message gives the reason, and the command that helps."),
    "prefix-exists": (
        "Choose another name, or an empty folder. sealenv deletes only what it made itself."
    ),
    "prefix-locked": (
        "Wait for the other sealenv, or end it. The lock ends with its process; no lock file remains."
    ),
    "prefix-pending": ("Run the same `sealenv create` again to replace it, or `sealenv remove`."),
    "prefix-changed": (
        "Both folders exist. Compare them, keep one, and `sealenv remove` the other."
    ),
    "not-found": ("`sealenv list` shows the environments and the folders that it searches."),
    "record": (
        "`sealenv verify` shows details. `sealenv repair` restores sealed files; otherwise create "
        "the environment again from its lock."
    ),
    "check": (
        "The details show the output of the new Python. A created environment stays "
        "pending, so that you can inspect it; the next `sealenv create` replaces it. After a move, "
        "remove the cause and run `sealenv move --here ENV`."
    ),
    "filesystem": ("Free some space, or correct the permissions, then run the same command again."),
    "changed-since": (
        "Another program changed the file, so sealenv left it unchanged. Look at it, then run "
        "`sealenv doctor` again. The copy named in the message holds what `--undo` would have restored."
    ),
    "cache-busy": ("Wait for the other sealenv, or set another `SEALENV_CACHE`."),
    "post-script": (
        "The environment is sealed and works. Fix the script in its `__home__` and run it "
        "with `sealenv run ENV -- ...`."
    ),
    "interrupted": (
        "Run the same command again to replace the pending folder, or `sealenv remove`."
    ),
    "interrupted-command": (
        "Each file is either unchanged or completely written. Run the same command again to finish."
    ),
    "interrupted-move": (
        "Run the same command again to finish it ([after an "
        "interruption](move.md#after-an-interruption))."
    ),
}

_HEAD = """\
# Errors, and what to do

<!-- Written by `python -m docs.tools.errors_reference --write`: change the source, not this page. -->

An error says what happened, where (`at:`), and what to do (`next:`). With `--json` these are the
fields `what`, `where` and `hint` ([errors in JSON](json.md#errors)); the Python API raises the class. To
find a message, search this page for its words: `…` stands for a name, a path or a number. All
[exit codes](exit-codes.md).

"""


def classes() -> list[type[SealenvError]]:
    """Return every error class, by exit code and then in the order of the source."""
    found = [
        value
        for value in vars(sealenv.errors).values()
        if isinstance(value, type) and issubclass(value, SealenvError) and value is not SealenvError
    ]
    return sorted(found, key=lambda cls: (cls.exit_code, found.index(cls)))


def page() -> str:
    """Return the whole page."""
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
    """Map each class to its messages and their hints (empty without one)."""
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
    """Map the module's constants to their values."""
    return {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _texts(node: ast.expr, names: dict[str, ast.expr]) -> Iterator[str]:
    """Yield every possible text of a message, with `…` for values that are known at run time only."""
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
    """Escape a text for a table cell; only back-quotes stay markup."""
    text = re.sub(r"…+", "…", " ".join(text.split())).replace("|", "\\|")
    if text.count("`") % 2:
        text = text.replace("`", "'")
    parts = text.split("`")
    pattern = r"([\\<>*\[\]](?!\|)|(?<!\w)_+|_+(?!\w))"
    parts[::2] = [re.sub(pattern, r"\\\1", part) for part in parts[::2]]
    return "`".join(parts)


if __name__ == "__main__":
    sys.exit(write_or_compare(PAGE, page, "docs.tools.errors_reference"))
