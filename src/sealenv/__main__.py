"""Start-up. Two cases pass without the command-line library: `--version` and a plain `run`."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> int:
    """The `sealenv` command; returns the exit code."""
    argv = sys.argv[1:]
    if argv == ["--version"]:
        from sealenv._version import __version__

        sys.stdout.write(f"sealenv {__version__}\n")
        return 0
    if len(argv) > 2 and argv[0] == "run" and not argv[1].startswith("-") and argv[2] == "--":
        from sealenv.cli.fast import run

        return run(argv[1], argv[3:])
    from sealenv.cli.main import main as cli

    return cli(argv)


if __name__ == "__main__":
    sys.exit(main())
