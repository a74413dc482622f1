"""`python -m sealenv.bootstrap [DIR]`: write the standalone scripts to a folder."""

import sys
from pathlib import Path

from sealenv.bootstrap.scripts import write

if __name__ == "__main__":
    for path in write(Path(*sys.argv[1:2] or ["bootstrap"])):
        print(path)
