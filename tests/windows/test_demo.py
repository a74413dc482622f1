"""The tour on Windows: the running CPython, here the embeddable one, becomes a channel."""

from __future__ import annotations

from tests.windows.user import User


def test_the_tour_goes_to_its_end_and_leaves_a_channel(newcomer: User) -> None:
    said = newcomer.run("demo").stdout
    for words in ("Each archive", "python 3.", "altered", "is gone", "zero trace"):
        assert words in " ".join(said.split()), said
    (folder,) = newcomer.tmp.iterdir()
    assert [path.name for path in folder.iterdir()] == ["channel"]
    assert list(newcomer.home.iterdir()) == []
    assert not newcomer.envs.exists()
