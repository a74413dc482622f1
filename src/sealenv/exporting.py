"""Export: an environment or a lock in a format of someone's.

A format is a function from a `Request` to the text; `FORMATS` names them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from packaging.utils import canonicalize_name

from sealenv._version import __version__
from sealenv.bootstrap.pinning import pin_release
from sealenv.bootstrap.rebuild import platforms_for, render_rebuild
from sealenv.engines.releases import check_version
from sealenv.environment_yml import write_environment_yml
from sealenv.errors import DigestError, SpecError, UsageError
from sealenv.lock import Lock, LockFile
from sealenv.lock.condalock import write_condalock
from sealenv.lock.explicit import write_explicit
from sealenv.lock.order import requested
from sealenv.lock.pixi_write import write_pixi
from sealenv.spec import DEFAULT_INDEX, check_platform
from sealenv.steps.linkorder import clobbers_in_prefix, clobbers_in_store, order_for_micromamba
from sealenv.store.archives import Store
from sealenv.subject import Subject, left_out, subject

__all__ = ["FORMATS", "Format", "Request", "export"]


@dataclass(frozen=True)
class Request:
    """What to export.

    Attributes:
        subject: the environment or lock.
        platform: which one of a lock; None where it was not said.
        from_history: what was asked for instead of what is installed.
        name: how a script calls the environment by default.
        micromamba: the release that a script uses.
        digests: of its executable: HEX, or SUBDIR=HEX.
        store: what is in it tells a script which paths several packages of a lock ship.
        warn: is told what is not in the export.
        complete: fills in what a lock does not say of its packages, from their archives.
    """

    subject: Subject
    platform: str | None = None
    from_history: bool = False
    name: str | None = None
    micromamba: str | None = None
    digests: Sequence[str] = ()
    store: Store | None = None
    warn: Callable[[str], None] = lambda note: None
    complete: Callable[[LockFile], LockFile] = lambda file: file

    def one(self) -> Lock:
        """The lock of the platform that was chosen: for formats that hold one.

        Raises:
            UsageError: there are several, none was named, and none is this machine's.
            SpecError: the one that was named is not there.
        """
        file = self.subject.file
        if self.platform is None and len(file.locks) == 1:
            return file.locks[0]
        here = check_platform(self.platform)
        if self.platform is None and here not in file.platforms:
            raise UsageError(
                f"it is locked for {', '.join(file.platforms)}, and the format holds one platform",
                hint="choose one with --platform",
            )
        return file.lock_for(here, self.subject.source)

    def several(self) -> LockFile:
        """Every platform, or the one that was named: for formats that hold many.

        Raises:
            SpecError: the one that was named is not there.
        """
        return self.subject.only([check_platform(self.platform)] if self.platform else []).file


@dataclass(frozen=True)
class Format:
    """A format that can be written.

    Attributes:
        describe: one line for `--help`.
        write: the text for a request.
        mode: the file's permissions, before the umask.
    """

    describe: str
    write: Callable[[Request], str]
    mode: int = 0o666


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


def _script(kind: str, request: Request) -> str:
    """One script for every platform of the lock that this kind works on, or for the one named."""
    found = request.subject.only([request.platform] if request.platform else [])
    usable = platforms_for(kind, found.file.platforms)
    if not usable:
        raise UsageError(
            f"no .{kind} script can be for {', '.join(found.file.platforms)}",
            hint="choose the other --format, or lock for another platform",
        )
    pinned = pin_release(request.micromamba, request.digests, usable)
    check_version(pinned.version)
    locks = [_linkable(found.file.lock_for(platform), request) for platform in usable]
    called = found.name if request.name is None else request.name
    script = render_rebuild(kind, locks, called, pinned)
    local = [p.fn for lock in locks for p in lock.packages if p.url.startswith("file:")]
    if local:
        request.warn(f"{len(local)} packages come from folders of this machine, as {local[0]} does")
    return script.decode()


def _linkable(lock: Lock, request: Request) -> Lock:
    """The lock in the order in which micromamba leaves what create would, as far as that can be told."""
    if request.subject.prefix is not None:
        return order_for_micromamba(lock, clobbers_in_prefix(request.subject.prefix))
    clobbers, unknown = clobbers_in_store(lock, request.store) if request.store else ({}, [])
    if unknown:
        request.warn(
            f"{len(unknown)} packages for {lock.platform} were not looked into, as {unknown[0]}: where "
            "two ship one path, the script may leave another one's file than create; a bundle knows"
        )
    return order_for_micromamba(lock, clobbers)


def _pixi(request: Request) -> str:
    _refuse_bare(request)
    file = request.several()
    if any("build_number" not in p.record for lock in file.locks for p in lock.packages):
        # What is noarch decides how pixi links it: nothing is guessed.
        file = request.complete(file)
    return write_pixi(file)


def _condalock(request: Request) -> str:
    _refuse_bare(request)
    return write_condalock(request.several())


def _explicit(request: Request) -> str:
    lock = request.one()
    if lock.wheels:
        raise SpecError(
            f"{len(lock.wheels)} packages of pip's have no place in an @EXPLICIT list (CEP 23)",
            details=[f"{w.name} {w.version}" for w in lock.wheels[:10]],
            hint="use --format pixi or conda-lock",
        )
    return write_explicit(lock, [f"made by sealenv {__version__}"])


def _environment_yml(request: Request) -> str:
    lock = request.one()
    if request.from_history:
        specs = list(requested(lock))
    else:
        specs = [f"{p.name}={p.version}={p.build}" for p in sorted(lock.packages, key=_name)]
    by_address = _by_address(lock)
    pip = [by_address.get(w.name, f"{w.name}=={w.version}") for w in lock.wheels]
    if request.from_history and lock.requirements:
        pip = [*lock.requirements, *(f"{w.name}=={w.version}" for w in lock.wheels if not w.url)]
    if pip:
        pip = [*_places(lock), *pip]
    return write_environment_yml(
        name=request.subject.file.name,
        channels=[c.rstrip("/") for c in lock.channels],
        dependencies=specs,
        pip=pip,
        variables=request.subject.file.variables,
    )


def _by_address(lock: Lock) -> dict[str, str]:
    """Name -> `NAME @ URL` of the wheels that were asked for by address: no index may replace them."""
    asked = [*lock.requirements, *(line for w in lock.wheels for line in w.requires_dist)]
    names = {canonicalize_name(line.partition("@")[0].partition("[")[0].strip())
             for line in asked if "@" in line.partition(";")[0]}  # fmt: skip
    return {w.name: f"{w.name} @ {w.url}" for w in lock.wheels if w.name in names and w.url}


def _places(lock: Lock) -> list[str]:
    """Where the wheels are from, as lines of a `pip:` section; nothing of the usual index."""
    indexes = [] if lock.indexes == (DEFAULT_INDEX,) else list(lock.indexes)
    options = ["--index-url", *["--extra-index-url"] * len(indexes)]
    return [
        *(f"{option} {url}" for option, url in zip(options, indexes, strict=False)),
        *(f"--find-links {url}" for url in lock.find_links),
    ]


def _name(package: object) -> str:
    return str(getattr(package, "name", ""))


def _refuse_bare(request: Request) -> None:
    """A list says nothing of dependencies; a lock made from it would not either."""
    for lock in request.subject.file.locks:
        if any("depends" not in p.record for p in lock.packages):
            raise DigestError(
                "the list says nothing of what its packages depend on",
                where=request.subject.title,
                hint=f"ask the channel: sealenv lock -f {request.subject.title}",
            )


FORMATS: Mapping[str, Format] = {
    "pixi": Format("rattler-lock 7, what sealenv lock writes and pixi reads", _pixi),
    "explicit": Format("an @EXPLICIT list with sha256, for conda, mamba, micromamba", _explicit),
    "conda-lock": Format("conda-lock.yml (CEP 37)", _condalock),
    "environment-yml": Format(
        "environment.yml (CEP 24), exact or --from-history", _environment_yml
    ),
    "sh": Format("a script for a POSIX shell, without Python", partial(_script, "sh"), 0o777),
    "bat": Format("the same for cmd.exe", partial(_script, "bat")),
}
SCRIPTS = ("sh", "bat")
