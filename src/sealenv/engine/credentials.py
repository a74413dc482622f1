"""Which credentials an engine is given, and for which addresses."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from sealenv.spec.model import EnvironmentSpec
from sealenv.urls import split_credentials

__all__ = ["secrets_of"]


def secrets_of(spec: EnvironmentSpec) -> dict[str, str]:
    """Of channels and indexes; of an index for its whole host, in other folders of which files may lie.

    pip gives them to the whole host as well.
    """
    roots = {}
    for secret in spec.index_secrets.values():
        parts = urlsplit(secret)
        token = re.match(r"/t/[^/]+", parts.path)
        root = f"{parts.scheme}://{parts.netloc}{token[0] if token else ''}"
        roots[split_credentials(root).clean.rstrip("/")] = root
    return {**spec.secrets, **{k: v for k, v in roots.items() if k not in spec.secrets}}
