"""Build the demo channel: a real python and pip, three small packages, two stand-ins."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from sealenv.errors import UsageError
from sealenv.layout import is_windows
from sealenv.tour.archive import Package, write_package
from sealenv.tour.interpreter import Interpreter, inspect_interpreter
from sealenv.tour.repackage import python_package
from sealenv.tour.repodata import write_repodata
from sealenv.tour.samples import sample_packages
from sealenv.tour.wheels import pip_package

__all__ = ["DemoChannel", "build_demo_channel"]

OnStep = Callable[[str], None]


@dataclass(frozen=True)
class DemoChannel:
    """A channel that was built.

    Attributes:
        path: its folder.
        subdir: the platform that its python is for.
        python_version: for example 3.12.1.
        archives: the packages, as files.
        has_pip: whether pip is among them: an embeddable Python for Windows has none to package.
    """

    path: Path
    subdir: str
    python_version: str
    archives: tuple[Path, ...]
    has_pip: bool = True

    @property
    def url(self) -> str:
        """The `file://` URL, for `--channel`."""
        return self.path.resolve().as_uri()

    @property
    def python_minor(self) -> str:
        """For example 3.12, as `sealenv create NAME 3.12` takes it."""
        return ".".join(self.python_version.split(".")[:2])


def build_demo_channel(
    folder: Path,
    *,
    executables: Iterable[Path | None] = (None,),
    on_step: OnStep | None = None,
) -> DemoChannel:
    """Build the demo channel in a folder; nothing is written anywhere else.

    Args:
        folder: where; it is made when it is missing.
        executables: the interpreters to repackage; None is the running one's installation.
        on_step: called with one sentence before each step.

    Raises:
        UsageError: the interpreter cannot be repackaged; the message says why.
    """
    say = on_step or (lambda text: None)
    archives: list[Path] = []
    chosen = list(executables)
    first = inspect_interpreter(chosen[0])
    for executable in chosen:
        say(f"Repackage {executable or first.executable} as a conda package")
        package = python_package(executable)
        archives.append(write_package(package, folder / package.subdir))
    say("Package pip, three small samples, and stand-ins for conda and mamba")
    pip = _pip(first)
    for package in (*pip, *sample_packages()):
        archives.append(write_package(package, folder / package.subdir))
    say("Write the channel's index")
    for subdir in (first.subdir, "noarch"):
        write_repodata(folder / subdir)
    return DemoChannel(folder, first.subdir, first.version, tuple(archives), bool(pip))


def _pip(interpreter: Interpreter) -> list[Package]:
    try:
        return [pip_package(interpreter)]
    except UsageError:
        if not is_windows(interpreter.subdir):
            raise
        return []
