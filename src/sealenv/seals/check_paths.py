"""One path at a time: is it what its package, its distribution or the seal promises?"""

from __future__ import annotations

import os
from collections.abc import Iterator

from sealenv.layout import is_windows
from sealenv.naming import digests_apart
from sealenv.seals.compare import Claim, Comparison
from sealenv.seals.distributions import is_about_installing
from sealenv.seals.findings import Finding
from sealenv.seals.fingerprint import promised
from sealenv.seals.snapshot import FILE, FOLDER, LINK, WORDS, Row, native
from sealenv.system.files import read_regular

__all__ = ["check_claimed", "check_distributed", "check_known", "check_mode"]

_KINDS = {"softlink": LINK, "directory": FOLDER}


def check_claimed(comparison: Comparison, path: str, claims: list[Claim]) -> Iterator[Finding]:
    """Check a path that package records name."""
    for claim in claims:
        if claim.entry.original_path is not None:
            yield _lost(comparison, claim)
    names = ", ".join(claim.package for claim in claims)
    row = comparison.rows.get(path)
    if row is None:
        # It was sealed without it; or micromamba recorded what it did not compile.
        unmade = comparison.sealed is None and all(c.entry.path_type == "pyc_file" for c in claims)
        if not (unmade or comparison.was_absent(path)):
            yield Finding("missing", path, names)
        return
    if row.problem:
        yield Finding("unreadable", path, names, row.problem)
        return
    then = comparison.as_sealed(path)
    if then is not None and _is_same(row, then):
        yield from check_mode(comparison, row, then, names)
        if row.kind == LINK:
            yield from _check_link(comparison, row, then, names)
        elif len(claims) > 1:
            yield from _clobbered(path, row, claims)
        return
    yield from _by_promise(comparison, path, row, then, claims, names)


def check_distributed(comparison: Comparison, path: str) -> Iterator[Finding]:
    """Check a path that a distribution's RECORD names."""
    distribution, item = comparison.of_distributions[path]
    row = comparison.rows.get(path)
    if row is None:
        if not path.endswith((".pyc", ".pyo")) and not comparison.was_absent(path):
            yield Finding("missing", path, distribution.name)
        return
    if row.problem:
        yield Finding("unreadable", path, distribution.name, row.problem)
        return
    then = comparison.as_sealed(path)
    if then is not None and _is_same(row, then):
        yield from check_mode(comparison, row, then, distribution.name)
    elif row.kind == FOLDER:
        yield Finding("wrong-type", path, distribution.name, "it was a file and is a folder")
    elif (patched := _check_patched(comparison, row, then, distribution.name)) is not None:
        yield from patched
    elif row.kind == FILE and item.sha256 is not None and row.digest:
        if row.digest != item.sha256:
            yield _altered(path, distribution.name, row, item.sha256.hex(), "RECORD has")
    elif item.size is not None and row.kind == FILE and row.size != item.size:
        yield Finding(
            "altered", path, distribution.name, f"{row.size} bytes instead of {item.size}"
        )
    elif then is not None and not is_about_installing(path) and row.digest:
        yield _altered(path, distribution.name, row, then.digest.hex(), "sealed with")


def check_known(comparison: Comparison, row: Row, then: Row) -> Iterator[Finding]:
    """Check a path that was sealed, and that no package or distribution names."""
    if row.problem:
        yield Finding("unreadable", row.path, None, row.problem)
    elif row.kind != then.kind:
        yield _wrong_type(row, then.kind, None)
    elif row.digest and row.digest != then.digest:
        if row.kind == LINK:
            yield Finding(
                "wrong-link", row.path, None, f"it leads to {comparison.text(row.path)!r}"
            )
        else:
            yield _altered(row.path, None, row, then.digest.hex(), "sealed with")
    else:
        yield from check_mode(comparison, row, then, None)
        if row.kind == LINK:
            yield from _check_link(comparison, row, then, None)


def _is_same(row: Row, then: Row) -> bool:
    return row.kind == then.kind and row.digest == then.digest


def check_mode(comparison: Comparison, row: Row, then: Row, names: str | None) -> Iterator[Finding]:
    """Check permission bits of a file or folder, where the platform has them."""
    if row.mode != then.mode and row.kind != LINK and os.name != "nt":
        if is_windows(comparison.platform):
            return
        yield Finding("wrong-mode", row.path, names, f"{row.mode:04o} instead of {then.mode:04o}")


