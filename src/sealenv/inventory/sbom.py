"""The inventory as a CycloneDX 1.6 document, by the standard's own library.

https://cyclonedx.org/docs/1.6/json/. The same inventory gives the same bytes: the serial number is made
from the content, and the only time in it is the argument.
"""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sealenv._version import __version__
from sealenv.inventory.items import Item, roots

if TYPE_CHECKING:
    from cyclonedx.model.component import Component
    from packageurl import PackageURL

_SPACE = uuid.UUID("f0f9a7f2-6a0e-5d2c-9b1d-5a1e2f3b4c6d")
"""The namespace of serial numbers (RFC 9562, version 5)."""
_PYPI = "https://files.pythonhosted.org/"
_VCS = re.compile(r"(git|hg|svn|bzr)\+")
_ARCHIVE = re.compile(r"\.(conda|tar\.bz2|whl)$")


def cyclonedx(
    name: str,
    items: Sequence[Item],
    *,
    created: dt.datetime | None = None,
    properties: Mapping[str, str] | None = None,
) -> str:
    """Return the document of an environment as JSON; without a time of creation it has none."""
    from cyclonedx.model import Property
    from cyclonedx.model.bom import Bom, BomMetaData
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.model.dependency import Dependency
    from cyclonedx.model.tool import ToolRepository
    from cyclonedx.output import make_outputter
    from cyclonedx.schema import OutputFormat, SchemaVersion

    root = Component(
        name=name,
        type=ComponentType.PLATFORM,
        bom_ref="environment",
        properties=[Property(name=k, value=v) for k, v in (properties or {}).items() if v],
    )
    ours = Component(name="sealenv", version=__version__, type=ComponentType.APPLICATION)
    components = {item.id: _component(item) for item in items}
    graph = {
        components[item.id]: {need.on for need in item.needs if need.on and need.on != item.id}
        for item in items
    }
    graph[root] = set(roots(items))
    bom = Bom(
        components=components.values(),
        dependencies=[
            Dependency(one.bom_ref, [Dependency(components[on].bom_ref) for on in sorted(needed)])
            for one, needed in graph.items()
        ],
        metadata=BomMetaData(
            component=root,
            tools=ToolRepository(components=[ours]),
            timestamp=created,
        ),
    )
    bom.metadata.timestamp = created  # type: ignore[assignment]  # None leaves it out
    bom.serial_number = _SPACE
    outputter = make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6)
    text = outputter.output_as_string(indent=1)
    return text.replace(_SPACE.urn, uuid.uuid5(_SPACE, text).urn, 1) + "\n"


def purl(item: Item) -> PackageURL | None:
    """Return the package URL (https://github.com/package-url/purl-spec).

    None for an invalid name, and for a local distribution: its name may be another package's on PyPI.
    """
    from packageurl import PackageURL

    try:
        if item.kind == "pypi":
            if item.url.startswith("file:") and not item.sha256:
                return None
            key = "vcs_url" if _VCS.match(item.url) else "download_url"
            said = {key: item.url} if item.url and not item.url.startswith(_PYPI) else {}
            return PackageURL("pypi", name=item.name, version=item.version, qualifiers=said)
        archive = _ARCHIVE.search(item.url)
        said = {
            "build": item.build,
            "channel": item.channel.rpartition("/")[2],
            "subdir": item.subdir,
            "type": archive[1] if archive else "",
        }
        qualifiers = {key: value for key, value in said.items() if value}
        return PackageURL("conda", name=item.name, version=item.version, qualifiers=qualifiers)
    except ValueError:
        return None


def _component(item: Item) -> Component:
    from cyclonedx.contrib.license.factories import LicenseFactory
    from cyclonedx.model import (
        ExternalReference,
        ExternalReferenceType,
        HashAlgorithm,
        HashType,
        Property,
        XsUri,
    )
    from cyclonedx.model.component import Component, ComponentType

    digest = HashType(alg=HashAlgorithm.SHA_256, content=item.sha256)
    hashes = [digest] if item.sha256 else []
    references = []
    if item.url and "://" in item.url:
        kind = ExternalReferenceType.DISTRIBUTION
        references.append(ExternalReference(type=kind, url=XsUri(item.url), hashes=hashes))
    said = {
        "sealenv:build": item.build,
        "sealenv:subdir": item.subdir,
        "sealenv:channel": item.channel,
    }
    return Component(
        name=item.name,
        version=item.version,
        type=ComponentType.LIBRARY,
        bom_ref=item.id,
        purl=purl(item),
        description=item.summary or None,
        licenses=[LicenseFactory().make_from_string(item.license)] if item.license else None,
        hashes=hashes,
        external_references=references,
        properties=[Property(name=key, value=value) for key, value in said.items() if value],
    )
