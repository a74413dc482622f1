"""What Debian changes in its Python, undone: one `site-packages`, inside the prefix."""

from __future__ import annotations

import re

from sealenv.errors import UsageError

__all__ = ["adapt", "site_customization"]

# From 3.11 on `site` is frozen into the program, so that changing site.py is not enough.
_CUSTOMIZE = """\
# Written by sealenv: this Python was repackaged from a distribution whose `site` knows other
# folders. Its own site-packages is the only one, as in every conda environment.
import os
import site
import sys

if sys.prefix == sys.base_prefix:
    _here = os.path.join(sys.prefix, "lib", "python%d.%d" % sys.version_info[:2], "site-packages")
    site.getsitepackages = lambda prefixes=None: [_here]
    sys.path[:] = [entry for entry in sys.path if os.path.basename(entry) != "dist-packages"]
    site.addsitedir(_here)
"""

_VENV = re.compile(rb"sys\.base_prefix != sys\.prefix or hasattr\(sys, [\"']real_prefix[\"']\)")
_SITE = re.compile(rb"^(\s*is_virtual_environment = ).*$", re.MULTILINE)


def adapt(name: str, data: bytes) -> bytes:
    """Give a standard library file the behaviour it has upstream.

    Debian's `site` and `sysconfig` install into dist-packages folders, except in a virtual
    environment: there they behave as upstream. So the packaged ones take that branch always.

    Args:
        name: `site.py`, `sysconfig.py` or another file's path relative to the standard library.
        data: its content.

    Raises:
        UsageError: the file is changed in a way that is not known here.
    """
    if name == "site.py" and b"dist-packages" in data:
        changed, count = _SITE.subn(rb"\1True", data)
        _expect(count, name)
        # Folders of Debian's own layout are not even looked at.
        return changed.replace(b'"dist-packages"', b'"site-packages"')
    if name in ("sysconfig.py", "sysconfig/__init__.py") and b"posix_local" in data:
        changed, count = _VENV.subn(b"True", data)
        _expect(count, name)
        return changed
    return data


def site_customization(site_source: bytes) -> bytes | None:
    """Return the sitecustomize.py that a distribution's `site` needs; None for upstream's."""
    return _CUSTOMIZE.encode() if b"dist-packages" in site_source else None


def _expect(count: int, name: str) -> None:
    if count == 0:
        raise UsageError(
            "This distribution's Python is changed in a way that cannot be repackaged.",
            where=name,
            hint="Run sealenv with a Python from uv, pyenv or conda-forge.",
        )