def _check_link(
    comparison: Comparison, row: Row, then: Row | None, names: str | None
) -> Iterator[Finding]:
    goal = comparison.leads_to(row.path)
    if goal == ".." and then is None:
        text = comparison.text(row.path)
        yield Finding("wrong-link", row.path, names, f"it leads out of the environment: {text!r}")
    elif goal is None and (then is None or comparison.leads_to(row.path, then=True) is not None):
        yield Finding("broken-link", row.path, names, f"{comparison.text(row.path)!r} is not there")


def _by_promise(
    comparison: Comparison, path: str, row: Row, then: Row | None, claims: list[Claim], names: str
) -> Iterator[Finding]:
    """Check a file that is not as sealed, or of which that is not known, by the records."""
    verdicts = [_check(comparison, row, then, claim) for claim in claims]
    if "" in verdicts:
        if len(claims) > 1:
            yield from _clobbered(path, row, claims)
        if row.kind == LINK:
            yield from _check_link(comparison, row, then, names)
        return
    patched = _check_patched(comparison, row, then, names)
    if patched is not None:
        yield from patched
        return
    kind, _, detail = verdicts[-1].partition(":")
    yield Finding(kind, path, names, detail.strip())


def _check_patched(
    comparison: Comparison, row: Row, then: Row | None, names: str
) -> list[Finding] | None:
    """Check a file that was made relative; None: it was not, or its sealed bytes are not known."""
    path = row.path
    note = (
        next((n for n in comparison.seal.patched if n.path == path), None)
        if comparison.seal
        else None
    )
    if note is None or row.kind != FILE or not row.digest:
        return None
    digest = row.digest.hex()
    if digest == note.after:
        return []
    if digest == note.before or _is_patchable(comparison, path):
        who = "mamba writes its .bat files anew, as does" if path.endswith(".bat") else "after"
        return [
            Finding("unpatched", path, names, f"it holds an absolute path again: {who} an update")
        ]
    if then is None:
        return None
    if row.size != then.size:
        return [Finding("altered", path, names, f"{row.size} bytes instead of {then.size}")]
    return [_altered(path, names, row, then.digest.hex(), "sealed with")]


def _is_patchable(comparison: Comparison, path: str) -> bool:
    try:
        content = read_regular(native(comparison.prefix, path))
    except OSError:
        return False
    from sealenv.portability.patch import patch_bytes  # seldom asked

    return patch_bytes(path, content, comparison.prefix, platform=comparison.platform) != content


def _check(comparison: Comparison, row: Row, then: Row | None, claim: Claim) -> str:
    """Return nothing if the promise holds, else `kind: detail`."""
    entry = claim.entry
    wanted = _KINDS.get(entry.path_type, FILE) if entry.path_type else row.kind
    if row.kind != wanted:
        return f"wrong-type: it was a {WORDS[wanted]} and is a {WORDS[row.kind]}"
    if row.kind == LINK:
        return "" if then is None else f"wrong-link: it leads to {comparison.text(row.path)!r}"
    if row.kind == FOLDER:
        return ""
    size = entry.size_in_bytes
    if size is not None and entry.prefix_placeholder is None and row.size != size:
        return f"altered: {row.size} bytes instead of {size}"
    expected = promised(entry) or (then.digest.hex() if then is not None else None)
    if not expected or not row.digest or row.digest.hex() == expected:
        # As promised, but not as sealed: the change that a link script made is lost.
        if then is None or not row.digest or not promised(entry) or row.digest == then.digest:
            return ""
        return "altered: it is as in the package, and a link script or sealenv had changed it"
    return "altered: sha256 {}, promised {}".format(*digests_apart(row.digest.hex(), expected))


def _clobbered(path: str, row: Row, claims: list[Claim]) -> Iterator[Finding]:
    digest = row.digest.hex()
    winners = [c.package for c in claims if promised(c.entry) in (None, digest)]
    others = [c.package for c in claims if c.package not in winners]
    if winners and others:
        detail = f"{winners[0]} ships it too, and won"
        yield Finding("clobbered", path, ", ".join(others), detail)


def _lost(comparison: Comparison, claim: Claim) -> Finding:
    path = claim.entry.original_path or claim.entry.path
    winner = comparison.owner(path)
    detail = f"{winner} ships it too, and won" if winner else "another package's was there"
    return Finding("clobbered", path, claim.package, detail)


def _wrong_type(row: Row, wanted: str, names: str | None) -> Finding:
    detail = f"it was a {WORDS[wanted]} and is a {WORDS[row.kind]}"
    return Finding("wrong-type", row.path, names, detail)


def _altered(path: str, names: str | None, row: Row, expected: str, who: str) -> Finding:
    there, wanted = digests_apart(row.digest.hex(), expected)
    detail = f"sha256 {there}, {who} {wanted}"
    return Finding("altered", path, names, detail)
