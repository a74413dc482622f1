"""`python -m docs.tools.picture --write`: docs/assets/tour.svg, a terminal with a tour that was run.

The commands run one after another on a machine of their own, against the local channel of the tests,
whose conda and mamba are stand-ins and say so. What they print is shown as it is, but for the name of
the home folder. Only colours are added here.
"""

from __future__ import annotations

import argparse
import html
import io
import re
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

from tests.channel import build
from tests.channel.server import ChannelServer
from tests.docs.examples import Reader, add_stand_ins, shown_minor

PICTURE = Path(__file__).resolve().parents[1] / "assets" / "tour.svg"
COLUMNS = 100
ENV = "~/.local/share/sealenv/envs/my_env_3_12"
COMMANDS = (
    "PYTHONPATH=/somewhere sealenv run my_env_3_12 -- python",
    f"echo oops >> {ENV}/lib/python3.12/this.py",
    "sealenv verify my_env_3_12",
    "sealenv repair my_env_3_12",
    "sealenv remove my_env_3_12 -y",
)

_COLOURS = (
    (r"^(fetch|verify|repair):", "cyan"),
    (r"^(altered|stale-pyc)\b|damaged, \d+ damaged paths?|^sealenv run:.*", "bold red"),
    (r"^ *next:", "bold yellow"),
    (r"^(repaired|fixed)\b|\d+ repaired|^removed", "green"),
)


def shown(svg: str) -> str:
    """The text of a picture, line by line."""
    rows: dict[int, str] = {}
    for row, piece in re.findall(r"url\(#tour-line-(\d+)\)\">(.*?)</text>", svg, re.S):
        rows[int(row)] = rows.get(int(row), "") + html.unescape(piece).replace("\xa0", " ")
    return "\n".join(rows[row].rstrip() for row in sorted(rows))


def main() -> int:
    """Run the tour and write its picture, or only print it."""
    parser = argparse.ArgumentParser(prog="python -m docs.tools.picture")
    parser.add_argument("--write", action="store_true", help="write the picture, too")
    write = parser.parse_args().write
    console = Console(
        record=True, width=COLUMNS, file=io.StringIO() if write else sys.stdout, force_terminal=True
    )
    with tempfile.TemporaryDirectory(prefix="sealenv-tour-") as folder:
        root = Path(folder).resolve()
        channels = build(root / "channels")
        add_stand_ins(channels.main, shown_minor(channels))
        (root / "empty").mkdir()
        with ChannelServer(channels.root) as server:
            reader = Reader(root / "r", root / "empty", server.url("main"), channels)
            reader.bash("sealenv create my_env 3.12")  # README shows its output as text.
            for command in COMMANDS:
                _, output = reader.bash(command)
                console.print(_styled(command, output.replace(str(reader.home), "/home/me")))
    if write:
        svg = console.export_svg(title="sealenv", unique_id="tour")
        # rich's picture asks a server for its font; readers have a monospaced one.
        svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.S)
        svg = svg.replace("Fira Code", "DejaVu Sans Mono, Menlo, Consolas")
        PICTURE.write_text(svg, encoding="utf-8")
    return 0


def _styled(command: str, output: str) -> Text:
    text = Text.assemble(("$ ", "bold green"), (command, "bold"))
    for line in output.rstrip().splitlines():
        row = Text(f"\n{line}")
        for pattern, style in _COLOURS:
            row.highlight_regex(re.compile(pattern, re.M), style)
        text.append_text(row)
    return text


if __name__ == "__main__":
    sys.exit(main())
