"""rattler-lock, read: versions 6 and 7, by pixi, py-rattler or sealenv.

An environment names its packages by address; what they are stands once below `packages`.
"""

from __future__ import annotations

from pathlib import Path

from sealenv.locks.checks import check_subdir, clean_url, file_name, split_dist
from sealenv.locks.head import read_head
from sealenv.locks.model import Lock, LockedPackage, LockedWheel, LockFile
from sealenv.locks.order import topological
from sealenv.locks.pixi_entry import is_place, read_package, read_wheel
from sealenv.locks.pixi_write import OPTIONS
from sealenv.spec.yaml_nodes import Node, load

__all__ = ["read_pixi"]

_READ = ("6", "7")


def read_pixi(
    text: str, source: Path, *, environment: str | None = None, root: Node | None = None
) -> LockFile:
    """The locks in a rattler-lock.

    Args:
        text: the content.
        source: where it is from: relative paths in it start at its folder.
        environment: which one, where it holds several; without it `default`, or the only one.
        root: the content, where it was parsed already.

    Raises:
        SpecError: it is not what it should be, with line, column and reason.
        DigestError: a package has no sha256.
    """
    root = root or load(text, str(source))
    return _Reader(root, source, environment).read(text)


class _Reader:
    def __init__(self, root: Node, source: Path, environment: str | None) -> None:
        self.root = root
        self.base = source.absolute().parent
        self.source = str(source)
        self.wanted = environment
        self.entries: dict[tuple[str, str], Node] = {}
        self.made: dict[str, LockedPackage] = {}

    def read(self, text: str) -> LockFile:
        self._check_version()
        head = read_head(text, self.source)
        for node in self.root.key("packages").items("'packages'"):
            self._describe(node)
        environment = self._environment()
        channels = self._channels(environment)
        indexes = _texts(environment, "indexes")
        links = _links(environment)
        cut_off = _cut_off(environment)
        known = self._platforms()
        locks: dict[str, Lock] = {}
        for name, items in environment.key("packages").mapping("'packages'").items():
            subdir, virtual = known.get(name, (name, ()))
            if subdir in locks and name != subdir:
                continue  # pixi names platforms freely; the one called as its subdir comes first
            conda, wheels = self._selected(items, subdir)
            locks[subdir] = Lock(
                platform=subdir,
                channels=head.channels_of(subdir, channels),
                packages=tuple(topological(conda)),
                virtual_packages=virtual,
                exclude_newer=head.cut_off(subdir) or cut_off,
                wheels=tuple(wheels),
                indexes=indexes,
                find_links=links,
                specs=head.specs_of(subdir),
                requirements=head.requirements_of(subdir),
            )
        return LockFile(
            locks=tuple(locks[subdir] for subdir in sorted(locks)),
            name=head.name,
            variables=head.variables,
            options=_options(environment),
            other_environments=self._others(environment),
        )

    def _check_version(self) -> None:
        node = self.root.key("version")
        version = node.text("'version'")
        if version not in _READ:
            old = version.isdigit() and int(version) < int(_READ[0])
            raise node.wrong(
                f"version {version[:20]!r} of rattler-lock is not read here; {' and '.join(_READ)} are",
                "let a newer pixi write it anew: pixi lock"
                if old
                else "use a newer sealenv, or lock anew: sealenv lock",
            )

    def _environment(self) -> Node:
        node = self.root.key("environments")
        environments = node.mapping("'environments'")
        names = ", ".join(environments) or "none"
        if self.wanted is not None:
            if self.wanted not in environments:
                raise node.wrong(f"there is no environment {self.wanted!r}", f"it holds {names}")
            return environments[self.wanted]
        if "default" in environments:
            return environments["default"]
        if len(environments) != 1:
            raise node.wrong(
                f"it holds {len(environments)} environments and none is called 'default'",
                f"take one out: sealenv export {self.source} --environment NAME -o NAME.lock ('create' "
                f"and 'lock' have --environment too); it holds {names}",
            )
        return next(iter(environments.values()))

    def _others(self, environment: Node) -> tuple[str, ...]:
        all_of_them = self.root.key("environments").mapping("'environments'")
        return tuple(name for name, node in all_of_them.items() if node is not environment)

    def _platforms(self) -> dict[str, tuple[str, tuple[str, ...]]]:
        """Name -> subdir and virtual packages; version 6 has none of this."""
        found = {}
        listed = self.root.get("platforms")
        for node in listed.items("'platforms'") if listed else ():
            name = node.key("name").text("a platform's name")
            subdir = node.get("subdir")
            found[name] = (
                subdir.text("'subdir'") if subdir else name,
                _texts(node, "virtual-packages"),
            )
        return found

    def _channels(self, environment: Node) -> list[str]:
        channels = []
        for node in environment.key("channels").items("'channels'"):
            url = node.key("url").text("a channel's url")
            channels.append(clean_url(url, self.base) if is_place(url) else url)
        return channels

    def _describe(self, node: Node) -> None:
        """Take an entry of `packages`; a package to build from source may be there in variants."""
        kind, address = key = _address(node)
        first = self.entries.setdefault(key, node)
        if first is not node and (kind == "pypi" or split_dist(file_name(address))):
            raise node.wrong(
                f"{address[:200]!r} is described twice: in line {first.line} too",
                "leave the right one, or lock anew",
            )

    def _selected(self, items: Node, subdir: str) -> tuple[list[LockedPackage], list[LockedWheel]]:
        """The packages that a platform names, each described below `packages`."""
        conda: dict[str, LockedPackage] = {}
        wheels: dict[str, LockedWheel] = {}
        for node in items.items("the packages of a platform"):
            kind, address = _address(node)
            entry = self.entries.get((kind, address))
            if entry is None:
                raise node.wrong(f"{address[:200]!r} is not described below 'packages'")
            if kind == "pypi":
                wheel = read_wheel(entry, self.base)
                if wheel.name in wheels:
                    raise node.wrong(f"{wheel.name} is there twice for one platform")
                wheels[wheel.name] = wheel
                continue
            if kind == "conda_source" or (
                not split_dist(file_name(address)) and entry.get("file_name") is None
            ):
                raise node.wrong(
                    f"{address[:80]!r} is a package to build from source, which is not done here",
                    "build it, put it into a channel, and lock anew",
                )
            if address not in self.made:
                self.made[address] = read_package(entry, self.base)
            package = self.made[address]
            if fault := check_subdir(package, subdir):
                raise node.wrong(fault)
            if package.name in conda:
                raise node.wrong(f"{package.name} is there twice for one platform")
            conda[package.name] = package
        return list(conda.values()), list(wheels.values())


