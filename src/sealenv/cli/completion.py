"""Completion in bash, zsh and fish: click's own, with the names of environments."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import click
from click.shell_completion import CompletionItem, shell_complete

__all__ = ["ENV", "ENV_OR_FILE", "SUBDIR", "VARIABLE", "complete", "complete_program", "one_of"]

VARIABLE = "_SEALENV_COMPLETE"
"""Set by click's completion scripts: which shell asks, and for what."""


class _Environment(click.ParamType[str]):
    """The name or path of an environment, or of a file beside it."""

    name = "env"

    def __init__(self, *, or_file: bool = False) -> None:
        self.or_file = or_file

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """List the environments; the shell itself completes paths."""
        from sealenv.locations import envs_dirs

        folders = [Path(folder) for folder in envs_dirs()]
        names = sorted({meta.parent.name for f in folders for meta in f.glob("*/conda-meta")})
        found = [CompletionItem(name) for name in names if name.startswith(incomplete)]
        if found and not self.or_file:
            return found
        return [*found, CompletionItem(incomplete, type="file" if self.or_file else "dir")]


ENV = _Environment()
ENV_OR_FILE = _Environment(or_file=True)


def complete_program(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """List the programs of the environment that `run ENV -- ` names."""
    from sealenv.locations import resolve_env

    prefix, _ = resolve_env(ctx.params.get("env") or "")
    if prefix is None or [word for word in ctx.params.get("command") or () if word != "--"]:
        return [CompletionItem(incomplete, type="file")]
    folders = ["", "Scripts", "Library/bin"] if os.name == "nt" else ["bin"]
    files = [file for folder in folders for file in Path(prefix, folder).glob(f"{incomplete}*")]
    return [CompletionItem(file.name) for file in sorted(files) if file.is_file()]


def one_of(*words: str) -> Callable[..., list[str]]:
    """Return the completion of an option whose value is one of some words."""
    return lambda ctx, param, incomplete: [word for word in words if word.startswith(incomplete)]


SUBDIR = one_of("linux-64", "linux-aarch64", "osx-64", "osx-arm64", "win-64")


def complete(group: click.Group) -> int:
    """Answer the shell that asks; returns the exit code."""
    return shell_complete(group, {}, "sealenv", VARIABLE, os.environ[VARIABLE])
