"""Any two paths, any text with one of them: for property tests."""

from __future__ import annotations

import io

from hypothesis import assume
from hypothesis import strategies as st

from sealenv.relocation.edits import Change, Hints, Rewriting
from sealenv.relocation.find import occurrences
from sealenv.relocation.forms import FORMS, spell
from sealenv.relocation.rewrite import rewrite

NAMES = st.text(
    st.characters(codec="utf-8", exclude_characters="/\\\0", exclude_categories=("Cs", "Cc")),
    min_size=1,
    max_size=8,
)
"""Of folders: anything that a file system takes."""
POSIX = st.lists(NAMES, min_size=1, max_size=4).map(lambda names: "/" + "/".join(names))
_PLAIN = st.text("abcXYZ019_.-", min_size=1, max_size=5)


def applied(rewriting: Rewriting, content: bytes) -> bytes:
    """The new bytes of a file."""
    target = io.BytesIO()
    rewriting.apply_to(io.BytesIO(content), target)
    return target.getvalue()


def rewritten(path: str, content: bytes, change: Change, hints: Hints | None = None) -> bytes:
    """What a file becomes."""
    return applied(rewrite(path, content, change, hints or Hints()), content)


def back(change: Change) -> Change:
    """The way back."""
    return Change.between(change.new, change.old.places[0], change.platform)


@st.composite
def changes(draw: st.DrawFn) -> Change:
    """A change between two paths with the same forms.

    If two forms of one path are the same bytes and those of the other are not, what was found cannot say
    which of them it was: then there is no way back. So what is special is in both.
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
    assume(old.lower() != new.lower())
    change = Change.between(old, new, "win-64" if windows else "linux-64")
    assume(not change.old.longer and not back(change).old.longer)
    assume(_classes(change.old.places[0]) == _classes(change.new))
    return change


def _classes(place: str) -> list[int]:
    """For each form the number of the first one with the same bytes."""
    first: dict[bytes, int] = {}
    return [first.setdefault(spell(place, form), n) for n, form in enumerate(FORMS)]


@st.composite
def texts(draw: st.DrawFn, change: Change, *, nul: bool = True) -> bytes:
    """Bytes with the old path in them, in forms of any kind, and without the new one.

    Something is between two paths: what follows one at once belongs to it, and whether it still
    looks so afterwards depends on what the other path ends with. And nothing ends with a backslash:
    before a path, one may escape the slash behind it.
    """
    after = st.sampled_from([b"\n", b" ", b'"', b":", b"/bin ", b"\0\0 ", b"2 ", b"-x "])
    form = st.sampled_from(sorted(FORMS)).map(lambda form: spell(change.old.places[0], form))
    parts = draw(
        st.lists(
            st.binary(max_size=20).map(lambda data: data.rstrip(b"\\\0"))
            | st.tuples(form, after).map(b"".join)
            | st.sampled_from([b"\n", b" ", b'"', b"/", b":", b"-I", b"file://", b"\0"]),
            max_size=12,
        )
    )
    data = b"".join(parts)
    if not nul:
        data = data.replace(b"\0", b"")
    assume(next(occurrences(data, back(change).old), None) is None)
    return data
