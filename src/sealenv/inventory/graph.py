"""Why a package is there: the shortest chain of needs from something that was asked for."""

from __future__ import annotations

from collections.abc import Sequence

from sealenv.inventory.items import Item

__all__ = ["chains", "roots"]


def roots(items: Sequence[Item]) -> list[str]:
    """The ids that were asked for.

    Where nothing was, as far as anybody knows: what no other item needs; of circles alone, all.
    """
    asked = [item.id for item in items if item.asked]
    wanted = {need.on for item in items for need in item.needs if need.on != item.id}
    free = [item.id for item in items if item.id not in wanted]
    return sorted(asked or free or [item.id for item in items])


def chains(items: Sequence[Item]) -> dict[str, tuple[str, ...]]:
    """Item -> the ids from one of the `roots` down to it, both included.

    Of several shortest chains it is the first by name. An item that nothing leads to is not in it.
    """
    known = {item.id: item for item in items}
    found: dict[str, tuple[str, ...]] = {root: (root,) for root in roots(items)}
    level = list(found)
    while level:
        following = []
        for name in level:
            for on in sorted({need.on for need in known[name].needs if need.on}):
                if on not in found:
                    found[on] = (*found[name], on)
                    following.append(on)
        level = following
    return found
