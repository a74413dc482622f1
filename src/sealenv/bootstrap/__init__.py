"""The standalone scripts: made from templates and tables, so that they say what the rest says.

`python -m sealenv.bootstrap DIR` writes them; `bootstrap/` in the repository is what it writes.
"""

from sealenv.bootstrap.scripts import SCRIPTS, differing, render, write

__all__ = ["SCRIPTS", "differing", "render", "write"]
