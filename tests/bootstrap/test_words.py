"""Injection-proof: whatever a lock holds is refused, or is text in a script and nothing else."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sealenv.bootstrap.pinning import pin_release
from sealenv.bootstrap.rebuild import KINDS, PinnedMicromamba, platforms_for, render_rebuild
from sealenv.bootstrap.words import digest_word, name_word, url_word
from sealenv.errors import EngineError, SealenvError, SpecError, UsageError
from sealenv.gates.rules import RULES
from sealenv.locks import Lock, LockedPackage, LockedWheel
from tests.locking import made_up
from tests.shells import require_shell

EVIL = (
    "$(touch evil)", "`touch evil`", "'; touch evil; '", '"; touch evil; "', "\ntouch evil\n",
    "\r\ntouch evil", "%COMSPEC%", "!COMSPEC!", "^&touch evil", "&calc&", "|calc", ">evil", ") & calc (",
    "END\ntouch evil\n", "\nEND\n", "rem\n", "\\", "%%A", "%~dp0", "a b", "\t", "\0", "é",
    "\u2028", "\x1a", "#", "..", "/",
    "-", "--", "~", "*", "?", "[a]", "{a,b}", "<evil", "=package=", "@EXPLICIT",
)  # fmt: skip
PIECES = st.one_of(st.sampled_from(EVIL), st.text(max_size=8))
TEXTS = st.lists(PIECES, max_size=4).map("".join)
PINNED = PinnedMicromamba("2.8.1-1", {"linux-64": "a" * 64, "win-64": "b" * 64})
SAFE_URL = re.compile(r"(https?|file)://[A-Za-z0-9._~:/@!+,=%-]+")


def locked(*packages: LockedPackage, platform: str = "linux-64", **more: Any) -> Lock:
    return Lock(platform=platform, channels=(), packages=packages or (made_up(),), **more)


def lists(kind: str, script: bytes) -> list[list[str]]:
    """The words of every line of data in a script, read as the script reads them."""
    text = script.decode()
    if kind == "bat":
        lines = re.findall(r"^rem =(?:package|wheel)= (.*)\r$", text, re.M)
    else:
        lines = [
            line
            for block in re.findall(r"^cat <<'END'\n(.*?)^END$", text, re.M | re.S)
            for line in block.splitlines()
            if re.search(r" [0-9a-f]{64} ", line)
        ]
    return [line.split(" ") for line in lines]


def rendered(kind: str, lock: Lock, name: str = "my_env") -> bytes | None:
    """The script, or None where the lock or the name is refused."""
    try:
        return render_rebuild(kind, [lock], name, PINNED)
    except (SpecError, UsageError):
        return None


def skeleton(kind: str, script: bytes) -> list[str]:
    """The script without its data: the same for every lock."""
    return [
        line
        for line in script.decode().splitlines()
        if not line.startswith("rem =") and not re.search(r" [0-9a-f]{64} ", line)
    ]


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=300)
@given(data=st.data())
def test_any_package(kind: str, data: st.DataObject) -> None:
    """A lock of any words is refused, or differs from another one in lines of data alone."""
    platform = "win-64" if kind == "bat" else "linux-64"
    fields = {
        field: data.draw(st.one_of(st.just(None), TEXTS), field)
        for field in ("name", "version", "build", "fn", "url", "sha256")
    }
    changed = {key: text for key, text in fields.items() if text is not None}
    plain = rendered(kind, locked(platform=platform))
    assert plain is not None
    script = rendered(kind, locked(made_up(**changed), platform=platform))
    if script is None:
        return
    assert skeleton(kind, script) == skeleton(kind, plain)
    ((file, digest, url),) = lists(kind, script)
    assert re.fullmatch(r"[A-Za-z0-9_.+!-]+\.(conda|tar\.bz2)", file)
    assert re.fullmatch("[0-9a-f]{64}", digest)
    assert SAFE_URL.fullmatch(url)
    assert unquote(url.rsplit("/", 1)[-1]) == file


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=200)
@given(name=TEXTS, version=TEXTS, url=TEXTS, sha256=TEXTS)
@example(name="w", version="1", url="https://x/w-1-py3-none-any.whl", sha256="c" * 64)
@example(name="w", version="1", url="https://x/w%0a-1-py3-none-any.whl", sha256="c" * 64)
def test_any_wheel(kind: str, name: str, version: str, url: str, sha256: str) -> None:
    platform = "win-64" if kind == "bat" else "linux-64"
    pip = [made_up("pip"), made_up("python", "3.12.1")]
    wheel = LockedWheel(name=name, version=version, url=url, sha256=sha256)
    script = rendered(kind, locked(*pip, platform=platform, wheels=(wheel,)))
    if script is not None:
        *_, words = lists(kind, script)
        assert words == [wheel.fn, sha256, url, name, version]
        assert not any(set(word) & set("\"'`$&|<>^(){}[]*?;\\ \t\n") for word in words)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=200)
@given(name=TEXTS)
def test_any_name(kind: str, name: str) -> None:
    """A name that passes is one line of the script, and of its help."""
    platform = "win-64" if kind == "bat" else "linux-64"
    lock = locked(platform=platform)
    script = rendered(kind, lock, name)
    plain = rendered(kind, lock, "my_env")
    assert plain is not None
    if script is not None:
        ours, theirs = script.decode().splitlines(), plain.decode().splitlines()
        assert len(ours) == len(theirs)
        different = [line for line, other in zip(ours, theirs, strict=True) if line != other]
        assert len(different) <= 2
        assert name_word(name, kind) == name


@pytest.mark.skipif(os.name == "nt", reason="a POSIX script")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(name=TEXTS.filter(lambda t: bool(t.strip())), more=TEXTS)
@example(name="a $x", more="")
@example(name="é ü", more="")
@example(name="(a) & b", more="")
def test_it_is_really_run(name: str, more: str) -> None:
    """In dash: the name, and the same text as an argument, stay text."""
    shell = require_shell("dash")
    machine = os.uname().machine
    platform = {"x86_64": "linux-64", "aarch64": "linux-aarch64"}.get(machine, "linux-64")
    lock = locked(platform=platform)
    script = rendered("sh", lock, name)
    if script is None:
        name = "my_env"
        script = rendered("sh", lock, name)
    assert script is not None
    more = more.replace("\0", "").encode("utf-8", "replace").decode()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "root")
        root.mkdir()
        (root / "s.sh").write_bytes(script)
        env = {"PATH": "/usr/bin:/bin", "HOME": folder, "PY_ENVS": str(root), "LC_ALL": "C.UTF-8"}
        for words in ([], [more] if more else [], ["--prefix", more] if more else []):
            done = subprocess.run(
                [shell, "s.sh", "--dry-run", *words],
                env=env, cwd=root, capture_output=True, check=False, timeout=60,
            )  # fmt: skip
            assert done.returncode in {0, 2, 7}, done.stderr
            if not words:
                assert os.fsencode(f"{root.resolve()}/{name}\n") in done.stdout
        assert [p.name for p in root.iterdir()] == ["s.sh"]


@pytest.mark.parametrize(
    "text", [t for t in EVIL if t not in {"-", "--", "~", "=package=", "%~dp0"}]
)
def test_an_evil_url(text: str) -> None:
    with pytest.raises(SpecError):
        url_word(f"https://x/{text}/a-1-0.conda" if text != "/" else "ftp://x/a-1-0.conda", "a")
    with pytest.raises(SpecError):
        digest_word("a" * 63 + text)


@pytest.mark.parametrize(
    "url",
    [
        "https://user:secret@x/a-1-0.conda", "https://x/t/TOKEN/main/a-1-0.conda",
        "https://x/a-1-0.conda?token=x", "https://x/a-1-0.conda#x", "x/a-1-0.conda",
        "s3://x/a-1-0.conda", "https://x/b-1-0.conda", "https://x/a-1-0.conda/",
    ],
)  # fmt: skip
def test_urls_that_do_not_belong_into_a_file(url: str) -> None:
    with pytest.raises(SpecError):
        url_word(url, "a-1-0.conda")


def test_what_cannot_be_rendered() -> None:
    wheel = LockedWheel(
        name="w", version="1", url="https://x/w-1-py3-none-any.whl", sha256="c" * 64
    )
    for kind, lock in (
        ("bat", locked()),
        ("sh", locked(platform="win-64")),
        ("sh", locked(platform="linux-s390x")),
        ("sh", Lock(platform="linux-64", channels=(), packages=())),
        ("sh", locked(wheels=(wheel,))),
        ("sh", locked(made_up(fn="other-1.0-0.conda"))),
    ):
        with pytest.raises(SealenvError):
            render_rebuild(kind, [lock], "x", PINNED)
    with pytest.raises(SpecError, match="ASCII"):
        render_rebuild("bat", [locked(platform="win-64")], "é", PINNED)


def test_epochs_and_percent_signs_are_ordinary() -> None:
    """x264 of conda-forge has an epoch; its URL may have it in either way."""
    for url in ("https://x/x264-1!164-0.conda", "https://x/x264-1%21164-0.conda"):
        package = made_up("x264", "1!164", "0", url=url)
        for kind, platform in (("sh", "linux-64"), ("bat", "win-64")):
            script = rendered(kind, locked(package, platform=platform))
            assert script is not None
            assert lists(kind, script) == [["x264-1!164-0.conda", "a" * 64, url]]


def test_the_scripts_are_well_formed() -> None:
    script = rendered("bat", locked(platform="win-64"))
    assert script is not None
    text = script.decode("ascii")
    assert "__SEALENV" not in text
    assert all(line.endswith("\r") for line in text.split("\n")[:-1])
    assert all(len(line) < 8000 for line in text.split("\n"))
    text = text.replace("\r", "")
    labels = re.findall(r"^:(\w+)$", text, re.M)
    assert len(labels) == len(set(labels))
    assert set(re.findall(r"(?:call|goto) :(\w+)", text)) <= set(labels)
    behind = text[text.rindex("exit /b") :].splitlines()[1:]
    assert all(not line or line.startswith("rem ") for line in behind)
    if os.name != "nt":
        sh = rendered("sh", locked())
        assert sh is not None
        subprocess.run([require_shell("dash"), "-n"], input=sh, check=True)


@pytest.mark.parametrize(("kind", "platform"), [("sh", "linux-64"), ("bat", "win-64")])
def test_the_gate_is_the_one_table(kind: str, platform: str) -> None:
    script = rendered(kind, locked(platform=platform))
    assert script is not None
    text = script.decode().replace("\r", "")
    named = re.findall(r"^(?:call :)?gate (\w+) ", text, re.M)
    original = ["PYTHON_ENVS"] if kind == "bat" else []
    assert named == [*(variable.name for variable in RULES), *original]


def test_windows_programs_are_started_by_full_path() -> None:
    script = rendered("bat", locked(platform="win-64"))
    assert script is not None
    for line in script.decode().splitlines():
        if not line.startswith(("rem ", "echo", "  echo", "  call :fail", "call :fail")):
            bare = r"(?:^|[&|(]|do|else) *(curl|certutil|findstr|xcopy|where|cmd)(\.exe)? "
            assert not re.search(bare, line), line


def test_which_micromamba() -> None:
    digest = hashlib.sha256(b"").hexdigest()
    pinned = pin_release("2.8.1", [digest.upper()], ["linux-64"])
    assert pinned == PinnedMicromamba("2.8.1-0", {"linux-64": digest})
    several = pin_release(
        "2.8.1-1", [f"win-64={digest}", f"osx-64=sha256:{digest}"], ["osx-64", "win-64"]
    )
    assert set(several.sha256) == {"osx-64", "win-64"}
    with pytest.raises(EngineError, match="not known for linux-64"):
        pin_release(None, [], ["linux-64"])
    assert pin_release(None, [], ["linux-64"], all_known=False).sha256 == {}
    with pytest.raises(EngineError, match="known to be bad"):
        pin_release("2.6.0-1", [digest], ["linux-64"])
    for text in ("x", digest[1:], f"plan9-64={digest}", f"linux-64={digest};"):
        with pytest.raises(UsageError):
            pin_release(None, [text], ["linux-64"])
    with pytest.raises(UsageError):
        pin_release(None, [digest], ["linux-64", "win-64"])


def test_platforms() -> None:
    known = ["linux-64", "win-64", "linux-s390x", "win-arm64", "osx-arm64"]
    assert platforms_for("sh", known) == ("linux-64", "osx-arm64")
    assert platforms_for("bat", known) == ("win-64",)
