"""The activation scripts of a sealed prefix, against what would be written now."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from sealenv.activation.scripts import activation_files
from sealenv.errors import SealenvError
from sealenv.seals.findings import Finding
from sealenv.seals.judging import judge_mode
from sealenv.seals.path import FILE
from sealenv.seals.scene import Scene
from sealenv.seals.seal import is_at

__all__ = ["judge_scripts"]


def judge_scripts(scene: Scene) -> Iterator[Finding]:
    """Scripts and includes; those of a moved environment are to be as they were sealed."""
    seal = scene.seal
    if seal is None or not seal.activation:
        return
    here = is_at(seal, scene.prefix)
    try:
        wanted = activation_files(scene.prefix, platform=seal.platform) if here else {}
    except SealenvError as error:
        yield Finding("activation", seal.activation[0], None, error.what)
        return
    for path in sorted({*seal.activation, *wanted}):
        row, then = scene.rows.get(path), (scene.sealed or {}).get(path)
        content = wanted.get(path)
        if row is None:
            yield Finding("activation", path, None, "it is not there")
        elif row.kind != FILE:
            yield Finding("wrong-type", path, None, "it was a file and is none")
        elif row.problem:
            yield Finding("activation", path, None, row.problem)
        elif not row.digest:
            continue
        elif content is not None and row.digest != hashlib.sha256(content).digest():
            detail = "it is not what sealenv repair would write"
            if then is not None and then.digest == row.digest:
                detail = "it is out of date: sealenv repair makes it anew"
            yield Finding("activation", path, None, detail)
        elif content is None and then is not None and row.digest != then.digest:
            yield Finding("altered", path, None, "it is not what was sealed")
        elif then is not None:
            yield from judge_mode(scene, row, then, None)
