r"""Where a path is found, and where it is part of another one."""

from __future__ import annotations

import json
import os
from pathlib import Path, PureWindowsPath

import pytest

from sealenv.relocation.find import Paths, mapped, occurrences

LINUX = "linux-64"
WINDOWS = "win-64"
E = Paths.of(["/envs/e"], LINUX)
C = Paths.of([r"C:\Users\Zoë\my envs\e"], WINDOWS)


def found(data: bytes, wanted: Paths = E) -> list[tuple[str, bytes]]:
    return [(o.form, data[o.start : o.end]) for o in occurrences(data, wanted)]


@pytest.mark.parametrize(
    "text",
    [
        "/envs/e",
        '"/envs/e"',
        "#!/envs/e/bin/python",
        "prefix=/envs/e",
        "-I/envs/e/include",
        "@/envs/e/args.rsp",
        "-Wl,@/envs/e/args.rsp",
        "-Wl,-rpath,/envs/e/lib",
        "PATH=/a:/envs/e/bin:/b",
        "/I /envs/e",
        "pip @ file:/envs/e/x",
        "$(DESTDIR)/envs/e/lib",
        "'WASM_ASSETS_DIR': './envs/e'",
        "sqlite:////envs/e/x.db",
        r"a\n/envs/e",
        "/envs/e%s",
        "/envs/e/envs/e",
        "\0/envs/e\0",
    ],
)
def test_it_is_there(text: str) -> None:
    assert len(found(text.encode())) == 1


@pytest.mark.parametrize(
    "text",
    [
        "/envs/e2/x",
        "/envs/e-old",
        "/envs/e.old",
        "/envs/eé",
        "/envs/e%20old",
        r"/envs/e\ old",
        "/mnt/envs/e/x",
        "~/envs/e",
        "${X}/envs/e",
        "http://envs/e",
        "https://x.org/envs/e",
        "/ENVS/E",
    ],
)
def test_it_only_looks_like_it(text: str) -> None:
    assert found(text.encode()) == []


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("C:\\Users\\Zoë\\my envs\\e\\python.exe", "plain"),
        ("c:\\users\\Zoë\\MY envs\\E", "plain"),
        ("C:/Users/Zoë/my envs/e", "slashes"),
        (json.dumps("C:\\Users\\Zoë\\my envs\\e"), "json"),
        (json.dumps("C:\\Users\\Zoë\\my envs\\e", ensure_ascii=False), "escaped"),
        (PureWindowsPath("C:/Users/Zoë/my envs/e").as_uri(), "url"),
        ("\\\\?\\C:\\Users\\Zoë\\my envs\\e", "plain"),
        ("-IC:\\Users\\Zoë\\my envs\\e\\include", "plain"),
        ("PATH=D:\\x;C:\\Users\\Zoë\\my envs\\e;", "plain"),
    ],
)
def test_forms_of_windows(text: str, form: str) -> None:
    assert [name for name, _ in found(text.encode(), C)] == [form]


@pytest.mark.parametrize("text", ["XC:\\e", "C:\\e2", "C:\\e~1", "D:\\e", "\\\\?\\UNC\\C\\e"])
def test_other_places_of_windows(text: str) -> None:
    assert found(text.encode(), Paths.of(["C:\\e"], WINDOWS)) == []


def test_a_server() -> None:
    wanted = Paths.of([r"\\srv\share\e"], WINDOWS)
    for text, form in (
        (r"\\srv\share\e\x", "plain"),
        ("file://srv/share/e", "url"),
        ("//srv/share/e", "slashes"),
    ):
        assert [name for name, _ in found(text.encode(), wanted)] == [form]


def test_where_it_leads_counts_too() -> None:
    wanted = Paths.of(["/link/e", "/data/e"], LINUX)
    assert [o.start for o in occurrences(b"/link/e /data/e", wanted)] == [0, 8]


@pytest.mark.parametrize("place", ["", "e", "./e", "/", "C:\\", "C:", "C:e"])
def test_no_place(place: str) -> None:
    with pytest.raises(ValueError, match="absolute"):
        Paths.of([place], LINUX)


def test_a_mapped_file_is_the_same(tmp_path: Path) -> None:
    """A file of 2 MiB is mapped into memory."""
    data = (b"/envs/e /envs/e2 file:/envs/e " + bytes(1000)) * 2000
    (tmp_path / "large").write_bytes(data)
    with mapped(os.fspath(tmp_path / "large")) as large:
        assert not isinstance(large, bytes)
        assert list(occurrences(large, E)) == list(occurrences(data, E))
        assert len(list(occurrences(large, E))) == 4000


def test_a_part_of_a_longer_path() -> None:
    """The longer path does not count."""
    wanted = Paths.of(["/envs/e"], LINUX, apart_from="/envs/e two")
    assert len(found(b"/envs/e two/x /envs/e/two /envs/e twofold", wanted)) == 2
