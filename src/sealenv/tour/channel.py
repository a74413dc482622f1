"""Build the demo channel: a real python and pip, three small packages, two stand-ins."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from sealenv.tour.archive import write_package
from sealenv.tour.pip import pip_package
from sealenv.tour.python import python_package
from sealenv.tour.repodata import write_repodata
from sealenv.tour.samples import sample_packages

__all__ = ["DemoChannel", "build_demo_channel"]


@dataclass(frozen=True)
class DemoChannel:
    """A channel that was built.

    Attributes:
        path: its folder.
        subdir: the platform of its python.
        python_version: for example 3.12.1.
        archives: the files of its packages.
    """

    path: Path
    subdir: str
    python_version: str
    archives: tuple[Path, ...]

    @property
    def url(self) -> str:
        """The `file://` URL, for `--channel`."""
        return self.path.resolve().as_uri()

    @property
    def python_minor(self) -> str:
        """For example 3.12, as in `sealenv create NAME 3.12`."""
        return ".".join(self.python_version.split(".")[:2])


def build_demo_channel(
    folder: Path,
    *,
    executables: Iterable[Path | None] = (None,),
    on_step: Callable[[str], None] = lambda text: None,
) -> DemoChannel:
    """Build the demo channel in a folder, and write nothing elsewhere.

    Args:
        folder: of the channel; it is created if it does not exist.
        executables: the interpreters to repackage; None is the running one.
        on_step: called with one sentence before each step.

    Raises:
        UsageError: an interpreter cannot be repackaged; the message says why.
    """
    pythons = []
    for executable in executables:
        on_step(f"Repackage {executable or 'the running Python'} as a conda package")
        pythons.append(python_package(executable))
    on_step("Package pip, three small samples, and stand-ins for conda and mamba")
    packages = [*pythons, pip_package(), *sample_packages()]
    archives = tuple(write_package(package, folder / package.subdir) for package in packages)
    on_step("Write the channel's index")
    for subdir in (pythons[0].subdir, "noarch"):
        write_repodata(folder / subdir)
    return DemoChannel(folder, pythons[0].subdir, pythons[0].version, archives)
