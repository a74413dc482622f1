"""Export: an environment or a lock in a format of someone's.

A format is a function from a `Request` to the text; `FORMATS` names them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from sealenv.errors import SpecError, UsageError
from sealenv.exports.environment import environment_yml
from sealenv.exports.locks import condalock, explicit, pixi
from sealenv.exports.request import Format, Request
from sealenv.exports.scripts import SCRIPTS, write_script
from sealenv.locks import LockFile
from sealenv.request.subject import left_out, subject
from sealenv.store.archives import Store

__all__ = ["FORMATS", "export"]


def export(
    what: str,
    format: str,
    *,
    platform: str | None = None,
    from_history: bool = False,
    environment: str | None = None,
    name: str | None = None,
    micromamba: str | None = None,
    digests: Sequence[str] = (),
    store: Store | None = None,
    warn: Callable[[str], None] = lambda note: None,
    complete: Callable[[LockFile], LockFile] = lambda file: file,
) -> str:
    """The text of an environment or lock in a format.

    Args:
        what: an environment or a file.
        format: one of `FORMATS`.
        platform, from_history, name, micromamba, digests, store, warn, complete: see `Request`.
        environment: which one, where a pixi.lock holds several.

    Raises:
        UsageError: an option that the format has no use for.
        SpecError: a script of a lock whose addresses carry credentials.
        DigestError: a package without sha256, where the format vouches for each.
        NotFoundError, SpecError, RecordError: see `subject`.
    """
    if from_history and format != "environment-yml":
        raise UsageError(
            f"--from-history: {format} holds exact packages", hint="use --format environment-yml"
        )
    vouches = format != "environment-yml"
    found = subject(what, strict=vouches, environment=environment)
    if format not in SCRIPTS and (name is not None or micromamba or digests):
        raise UsageError(
            "--name and --micromamba are for scripts", hint="use --format sh or --format bat"
        )
    if environment is None and (others := found.file.other_environments):
        warn(f"it holds other environments too, and they are not in it: {', '.join(others)}")
    if names := left_out(found):
        warn(f"pip installed these, and they are not in it: {', '.join(names)}")
    if found.private and format in SCRIPTS:
        raise SpecError(
            "addresses in the lock carry credentials, and a script has none",
            where=found.title,
            hint="make a bundle, which needs no network, or mirror the packages",
        )
    if found.private:
        warn("credentials in the addresses of the lock are left out")
    return FORMATS[format].write(
        Request(
            found,
            platform,
            from_history,
            name,
            micromamba,
            digests,
            store=store,
            warn=warn,
            complete=complete,
        )
    )


FORMATS: Mapping[str, Format] = {
    "pixi": Format("rattler-lock 7, what sealenv lock writes and pixi reads", pixi),
    "explicit": Format("an @EXPLICIT list with sha256, for conda, mamba, micromamba", explicit),
    "conda-lock": Format("conda-lock.yml (CEP 37)", condalock),
    "environment-yml": Format("environment.yml (CEP 24), exact or --from-history", environment_yml),
    "sh": Format("a script for a POSIX shell, without Python", partial(write_script, "sh"), 0o777),
    "bat": Format("the same for cmd.exe", partial(write_script, "bat")),
}