def _address(node: Node) -> tuple[str, str]:
    """The kind of a package and its address, which name it."""
    for kind in ("conda", "pypi", "conda_source"):
        if (found := node.get(kind)) is not None:
            return kind, found.text(f"{kind!r}")
    raise node.wrong("a package has a 'conda' or a 'pypi' address, and this has none")


def _cut_off(environment: Node) -> str | None:
    """`exclude-newer` among the options: version 6 has it, version 7 does not."""
    options = environment.get("options")
    found = options.get("exclude-newer") if options else None
    return found.text("'exclude-newer'") if found and isinstance(found.value, str) else None


def _options(environment: Node) -> dict[str, str]:
    """How pixi solved it."""
    options = environment.get("options")
    found = {key: options.get(key) for key in OPTIONS} if options else {}
    return {key: node.text(f"{key!r}") for key, node in found.items() if node is not None}


def _texts(node: Node, key: str) -> tuple[str, ...]:
    found = node.get(key)
    return tuple(found.texts(f"{key!r}")) if found else ()


def _links(environment: Node) -> tuple[str, ...]:
    """The pages and folders of wheels; pixi writes a folder of this machine as `path`."""
    found = environment.get("find-links")
    nodes = found.items("'find-links'") if found else []
    return tuple(
        (node.get("url") or node.key("path")).text("a place of 'find-links'") for node in nodes
    )
