"""The order of packages, and which of them nothing else asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sealenv.locks.model import Lock, LockedPackage
from sealenv.spec.matchspec import package_name

__all__ = ["depends_on", "misplaced", "requested", "roots", "topological"]


def depends_on(package: LockedPackage) -> list[str]:
    """The names that a package depends on, virtual packages among them."""
    return [package_name(d) for d in package.record.get("depends", ()) if d.strip()]


def topological(packages: Iterable[LockedPackage]) -> list[LockedPackage]:
    """Dependencies first, names in alphabetical order where nothing decides; cycles are broken."""
    by_name = {p.name: p for p in packages}
    done: dict[str, LockedPackage] = {}
    entered: set[str] = set()
    stack = [(name, False) for name in sorted(by_name, reverse=True)]
    while stack:
        name, leaving = stack.pop()
        if leaving:
            done.setdefault(name, by_name[name])
        elif name not in entered:
            entered.add(name)
            stack.append((name, True))
            needs = set(depends_on(by_name[name]))
            stack += [(n, False) for n in sorted(needs, reverse=True) if n in by_name]
    return list(done.values())


def misplaced(packages: Iterable[LockedPackage]) -> tuple[str, str] | None:
    """A package and a dependency that comes behind it, though no cycle leads back; None without."""
    packages = list(packages)
    needs = {p.name: depends_on(p) for p in packages}
    seen: set[str] = set()
    for package in packages:
        seen.add(package.name)
        for name in needs[package.name]:
            if name in needs and name not in seen and not _reaches(name, package.name, needs):
                return package.name, name
    return None


def _reaches(start: str, wanted: str, needs: Mapping[str, list[str]]) -> bool:
    reached, stack = {start}, [start]
    while stack:
        for name in needs.get(stack.pop(), ()):
            if name == wanted:
                return True
            if name not in reached:
                reached.add(name)
                stack.append(name)
    return False


def roots(packages: Iterable[LockedPackage]) -> list[str]:
    """The names that no other package depends on; of a cycle without entry, all of it."""
    packages = list(packages)
    by_name = {p.name: p for p in packages}
    needed = {n for p in packages for n in depends_on(p) if n != p.name}
    found = sorted(name for name in by_name if name not in needed)
    reached = set(found)
    stack = list(found)
    while stack:
        for name in depends_on(by_name[stack.pop()]):
            if name in by_name and name not in reached:
                reached.add(name)
                stack.append(name)
    return sorted([*found, *(set(by_name) - reached)])


def requested(lock: Lock) -> tuple[str, ...]:
    """What was asked for; where the lock does not say, the packages that nothing depends on."""
    return lock.specs or tuple(roots(lock.packages))
