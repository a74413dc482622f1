"""Include in the MkDocs site every file of the repository that a page links to.

On the site, a link out of docs/ leads to a copy of the file: Markdown becomes a page, any other file
a page that shows it, a folder a list of its files. So links work on GitHub and on the site, and do not
depend on where the repository is hosted.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import File, Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[2]
ALWAYS = ("CHANGELOG.md", "CONTRIBUTING.md", "bootstrap/README.md")
LANGUAGES = {".bat": "bat", ".cmd": "bat", ".py": "python", ".sh": "bash", ".json": "json",
             ".yml": "yaml", ".toml": "toml"}  # fmt: skip
HIDE = {"index.md": ["navigation"], "explanation/comparison.md": ["toc"]}
"""Parts of the layout to hide: the start page's navigation, the contents next to a wide table."""

_FENCE = re.compile(r"^ *(```+|~~~+)")
_LINK = re.compile(r"(?<=\]\()(?!https?://|mailto:|#)([^)#\s]+)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add a page for each file outside of docs/ that the documentation links to."""
    from mkdocs.structure.files import File

    for path in sorted(linked(ROOT)):
        if not path.startswith("docs/"):
            files.append(File.generated(config, page_of(path), content=text_of(ROOT / path)))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Point the links of one page to their targets on the site."""
    origin = origin_of(page.file)
    if page.file.src_uri in HIDE:
        page.meta["hide"] = HIDE[page.file.src_uri]
    if origin is None:
        return markdown
    text = plain_pipes(markdown)
    return rewritten(text, lambda target: site_link(origin, target, page.file.src_uri))


def linked(root: Path) -> set[str]:
    """Every file and folder that the site needs: docs/, `ALWAYS`, and what these link to, in turn."""
    found: set[str] = set()
    waiting = [*ALWAYS, *(p.relative_to(root).as_posix() for p in root.glob("docs/**/*.md"))]
    while waiting:
        path = waiting.pop()
        if path in found or not (root / path).exists():
            continue
        found.add(path)
        if path.endswith(".md"):
            text = (root / path).read_text(encoding="utf-8")
            waiting += [resolved(path, target) for target in targets(text)]
    return found


def page_of(path: str) -> str:
    """Where a file of the repository is on the site, as MkDocs names sources.

    >>> page_of("docs/how-to/pip.md"), page_of("bootstrap/README.md")
    ('how-to/pip.md', 'repository/bootstrap/README.md')
    >>> page_of("bootstrap/get_sed.bat"), page_of("README.md")
    ('repository/bootstrap/get_sed.bat.md', 'repository/README.md')
    """
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    if path.endswith(".md"):
        return f"repository/{path}"
    return f"repository/{path}/index.md" if (ROOT / path).is_dir() else f"repository/{path}.md"


def origin_of(file: File) -> str | None:
    """The repository's Markdown file that a page is made from; None where it shows another file."""
    uri = file.src_uri
    path = uri.removeprefix("repository/") if uri.startswith("repository/") else f"docs/{uri}"
    return path if (ROOT / path).is_file() else None


def site_link(origin: str, target: str, page: str) -> str:
    """A link of the repository's file `origin` as the page `page` has to write it."""
    path = resolved(origin, target)
    return posixpath.relpath(page_of(path), posixpath.dirname(page) or ".")


def resolved(origin: str, target: str) -> str:
    """The path below the root that a link of `origin` leads to."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(origin), target))


def text_of(path: Path) -> str:
    """The Markdown of a page for a file or a folder of the repository."""
    if path.suffix == ".md":
        return path.read_text(encoding="utf-8")
    title = f"# {path.relative_to(ROOT).as_posix()}\n\n"
    if path.is_dir():
        names = sorted(p.name for p in path.iterdir() if not p.name.startswith(("_", ".")))
        return title + "".join(f"- `{name}`\n" for name in names)
    text = path.read_text(encoding="utf-8", errors="replace").rstrip()
    return f"{title}``````{LANGUAGES.get(path.suffix, 'text')}\n{text}\n``````\n"


def targets(markdown: str) -> Iterator[str]:
    """The relative targets of links outside of code blocks, without their anchors."""
    for line, code in _lines(markdown):
        if not code:
            yield from _LINK.findall(line)


def rewritten(markdown: str, change: Callable[[str], str]) -> str:
    """The text with `change` applied to every relative target outside of code blocks."""
    return "".join(
        line if code else _LINK.sub(lambda found: change(found[1]), line)
        for line, code in _lines(markdown)
    )


def plain_pipes(markdown: str) -> str:
    """GitHub wants `\\|` for a bar in code in a table; Python-Markdown would show the backslash."""
    return "".join(
        re.sub(r"`[^`]+`", lambda found: found[0].replace("\\|", "|"), line)
        if line.startswith("|") and not code
        else line
        for line, code in _lines(markdown)
    )


def _lines(markdown: str) -> Iterator[tuple[str, bool]]:
    """Each line with its end, and whether it belongs to a code block."""
    fence = ""
    for line in markdown.splitlines(keepends=True):
        found = _FENCE.match(line)
        if found and not fence:
            fence = found[1]
            yield line, True
        elif found and line.strip().startswith(fence) and not line.strip().strip(fence[0]):
            fence = ""
            yield line, True
        else:
            yield line, bool(fence)
