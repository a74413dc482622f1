"""Who may go on: what to do about what was found, for a verb that enters and for one that does not."""

from __future__ import annotations

from sealenv.gates.children import scrub, without_dirt
from sealenv.gates.findings import Finding, find
from sealenv.gates.rule import ACTIVE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["enter", "look", "refuse", "shorter"]


def look(environ: Mapping[str, str]) -> list[Finding]:
    """What makes this process dirty: its variables, PATH, and the processes above it.

    The environment that sealenv itself runs from is left out.
    """
    from sealenv.gates.ancestry import find_above

    return find_above() + find(scrub(environ))


def enter(
    environ: Mapping[str, str], *, clean: bool = False, strict: bool = False
) -> tuple[dict[str, str], list[Finding]]:
    """The variables to enter an environment with, and what was found and does not refuse.

    Nothing that the table names is left in them.

    Args:
        environ: the variables of this process.
        clean: start from a clean environment instead of refusing a dirty one. It does not lead out of
            a sealed environment: a child of one stays a child, whatever its variables.
        strict: refuse what is merely present, too.

    Raises:
        DirtyShellError: something is active here.
    """
    if clean:
        from sealenv.gates.whitelist import clean_environ

        inside = [finding for finding in look(environ) if not finding.leads_out]
        if inside:
            raise refuse(inside, strict=False)
        return clean_environ(environ), []
    found = look(environ)
    if found and (strict or any(finding.level == ACTIVE for finding in found)):
        raise refuse(found, strict=strict)
    return without_dirt(scrub(environ)), found


def refuse(found: list[Finding], *, strict: bool) -> Exception:
    """The refusal, with everything that was found."""
    from sealenv.errors import DirtyShellError

    shown = found if strict else [finding for finding in found if finding.level == ACTIVE]
    hint = "open a clean shell, or start from a clean environment with --clean"
    if not all(finding.leads_out for finding in shown):
        hint = "open a new terminal: --clean does not lead out of a sealed environment"
    elif strict and not any(finding.level == ACTIVE for finding in found):
        hint += "; without --strict this is a warning"
    return DirtyShellError(
        "this shell is not clean", details=[str(finding) for finding in shown], hint=hint
    )


def shorter(found: list[Finding]) -> str:
    """The findings in one line: variables by name, folders of PATH as they are."""
    from sealenv.naming import printable

    names = [f"{f.name} ({f.value})" if f.name == "PATH" else f.name for f in found]
    return printable(", ".join(dict.fromkeys(names)))
