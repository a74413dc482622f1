"""One path at a time: is it what its package, its distribution or the seal says?"""

from __future__ import annotations

import os
from collections.abc import Iterator

from sealenv.layout import is_windows
from sealenv.naming import digests_apart
from sealenv.seals.distributions import is_about_installing
from sealenv.seals.findings import Finding
from sealenv.seals.fingerprint import promised
from sealenv.seals.path import FILE, FOLDER, LINK, native
from sealenv.seals.row import Row
from sealenv.seals.scene import Claim, Scene
from sealenv.system.files import read_regular

__all__ = ["judge_claimed", "judge_distributed", "judge_known", "judge_mode"]

_WORDS = {FILE: "file", LINK: "link", FOLDER: "folder"}
_KINDS = {"softlink": LINK, "directory": FOLDER}


def judge_claimed(scene: Scene, path: str, claims: list[Claim]) -> Iterator[Finding]:
    """A path that package records name."""
    for claim in claims:
        if claim.entry.original_path is not None:
            yield _lost(scene, claim)
    names = ", ".join(claim.package for claim in claims)
    row = scene.rows.get(path)
    if row is None:
        # Sealed without it; or micromamba, which records what it was told not to compile.
        unmade = scene.sealed is None and all(c.entry.path_type == "pyc_file" for c in claims)
        if not (unmade or scene.was_absent(path)):
            yield Finding("missing", path, names)
        return
    if row.problem:
        yield Finding("unreadable", path, names, row.problem)
        return
    then = scene.as_sealed(path)
    if then is not None and _is_same(row, then):
        yield from judge_mode(scene, row, then, names)
        if row.kind == LINK:
            yield from _judge_link(scene, row, then, names)
        elif len(claims) > 1:
            yield from _clobbered(path, row, claims)
        return
    yield from _by_promise(scene, path, row, then, claims, names)


def judge_distributed(scene: Scene, path: str) -> Iterator[Finding]:
    """A path that a distribution's RECORD names."""
    distribution, item = scene.of_distributions[path]
    row = scene.rows.get(path)
    if row is None:
        if not path.endswith((".pyc", ".pyo")) and not scene.was_absent(path):
            yield Finding("missing", path, distribution.name)
        return
    if row.problem:
        yield Finding("unreadable", path, distribution.name, row.problem)
        return
    then = scene.as_sealed(path)
    if then is not None and _is_same(row, then):
        yield from judge_mode(scene, row, then, distribution.name)
    elif row.kind == FOLDER:
        yield Finding("wrong-type", path, distribution.name, "it was a file and is a folder")
    elif (patched := _judge_patched(scene, row, then, distribution.name)) is not None:
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


def judge_known(scene: Scene, row: Row, then: Row) -> Iterator[Finding]:
    """A path that was there when it was sealed, and that nobody else answers for."""
    if row.problem:
        yield Finding("unreadable", row.path, None, row.problem)
    elif row.kind != then.kind:
        yield _wrong_type(row, then.kind, None)
    elif row.digest and row.digest != then.digest:
        if row.kind == LINK:
            yield Finding("wrong-link", row.path, None, f"it leads to {scene.text(row.path)!r}")
        else:
            yield _altered(row.path, None, row, then.digest.hex(), "sealed with")
    else:
        yield from judge_mode(scene, row, then, None)
        if row.kind == LINK:
            yield from _judge_link(scene, row, then, None)


def _is_same(row: Row, then: Row) -> bool:
    return row.kind == then.kind and row.digest == then.digest


def judge_mode(scene: Scene, row: Row, then: Row, names: str | None) -> Iterator[Finding]:
    """Permission bits of a file or folder, where the platform has them."""
    if row.mode != then.mode and row.kind != LINK and os.name != "nt":
        if is_windows(scene.platform):
            return
        yield Finding("wrong-mode", row.path, names, f"{row.mode:04o} instead of {then.mode:04o}")


