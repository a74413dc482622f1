"""Which paths are somebody else's, and where they begin and end."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealenv.host.reader import searcher
from sealenv.portability import holding
from sealenv.portability.classify import Held, Owner, classify
from sealenv.portability.foreign import Foreign
from sealenv.portability.holding import Place, held_by_file, needles
from sealenv.portability.spellings import spellings

OTHER = "/srv/envs/other"
OWN = "/home/ann/envs/own"


def known(folder: str) -> bool:
    return folder in (OTHER, "/home/me/miniconda3")


FOREIGN = Foreign("/home/ann", ["/srv/envs", r"D:\envs"], known, [OWN])


def told(text: str) -> list[tuple[str, str, str]]:
    data = text.encode()
    return [(data[f.start : f.end].decode(), f.whose, f.root) for f in FOREIGN.find(data)]


@pytest.mark.parametrize(
    ("text", "whose", "root"),
    [
        ("#!/home/me/miniconda3/bin/python", "environment", "/home/me/miniconda3"),
        ("prefix=/srv/envs/other", "environment", OTHER),
        ("PATH=/usr/bin:/srv/envs/other/bin:/bin", "environment", OTHER),
        ("-I/home/bob/include", "builder", "/home/bob"),
        ('"/Users/runner/miniforge3/conda-bld/x/_h_env"', "builder", "/Users/runner"),
        (r"'C:\Users\me\x'", "builder", r"C:\Users\me"),
        (r'"C:\\Users\\me\\x"', "builder", r"C:\Users\me"),
        ("file:///home/ann/src/x", "home", "/home/ann"),
        ("/opt/conda/bin/x", "builder", "/opt/conda"),
        ("/croot/python_1/work", "builder", "/croot"),
        ("/D/bld/feedstock_root/work", "builder", "/D/bld/feedstock_root"),
        ("/tmp/b/_h_env_placehold_placehold_pl/lib", "builder", "/tmp/b/_h_env_placehold"),
        ("RPATH /home/conda/feedstock_root/build/x", "builder", "/home/conda/feedstock_root"),
    ],
)  # fmt: skip
def test_whose(text: str, whose: str, root: str) -> None:
    assert [found[1:] for found in told(text)] == [(whose, root)]
    wanted = (False, FOREIGN.texts, FOREIGN.patterns, FOREIGN.longest)
    assert hits(wanted, text.encode())


@pytest.mark.parametrize(
    "text",
    [
        "https://example.org/home/bob/x",
        "/mnt/home/bob/x",
        "${HOME}/home/bob/x",
        "/usr/lib/x",
        "/home/",
        "/homely/bob",
        "/srv/envs/nothing/x",
        "/Users/Shared/x",
        f"{OWN}/bin/python",
        f"file://{OWN}",
        "feedstock_root/x",
    ],
)
def test_nobodys(text: str) -> None:
    assert told(text) == []


def hits(wanted: tuple[bool, list[bytes], list[bytes], int], data: bytes) -> bool:
    import tempfile

    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        return any(searcher(wanted)(file.name))


WORDS = st.sampled_from(
    [
        b"/home/bob/x", b"/srv/envs/other", b"C:\\Users\\me", b"placehold_placehold", b"/", b"a", b" ",
        b"feedstock_root/", b"\n", b"'", b"\\", b"/Users/", b"\0", b"\xff", OWN.encode(), b"2", b"-I",
    ]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(WORDS, max_size=12).map(b"".join))
def test_what_is_found_is_searched_for(data: bytes) -> None:
    """The first look never misses what the second would find."""
    if list(FOREIGN.find(data)):
        assert hits((False, FOREIGN.texts, FOREIGN.patterns, FOREIGN.longest), data)
    own = spellings(OWN, "linux-64")
    held = held_by_file(io.BytesIO(data), "x", [Place("own", own)], FOREIGN, runs=False)
    if any(h.whose == "own" for h in held):
        assert hits((False, needles(own), [], 0), data)


@settings(max_examples=100, deadline=None)
@given(st.lists(WORDS, max_size=40).map(b"".join), st.integers(1, 64))
def test_by_windows_it_is_the_same(data: bytes, window: int) -> None:
    place = [Place("own", spellings(OWN, "linux-64"))]
    whole = held_by_file(io.BytesIO(data), "x", place, FOREIGN, runs=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(holding, "_WINDOW", 256 + window)
        patch.setattr(holding, "_REACH", 128)
        pieces = held_by_file(io.BytesIO(data), "x", place, FOREIGN, runs=False)
    short = all(len(part) < 100 for part in data.split(b"\n"))
    if short:
        assert pieces == whole


def held(path: str, **more: object) -> Held:
    fields = {"whose": "own", "found": OWN, "forms": {"plain": 1}}
    return Held(path, **{**fields, **more})  # type: ignore[arg-type]


def test_a_placeholder_has_the_room_of_its_package_and_other_bytes_what_is_there() -> None:
    binary = held("lib/x.so", head=b"\x7fELF\0")
    assert classify(binary, Owner("x", placeholder="/p" * 100, file_mode="binary")).room == 200
    assert classify(binary, Owner("x")).room == len(OWN)
    assert classify(held("lib/x.py", head=b"x"), Owner("x")).room is None


@pytest.mark.parametrize(
    ("path", "matters"),
    [
        ("share/doc/x/README", False),
        ("conda-meta/history", False),
        ("conda-meta/x-1-0.json", False),
        ("conda-meta/sealenv", True),
        ("etc/x.conf", True),
        ("lib/python3.12/site-packages/x.pth", True),
        ("lib/python3.12/site-packages/__editable___x_1_finder.py", True),
        ("lib/python3.12/site-packages/x-1.dist-info/RECORD", True),
        ("lib/python3.12/site-packages/x-1.dist-info/direct_url.json", False),
        ("__home__/run.sh", False),
    ],
)
def test_what_matters(path: str, matters: bool) -> None:
    assert classify(held(path), Owner()).matters == matters


def test_what_is_compressed_is_left() -> None:
    found = classify(held("Scripts/x.exe", head=b"MZ", packed=True), Owner("x"))
    assert found.left
    assert Path(found.path).suffix == ".exe"
