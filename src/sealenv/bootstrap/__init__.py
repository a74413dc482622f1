"""The standalone scripts, generated from templates and tables.

`python -m sealenv.bootstrap` writes them to `bootstrap/`.
"""

from sealenv.bootstrap.scripts import SCRIPTS, render, write

__all__ = ["SCRIPTS", "render", "write"]
