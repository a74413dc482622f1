"""Any place, any text with it: for property tests."""

from __future__ import annotations

from hypothesis import assume
from hypothesis import strategies as st

from sealenv.portability.occurrences import occurrences
from sealenv.portability.rewriting.change import Change
from sealenv.portability.spellings import FORMS

NAMES = st.text(
    st.characters(codec="utf-8", exclude_characters="/\\\0", exclude_categories=("Cs", "Cc")),
    min_size=1,
    max_size=8,
)
"""Of folders: anything that a file system takes."""
POSIX = st.lists(NAMES, min_size=1, max_size=4).map(lambda names: "/" + "/".join(names))
WINDOWS = st.builds(
    lambda drive, path: drive + ":" + path.replace("/", "\\"),
    st.sampled_from("CDZ"),
    st.lists(NAMES.map(lambda name: name.replace(":", "-")), min_size=1, max_size=4).map(
        lambda names: "/" + "/".join(names)
    ),
)


@st.composite
def changes(draw: st.DrawFn, *, windows: bool | None = None) -> Change:
    """A change between places, neither of which is in the other, that differ in the same forms.

    Where two forms of one place are the same bytes and those of the other are not, what was found
    cannot say which of them it was: then there is no way back.
    """
    on_windows = draw(st.booleans()) if windows is None else windows
    kind = WINDOWS if on_windows else POSIX
    old, new = draw(kind), draw(kind)
    platform = "win-64" if on_windows else "linux-64"
    try:
        change = Change.between(old, new, platform)
        Change.between(new, old, platform)
    except ValueError:
        assume(False)
        raise
    assume(_alike(change))
    return change


def _alike(change: Change) -> bool:
    def classes(place: str) -> list[tuple[int, ...]]:
        encoded = [form.encode(place) for form in FORMS]
        return [
            tuple(i for i, other in enumerate(encoded) if other == e) if e is not None else ()
            for e in encoded
        ]

    return classes(change.old.place) == classes(change.new.place)


@st.composite
def texts(draw: st.DrawFn, change: Change, *, nul: bool = True) -> bytes:
    """Bytes with the old place in them, in forms of any kind, and without the new one."""
    parts = draw(
        st.lists(
            st.binary(max_size=20)
            | st.sampled_from(FORMS).map(lambda form: form.encode(change.old.place) or b"")
            | st.sampled_from([b"\n", b" ", b'"', b"/", b":", b"/bin", b"-I", b"file://", b"\0"]),
            max_size=12,
        )
    )
    data = b"".join(parts)
    if not nul:
        data = data.replace(b"\0", b"")
    assume(next(occurrences(data, change.new), None) is None)
    return data