def _judge_link(scene: Scene, row: Row, then: Row | None, names: str | None) -> Iterator[Finding]:
    goal = scene.leads_to(row.path)
    if goal == ".." and then is None:
        text = scene.text(row.path)
        yield Finding("wrong-link", row.path, names, f"it leads out of the environment: {text!r}")
    elif goal is None and (then is None or scene.leads_to(row.path, then=True) is not None):
        yield Finding("broken-link", row.path, names, f"{scene.text(row.path)!r} is not there")


def _by_promise(
    scene: Scene, path: str, row: Row, then: Row | None, claims: list[Claim], names: str
) -> Iterator[Finding]:
    """Not as it was sealed, or nobody knows how that was: what the records say."""
    verdicts = [_judge(scene, row, then, claim) for claim in claims]
    if "" in verdicts:
        if len(claims) > 1:
            yield from _clobbered(path, row, claims)
        if row.kind == LINK:
            yield from _judge_link(scene, row, then, names)
        return
    patched = _judge_patched(scene, row, then, names)
    if patched is not None:
        yield from patched
        return
    kind, _, detail = verdicts[-1].partition(":")
    yield Finding(kind, path, names, detail.strip())


def _judge_patched(scene: Scene, row: Row, then: Row | None, names: str) -> list[Finding] | None:
    """What is said of a file that was made relative; None: it was not, or nobody knows what of."""
    path = row.path
    note = next((n for n in scene.seal.patched if n.path == path), None) if scene.seal else None
    if note is None or row.kind != FILE or not row.digest:
        return None
    digest = row.digest.hex()
    if digest == note.after:
        return []
    if digest == note.before or _is_patchable(scene, path):
        who = "mamba writes its .bat files anew, as does" if path.endswith(".bat") else "after"
        return [
            Finding("unpatched", path, names, f"it holds an absolute path again: {who} an update")
        ]
    if then is None:
        return None
    if row.size != then.size:
        return [Finding("altered", path, names, f"{row.size} bytes instead of {then.size}")]
    return [_altered(path, names, row, then.digest.hex(), "sealed with")]


def _is_patchable(scene: Scene, path: str) -> bool:
    try:
        content = read_regular(native(scene.prefix, path))
    except OSError:
        return False
    from sealenv.portability.patch import patch_bytes  # seldom asked

    return patch_bytes(path, content, scene.prefix, platform=scene.platform) != content


def _judge(scene: Scene, row: Row, then: Row | None, claim: Claim) -> str:
    """Empty when the promise holds, else `kind: detail`."""
    entry = claim.entry
    wanted = _KINDS.get(entry.path_type, FILE) if entry.path_type else row.kind
    if row.kind != wanted:
        return f"wrong-type: it was a {_WORDS[wanted]} and is a {_WORDS[row.kind]}"
    if row.kind == LINK:
        return "" if then is None else f"wrong-link: it leads to {scene.text(row.path)!r}"
    if row.kind == FOLDER:
        return ""
    size = entry.size_in_bytes
    if size is not None and entry.prefix_placeholder is None and row.size != size:
        return f"altered: {row.size} bytes instead of {size}"
    expected = promised(entry) or (then.digest.hex() if then is not None else None)
    if not expected or not row.digest or row.digest.hex() == expected:
        # As promised, and yet not as it was sealed: then what a link script made of it is lost.
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


def _lost(scene: Scene, claim: Claim) -> Finding:
    path = claim.entry.original_path or claim.entry.path
    winner = scene.owner(path)
    detail = f"{winner} ships it too, and won" if winner else "another package's was there"
    return Finding("clobbered", path, claim.package, detail)


def _wrong_type(row: Row, wanted: str, names: str | None) -> Finding:
    detail = f"it was a {_WORDS[wanted]} and is a {_WORDS[row.kind]}"
    return Finding("wrong-type", row.path, names, detail)


def _altered(path: str, names: str | None, row: Row, expected: str, who: str) -> Finding:
    there, wanted = digests_apart(row.digest.hex(), expected)
    detail = f"sha256 {there}, {who} {wanted}"
    return Finding("altered", path, names, detail)
