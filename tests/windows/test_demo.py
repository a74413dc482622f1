"""The tour on Windows: the running CPython, here the embeddable one, becomes a channel."""

from __future__ import annotations

from tests.windows.user import User


def test_the_tour_goes_to_its_end_and_leaves_a_channel(newcomer: User) -> None:
    folder = newcomer.root / "tour"
    said = newcomer.run("demo", "--keep", newcomer.path(folder)).stdout
    for words in ("Each archive", "python 3.", "altered", "is gone", "zero trace"):
        assert words in " ".join(said.split()), said
    assert [path.name for path in folder.iterdir()] == ["channel"]
    assert list(newcomer.home.iterdir()) == []
    assert not newcomer.envs.exists()
