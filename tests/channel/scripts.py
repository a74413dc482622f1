"""Packages with link scripts, activation hooks, variables; and small ones for the solver."""

from __future__ import annotations

import json
from datetime import datetime, timezone

from sealenv.tour.archive import Package, Payload

_HOOKS = {
    "sh": ("export SEALENV_TEST_HOOK='active sh'\n", "unset SEALENV_TEST_HOOK\n"),
    "fish": ("set -gx SEALENV_TEST_HOOK 'active fish'\n", "set -e SEALENV_TEST_HOOK\n"),
    "csh": ("setenv SEALENV_TEST_HOOK 'active csh'\n", "unsetenv SEALENV_TEST_HOOK\n"),
    "xsh": ("$SEALENV_TEST_HOOK = 'active xsh'\n", "del $SEALENV_TEST_HOOK\n"),
    "nu": ("$env.SEALENV_TEST_HOOK = 'active nu'\n", "hide-env SEALENV_TEST_HOOK\n"),
    "bat": ('@SET "SEALENV_TEST_HOOK=active bat"\r\n', '@SET "SEALENV_TEST_HOOK="\r\n'),
    "ps1": (
        "$Env:SEALENV_TEST_HOOK = 'active ps1'\n",
        "Remove-Item Env:SEALENV_TEST_HOOK -ErrorAction SilentlyContinue\n",
    ),
}
_VARIABLES = {
    "SEALENV_TEST_PLAIN": "from env_vars.d",
    "SEALENV_TEST_AWKWARD": "a b $HOME `id` $(id) \"q\" 'p' %PATH% ! ^ & ; é",
}


def script_packages() -> list[Package]:
    """Packages that run or set something when linked or activated."""
    hooks = [
        Payload(f"etc/conda/{kind}.d/activate-hooks.{shell}", data=texts[number].encode())
        for shell, texts in _HOOKS.items()
        for number, kind in enumerate(("activate", "deactivate"))
    ]
    variables = json.dumps(_VARIABLES, indent=1, ensure_ascii=False).encode()
    return [
        _link_script("post-link-ok", 'echo "post-link-ok says hello" >> "$PREFIX/.messages.txt"\n'),
        _link_script("post-link-fails", "echo 'post-link-fails: no luck today' >&2\nexit 3\n"),
        _link_script("post-link-home", 'echo trace > "$HOME/.sealenv-test-trace"\n'),
        _generic("activate-hooks", "1.0", tuple(hooks)),
        _generic("env-vars", "1.0", (Payload("etc/conda/env_vars.d/env-vars.json", variables),)),
    ]


def solver_packages() -> list[Package]:
    """Packages that are interesting to a solver."""
    return [
        _generic("prio", "1.0"),
        _generic("dated", "1.0", timestamp=_milliseconds(2020)),
        _generic("dated", "2.0", timestamp=_milliseconds(2025)),
        _generic("undated", "1.0", timestamp=None),
        _generic("needs-glibc", "1.0", depends=("__glibc >=2.17",)),
        _generic("needs-missing", "1.0", depends=("no-such-package >=1",)),
        _generic("wants-prio-1", "1.0", depends=("prio 1.*",)),
        _generic("wants-prio-2", "1.0", depends=("prio 2.*",)),
        _generic("archive-bz2", "1.0"),
    ]


def extra_packages() -> list[Package]:
    """The second channel: a higher version, and a package that only it has."""
    return [_generic("prio", "2.0"), _generic("only-in-extra", "1.0")]


def _milliseconds(year: int) -> int:
    return int(datetime(year, 1, 1, tzinfo=timezone.utc).timestamp() * 1000)


def _generic(
    name: str,
    version: str,
    payload: tuple[Payload, ...] | None = None,
    *,
    depends: tuple[str, ...] = (),
    timestamp: int | None = _milliseconds(2023),
) -> Package:
    note = f"{name} {version}\n".encode()
    return Package(
        name=name,
        version=version,
        noarch="generic",
        depends=depends,
        payload=payload or (Payload(f"share/{name}/version.txt", data=note),),
        summary=f"{name}, a package of sealenv's tests",
        timestamp=timestamp,
    )


def _link_script(name: str, body: str) -> Package:
    script = Payload(f"bin/.{name}-post-link.sh", f"#!/bin/sh\n{body}".encode(), executable=True)
    note = Payload(f"share/{name}/version.txt", data=b"1.0\n")
    return _generic(name, "1.0", (script, note))
