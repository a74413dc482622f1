"""Locks for tests: made by hand, and any lock that hypothesis can think of."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from sealenv.locks import Lock, LockedPackage, LockedWheel, LockFile
from sealenv.locks.model import topological

CHANNELS = (
    "https://conda.anaconda.org/conda-forge/",
    "http://localhost:8000/team/",
    "file:///srv/a%20channel/",
)
PLATFORMS = {"linux-64": ("linux", "x86_64"), "osx-arm64": ("osx", "arm64"),
             "win-64": ("win", "x86_64")}  # fmt: skip


def package(
    name: str,
    *,
    version: str = "1.0",
    build: str = "0",
    subdir: str = "noarch",
    channel: str = CHANNELS[0],
    extension: str = ".conda",
    size: int | None = 100,
    sha256: str | None = None,
    **facts: Any,
) -> LockedPackage:
    """A package as a reader gives it."""
    fn = f"{name}-{version}-{build}{extension}"
    digest = sha256 or format(sum(map(ord, name + version + build)), "064x")
    record: dict[str, Any] = {
        "name": name, "version": version, "build": build, "build_number": 0, "subdir": subdir,
        "depends": [], "sha256": digest, **facts,
    }  # fmt: skip
    if subdir in PLATFORMS:
        record["platform"], record["arch"] = PLATFORMS[subdir]
    if size is not None:
        record["size"] = size
    return LockedPackage(
        url=f"{channel}{subdir}/{fn}",
        channel=channel,
        fn=fn,
        sha256=digest,
        size=size,
        record=record,
    )


def lock(*packages: LockedPackage, platform: str = "linux-64", **facts: Any) -> Lock:
    """A lock of packages, in order."""
    return Lock(
        platform=platform,
        channels=tuple(dict.fromkeys(p.channel for p in packages)),
        packages=tuple(topological(packages)),
        **facts,
    )


NAMES = st.from_regex(r"[a-z_][a-z0-9]{0,6}(-[a-z0-9]{1,4})?", fullmatch=True)
PIP_NAMES = st.from_regex(r"[a-z][a-z0-9]{0,6}(-[a-z0-9]{1,4})?", fullmatch=True)
"""Normalised (PEP 503)."""
VERSIONS = st.from_regex(r"([0-9]!)?[0-9]{1,3}(\.[0-9a-z]{1,3}){0,2}", fullmatch=True)
BUILDS = st.from_regex(r"[a-z0-9_]{1,8}(_[0-9]{1,3})?", fullmatch=True)
DIGESTS = st.from_regex(r"[0-9a-f]{64}", fullmatch=True)
MD5 = st.from_regex(r"[0-9a-f]{32}", fullmatch=True)
TEXTS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20
)
VARIABLES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
TITLES = TEXTS.filter(lambda t: t.isprintable() and t.strip(". ") and not set(t) & set("/\\"))
PIP_VERSIONS = st.from_regex(
    r"([0-9]!)?[0-9]{1,3}(\.[0-9]{1,3}){0,2}((a|rc)[0-9])?", fullmatch=True
)
"""PEP 440."""
REQUIREMENTS = st.builds(
    "{}{}{}".format,
    PIP_NAMES,
    st.sampled_from(["", ">=1", "==1.0.*,!=1.0.5"]),
    st.sampled_from(["", "; python_version < '3.9'"]),
)
LINES = TEXTS.map(lambda text: text.translate({10: " ", 13: " "}))
DEPENDS = st.builds(
    lambda n, c: f"{n} {c}".strip(),
    NAMES,
    st.sampled_from(["", ">=1.0", ">=1,<2.0a0", "3.12.* *_cp312"]),
)


@st.composite
def records(draw: st.DrawFn, name: str, platform: str) -> LockedPackage:
    """A package of that name that the platform may have."""
    subdir = draw(st.sampled_from(["noarch", platform]))
    facts: dict[str, Any] = {"build_number": draw(st.integers(0, 10**9))}
    noarch = draw(st.sampled_from(["python", "generic", None]))
    if noarch:
        facts["noarch"] = noarch
    optional: dict[str, st.SearchStrategy[Any]] = {
        "md5": MD5,
        "legacy_bz2_md5": MD5,
        "license": TEXTS,
        "license_family": TEXTS,
        "features": TEXTS,
        "python_site_packages_path": TEXTS,
        "timestamp": st.integers(0, 2**47),
        "legacy_bz2_size": st.integers(0, 2**40),
        "constrains": st.lists(DEPENDS, min_size=1, max_size=3),
        "track_features": st.lists(NAMES, min_size=1, max_size=2).map(" ".join),
        "purls": st.lists(TEXTS, max_size=2),
        "extra_depends": st.dictionaries(
            NAMES, st.lists(DEPENDS, min_size=1), min_size=1, max_size=2
        ),
    }
    for key in draw(st.sets(st.sampled_from(sorted(optional)))):
        facts[key] = draw(optional[key])
    return package(
        name,
        version=draw(VERSIONS),
        build=draw(BUILDS),
        subdir=subdir,
        channel=draw(st.sampled_from(CHANNELS)),
        extension=draw(st.sampled_from([".conda", ".tar.bz2"])),
        size=draw(st.none() | st.integers(0, 2**40)),
        sha256=draw(DIGESTS),
        depends=draw(st.lists(DEPENDS, max_size=4)),
        **facts,
    )


@st.composite
def wheels(draw: st.DrawFn, name: str) -> LockedWheel:
    """A wheel of that name."""
    version = draw(PIP_VERSIONS)
    return LockedWheel(
        name=name,
        version=version,
        url=f"https://files.example.org/{name.replace('-', '_')}-{version}-py3-none-any.whl",
        sha256=draw(DIGESTS),
        requires_dist=tuple(draw(st.lists(TEXTS, max_size=2))),
        requires_python=draw(st.none() | st.sampled_from([">=3.9", ">=3.9,<4"])),
    )


@st.composite
def lock_files(draw: st.DrawFn) -> LockFile:
    """A lock file as `sealenv lock` could make it."""
    indexes = tuple(draw(st.lists(st.just("https://pypi.org/simple"), max_size=1)))
    locks = []
    seen: dict[str, LockedPackage] = {}
    pip: dict[str, LockedWheel] = {}
    for platform in sorted(draw(st.sets(st.sampled_from(sorted(PLATFORMS)), min_size=1))):
        names = draw(st.sets(NAMES, max_size=5))
        found = [draw(records(name, platform)) for name in sorted(names)]
        # One address is one package, wherever it is used.
        packages = topological(seen.setdefault(p.url, p) for p in found)
        extra = [draw(wheels(n)) for n in sorted(draw(st.sets(PIP_NAMES, max_size=2)))]
        locks.append(
            Lock(
                platform=platform,
                channels=draw(st.sampled_from([CHANNELS, CHANNELS[::-1], CHANNELS[:2]])),
                packages=tuple(packages),
                virtual_packages=tuple(
                    draw(st.lists(st.sampled_from(["__unix=0=0", "__glibc=2.28=0"])))
                ),
                exclude_newer=draw(st.none() | st.just("2026-01-31T00:00:00+00:00")),
                wheels=tuple(
                    sorted((pip.setdefault(w.url, w) for w in extra), key=lambda w: w.url)
                ),
                indexes=indexes,
                specs=tuple(draw(st.lists(DEPENDS, max_size=3))),
                requirements=tuple(draw(st.lists(REQUIREMENTS, max_size=2))),
            )
        )
    return LockFile(
        locks=tuple(locks),
        name=draw(st.none() | TITLES),
        variables=draw(st.dictionaries(VARIABLES, LINES, max_size=2)),
    )
