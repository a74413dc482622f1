"""Where the links of all packages lead together: what none does alone, several may."""

from __future__ import annotations

from collections.abc import Mapping

from sealenv.errors import LinkError

__all__ = ["refuse_links_out"]

_MOST_STEPS = 1000


def refuse_links_out(links: Mapping[str, tuple[str, str]]) -> None:
    """Follow every link through all others.

    Args:
        links: path in the prefix -> where it leads, and whose it is.

    Raises:
        LinkError: one leads out of the prefix, or in a circle.
    """
    for path, (_, owner) in links.items():
        if not _stays_inside(path, links):
            raise LinkError(
                f"{path!r} of {owner} is a link that leads through others out of the environment, or "
                "in a circle",
                hint="leave the package out, or tell the channel's owner",
            )


def _stays_inside(path: str, links: Mapping[str, tuple[str, str]]) -> bool:
    """Walk as the kernel does; False too for what never arrives."""
    at: list[str] = []
    rest = path.split("/")[::-1]
    for _ in range(_MOST_STEPS):
        if not rest:
            return True
        part = rest.pop()
        if part in {"", "."}:
            continue
        if part == "..":
            if not at:
                return False
            at.pop()
            continue
        at.append(part)
        link = links.get("/".join(at))
        if link is not None:
            at.pop()
            rest += link[0].split("/")[::-1]
    return False
