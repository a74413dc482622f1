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


_PLAIN = st.text("abcXYZ019_.-", min_size=1, max_size=5)


@st.composite
def changes(draw: st.DrawFn) -> Change:
    """A change between places, neither of which is in the other, with the same forms.

    Where two forms of one place are the same bytes and those of the other are not, what was found
    cannot say which of them it was: then there is no way back. So what is special is in both.
    """
    special = draw(st.just("") | NAMES.map(lambda name: name.replace(":", "-")))
    windows = draw(st.booleans())
    places = []
    for _ in range(2):
        names = draw(st.lists(_PLAIN, max_size=3))
        name = draw(_PLAIN) + special + draw(_PLAIN)
        separator = "\\" if windows else "/"
        start = draw(st.sampled_from("CDZ")) + ":" if windows else ""
        places.append(start + separator + separator.join([*names, name]))
    old, new = places
    platform = "win-64" if windows else "linux-64"
    try:
        change = Change.between(old, new, platform)
        Change.between(new, old, platform)
    except ValueError:
        assume(False)
        raise
    assume(_classes(change.old.place) == _classes(change.new.place))
    return change


def _classes(place: str) -> list[int]:
    """For each form the number of the first one with the same bytes."""
    first: dict[bytes | None, int] = {}
    return [first.setdefault(form.encode(place), n) for n, form in enumerate(FORMS)]


@st.composite
def texts(draw: st.DrawFn, change: Change, *, nul: bool = True) -> bytes:
    """Bytes with the old place in them, in forms of any kind, and without the new one.

    Something is between two places: what follows one at once belongs to it, and whether it still looks
    so afterwards depends on what the other place ends with. A text is in bytes or in UTF-16: in one of
    both, what is behind an odd number of bytes more would be read otherwise than before. And nothing
    ends with a backslash: of one before a place nobody can say whether it escapes the slash behind it.
    """
    unit = draw(st.sampled_from([1, 2])) if nul else 1
    after = st.sampled_from([b"\n", b" ", b'"', b":", b"/bin ", b"\0\0 ", b"2 ", b"-x "])
    forms = [form for form in FORMS if form.unit == unit]
    form = st.sampled_from(forms).map(lambda form: form.encode(change.old.place) or b"")
    parts = draw(
        st.lists(
            st.binary(max_size=20).map(lambda data: data.rstrip(b"\\\0"))
            | st.tuples(form, after).map(b"".join)
            | st.sampled_from([b"\n", b" ", b'"', b"/", b":", b"-I", b"file://", b"\0"]),
            max_size=12,
        )
    )
    data = b"".join(part + b" " * (-len(part) % unit) for part in parts)
    if not nul:
        data = data.replace(b"\0", b"")
    assume(next(occurrences(data, change.new), None) is None)
    return data
