"""Helpers that hash and search: every answer, in order, whatever happens to them."""

from __future__ import annotations

import errno
import hashlib
import itertools
import os
import signal
import subprocess
import threading
from pathlib import Path

import pytest

from sealenv.system import reader
from sealenv.system.helper import Helper, Share
from sealenv.system.items import Listed
from sealenv.system.readers import Readers, Task

Files = list[tuple[str, int]]


@pytest.fixture
def tree(tmp_path: Path) -> Files:
    """Many small files and a few large ones, together worth a helper."""
    sizes = [10_000] * 900 + [9_000_000, 9_000_000, 0]
    files: Files = []
    for number, size in enumerate(sizes):
        path = tmp_path / f"f {number} ü"
        path.write_bytes(number.to_bytes(4, "big") * (size // 4))
        files.append((name(path), size))
    return files


def name(path: Path) -> str:
    return os.fsencode(path).decode("utf-8", "surrogateescape")


def ask(some: Readers, files: Files) -> Task[tuple[bytes, int]]:
    return some.sha256("", [path for path, _ in files], [size for _, size in files])


def digests(files: Files) -> list[tuple[bytes, int]]:
    return [
        (hashlib.sha256(Path(path).read_bytes()).digest(), Path(path).stat().st_mode & 0o7777)
        for path, _ in files
    ]


@pytest.mark.parametrize("processors", [1, 2, 4])
def test_every_answer_is_at_its_place(tree: Files, processors: int) -> None:
    steps: list[tuple[int, int]] = []
    with Readers(processors) as some:
        found = ask(some, tree).finish(lambda done, of: steps.append((done, of)))
        assert len(some._helpers) == min(processors - 1, 1)  # it is worth one
    assert found == digests(tree)
    assert steps[-1] == (len(tree), len(tree))
    assert steps == sorted(steps)


def test_two_tasks_at_once(tree: Files) -> None:
    with Readers(2) as some:
        first, second = ask(some, tree), ask(some, tree[::-1])
        assert first.finish() == digests(tree)
        assert second.finish() == digests(tree)[::-1]


@pytest.mark.parametrize("processors", [1, 3])
def test_only_what_is_not_as_expected_is_told(tree: Files, tmp_path: Path, processors: int) -> None:
    """A digest, a mode, and what cannot be read; the last and the first of them too."""
    expected = digests(tree)
    names, sizes = [path for path, _ in tree], [size for _, size in tree]
    with Readers(processors) as some:
        assert some.compared("", names, sizes, expected).finish() == [None] * len(tree)
        Path(names[0]).write_bytes(b"other")
        Path(names[500]).chmod(0o600 if expected[500][1] != 0o600 else 0o644)
        Path(names[600]).unlink()
        Path(names[-2]).write_bytes(b"other")
        found = some.compared("", names, sizes, expected).finish()
    told = {number for number, answer in enumerate(found) if answer is not None}
    assert told == {0, 500, 600, len(tree) - 2} - ({500} if os.name == "nt" else set())
    assert found[0] == (hashlib.sha256(b"other").digest(), expected[0][1])
    assert isinstance(found[600], FileNotFoundError)


def test_a_wrong_size_changes_nothing(tree: Files) -> None:
    with Readers(2) as some:
        assert ask(some, [(path, 1_000_000) for path, _ in tree]).finish() == digests(tree)


def test_what_cannot_be_read_is_told(tree: Files, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    folder = tmp_path / "folder"
    folder.mkdir()
    odd: Files = [(name(gone), 30_000_000), (name(folder), 0)]
    with Readers(2) as some:
        answers = ask(some, [*odd, *tree]).finish()
    assert isinstance(answers[0], OSError)
    assert answers[0].errno == errno.ENOENT
    assert os.fsdecode(answers[0].filename) == odd[0][0]
    assert isinstance(answers[1], OSError)
    assert answers[2:] == digests(tree)


@pytest.mark.skipif(os.name == "nt", reason="no FIFO there")
def test_a_fifo_is_not_waited_for_and_a_link_not_followed(tree: Files, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to(tree[0][0])
    odd: Files = [(name(tmp_path / "fifo"), 99_000_000), (name(tmp_path / "link"), 0)]
    for files in (odd, [*odd, *tree]):  # by ourselves; by a helper, which begins with the largest
        with Readers(2) as some:
            answers = ask(some, files).finish()
        assert isinstance(answers[0], OSError)
        assert isinstance(answers[1], OSError)


@pytest.mark.parametrize("after", [False, True])
def test_a_helper_that_is_killed(tree: Files, after: bool) -> None:
    with Readers(2) as some:
        if not after:
            some._helpers.append(Helper())
            kill(some)
        task = ask(some, tree)
        if after:
            kill(some)
        assert task.finish() == digests(tree)


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="nothing is stopped there")
@pytest.mark.parametrize("before", [True, False])
def test_a_helper_that_is_stopped(tree: Files, before: bool) -> None:
    """Also before it takes its job: a pipe holds less than that. Its part is done by us."""
    with Readers(2, patience=0.0) as some:
        if before:
            some._helpers.append(Helper())
            stop(some)
        task = ask(some, tree)
        if not before:
            stop(some)
        assert task.finish() == digests(tree)


def stop(some: Readers) -> None:
    process = some._helpers[0]._process
    assert process
    process.send_signal(signal.SIGSTOP)


def kill(some: Readers) -> None:
    process = some._helpers[0]._process
    assert process
    process.kill()
    process.wait()


def test_no_more_processes(tree: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EAGAIN, "no more processes")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    with Readers(2) as some:
        assert ask(some, tree).finish() == digests(tree)


@pytest.mark.parametrize("started", [0, 1])
def test_no_more_threads(tree: Files, monkeypatch: pytest.MonkeyPatch, started: int) -> None:
    """A helper has two: where one of them cannot be started, it ends."""
    begin, count = threading.Thread.start, itertools.count()

    def refuse(thread: threading.Thread) -> None:
        if next(count) >= started:
            raise RuntimeError("can't start new thread")
        begin(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with Readers(2) as some:
        assert ask(some, tree).finish() == digests(tree)
        (helper,) = some._helpers
        assert helper._process
        assert helper._process.wait(60) != 0


def test_few_files_need_no_helper(tree: Files) -> None:
    with Readers(8) as some:
        assert ask(some, tree[:3]).finish() == digests(tree[:3])
        assert some._helpers == []


def search(some: Readers, files: Files, wanted: reader.Wanted) -> list[bytes | OSError]:
    return some.search(wanted, "", [path for path, _ in files], [s for _, s in files]).finish()


@pytest.mark.parametrize("processors", [1, 2])
def test_what_is_searched_for(tree: Files, tmp_path: Path, processors: int) -> None:
    (tmp_path / "one").write_bytes(b"x /Opt/One y")
    (tmp_path / "both").write_bytes(b"/opt/two" + bytes(100) + b"/opt/one")
    odd: Files = [(name(tmp_path / n), 99_000_000) for n in ("one", "both", "gone")]
    with Readers(processors) as some:
        exact = search(some, [*odd, *tree], (False, [b"/opt/one", b"/opt/two"]))
        folded = search(some, [*odd, *tree], (True, [b"/opt/one", b"/opt/two"]))
    assert exact[:2] == [b"", b"\1\1"]
    assert folded[:2] == [b"\1\0", b"\1\1"]
    assert isinstance(exact[2], OSError)
    assert set(exact[3:]) == set(folded[3:]) == {b""}


def test_a_match_across_windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "_WINDOW", 16)
    path = tmp_path / "file"
    for before in range(50):
        path.write_bytes(b"-" * before + b"needle" + b"-" * 40)
        assert reader.searcher((False, [b"needle"]))(str(path)) == b"\1", before
        assert reader.searcher((False, [b"needles"]))(str(path)) == b"", before


class FakeHelper:
    """Answers when it is told to: a stand-in for the moments that a real one cannot be held at."""

    share: Share
    names: list[str]

    def ask(
        self,
        verb: str,
        argument: object,
        root: str,
        text: str,
        expected: object,
        share: Share,
    ) -> None:
        self.share, self.names = share, text.split("\0")

    def answer(self) -> None:
        self.share.tell([reader.sha256_of(path) for path in self.names])


def test_one_helper_comes_to_its_end_while_another_has_work_left(
    tree: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the moment at which its share was the largest, and the look at what is left of it."""
    helpers = [FakeHelper(), FakeHelper()]
    paths, sizes = [path for path, _ in tree], [size for _, size in tree]
    task = Task[tuple[bytes, int]](
        helpers,  # type: ignore[arg-type]  # fakes
        "sha256", None, "", Listed(paths, sizes), 0.01,
    )  # fmt: skip
    measured = Share.cost_left

    def cost_left(share: Share) -> int:
        cost = measured(share)
        if share is helpers[0].share and not share.answers:
            helpers[0].answer()
        return cost

    monkeypatch.setattr(Share, "cost_left", cost_left)
    assert task.finish() == digests(tree)


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="nothing is stopped there")
def test_a_helper_that_is_stopped_is_waited_for_once(tree: Files) -> None:
    """Not by each task, and not one helper after the other."""
    with Readers(4, patience=1.0) as some:
        some._helpers += [Helper() for _ in range(3)]
        for helper in some._helpers:
            assert helper._process
            helper._process.send_signal(signal.SIGSTOP)
        names, sizes = [path for path, _ in tree], [100_000 for _ in tree]
        tasks = [some.sha256("", names, sizes) for _ in range(3)]
        for task in tasks:
            assert task.finish() == digests(tree)
        assert all(helper._gone for helper in some._helpers)
        assert ask(some, tree).finish() == digests(tree)
