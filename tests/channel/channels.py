"""What was built, and where: folders and file:// URLs."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

MANIFEST = "channels.json"


@dataclass(frozen=True)
class Channels:
    """The local channels.

    Attributes:
        root: the folder that holds them all.
        subdir: this machine's platform.
        pythons: full versions of the python packages for this machine; the running one's first.
        bench: the MatchSpecs of the benchmark environment (about 35 packages); empty if not built.
        missing: omitted packages, with the reason.
    """

    root: Path
    subdir: str
    pythons: tuple[str, ...]
    bench: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def main(self) -> Path:
        return self.root / "main"

    @property
    def extra(self) -> Path:
        """A second channel: `prio` in a higher version."""
        return self.root / "extra"

    @property
    def hostile(self) -> Path:
        return self.root / "hostile"

    @property
    def main_url(self) -> str:
        return self.main.resolve().as_uri()

    @property
    def extra_url(self) -> str:
        return self.extra.resolve().as_uri()

    @property
    def hostile_url(self) -> str:
        return self.hostile.resolve().as_uri()

    @property
    def python_minor(self) -> str:
        return ".".join(self.pythons[0].split(".")[:2])

    def archive(self, name: str, channel: str = "main", subdir: str | None = None) -> Path:
        """The newest archive (by version text) of a package, to tamper with in a copy."""
        folders = [subdir] if subdir else ["noarch", self.subdir]
        repodata = [self.records(folder, channel) for folder in folders]
        found = [
            (str(record["version"]), folder, file)
            for folder, records in zip(folders, repodata, strict=True)
            for file, record in records.items()
            if record["name"] == name
        ]
        _, folder, file = max(found)
        return self.root / channel / folder / file

    def records(self, subdir: str, channel: str = "main") -> dict[str, dict[str, Any]]:
        """File name to record, from a subdir's repodata.json."""
        data = json.loads((self.root / channel / subdir / "repodata.json").read_text())
        return {**data["packages"], **data["packages.conda"]}

    def write_manifest(self) -> None:
        fields = asdict(self)
        del fields["root"]
        (self.root / MANIFEST).write_text(json.dumps(fields, indent=1) + "\n")

    @classmethod
    def read(cls, root: Path) -> Channels:
        fields = json.loads((root / MANIFEST).read_text())
        return cls(
            root=root,
            subdir=fields["subdir"],
            pythons=tuple(fields["pythons"]),
            bench=tuple(fields["bench"]),
            missing=tuple(fields["missing"]),
        )
