"""The bundle: what is written is read back; whatever else comes is refused with nothing written."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sealenv.errors import BundleError, DigestError
from sealenv.store.archives import Store
from sealenv.store.bundle import LOCK, MANIFEST, open_bundle
from tests.store.bundling import ARCHIVES, PACKAGES, WHEEL, contents, locks, raw, small

REFUSED = (BundleError, DigestError)


def take(path: Path, store: Store) -> None:
    with open_bundle(path) as bundle:
        bundle.verify()
        bundle.put_into(store, bundle.locks.lock_for("linux-64"))


def refused(path: Path, kind: type[Exception] | tuple[type[Exception], ...] = REFUSED) -> str:
    """The bundle is refused, and nothing of it is in the store; the message."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder, "store"))
        with pytest.raises(kind) as caught:
            take(path, store)
        assert not store.root.exists()
    return str(caught.value)


def with_lock(tmp_path: Path, **change: Any) -> Path:
    """A bundle whose lock differs in these fields."""
    lock = msgspec.structs.replace(locks().locks[0], **change)
    data = msgspec.json.encode(msgspec.structs.replace(locks(), locks=(lock,)))
    return raw(tmp_path / "b", sorted((contents() | {LOCK: data}).items()))


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return small(tmp_path / "my_env.sealenv")


class TestWriteAndRead:
    def test_everything_comes_back(self, bundle: Path, tmp_path: Path) -> None:
        store = Store(tmp_path / "store")
        with open_bundle(bundle) as opened:
            assert opened.locks == locks()
            (lock,) = opened.locks.locks
            opened.put_into(store, lock)
        for item, data in zip(lock.archives, [*ARCHIVES, b"a wheel"], strict=True):
            assert store.path(item).read_bytes() == data
        assert list(store.tmp.iterdir()) == []
        take(bundle, store)  # once more: it is all there

    def test_the_same_bytes_every_time(self, bundle: Path, tmp_path: Path) -> None:
        other = tmp_path / "elsewhere" / "another name"
        other.parent.mkdir()
        before = os.umask(0o077)
        try:
            small(other)
        finally:
            os.umask(before)
        assert other.read_bytes() == bundle.read_bytes()
        assert sorted(p.name for p in tmp_path.iterdir()) == ["elsewhere", "my_env.sealenv"]

    @pytest.mark.skipif(not shutil.which("tar"), reason="no tar on this machine")
    def test_another_program_can_write_one(self, bundle: Path, tmp_path: Path) -> None:
        folder = tmp_path / "x"
        folder.mkdir()
        subprocess.run(["tar", "-xf", bundle, "-C", folder], check=True)
        assert os.access(folder / "install.sh", os.X_OK)
        names = [MANIFEST, *sorted(contents())]
        again = tmp_path / "again"
        subprocess.run(["tar", "--format=ustar", "-cf", again, "-C", folder, *names], check=True)
        take(again, Store(tmp_path / "store"))


class TestHostile:
    @settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.data())
    def test_any_changed_byte(self, bundle: Path, data: st.DataObject) -> None:
        """It is refused, or it is padding: what enters the store has its digest."""
        changed = bytearray(bundle.read_bytes())
        changed[data.draw(st.integers(0, len(changed) - 1))] ^= data.draw(st.integers(1, 255))
        path = bundle.with_name("changed")
        path.write_bytes(changed)
        with tempfile.TemporaryDirectory() as folder, contextlib.suppress(*REFUSED):
            store = Store(Path(folder, "store"))
            take(path, store)
            found = [store.path(item).read_bytes() for item in locks().locks[0].archives]
            assert found == [*ARCHIVES, b"a wheel"]

    @settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.data())
    def test_truncated(self, bundle: Path, data: st.DataObject) -> None:
        """Anywhere before the zeros that end it."""
        whole = bundle.read_bytes()
        size = data.draw(st.integers(0, len(whole.rstrip(b"\0")) - 1))
        path = bundle.with_name("cut")
        path.write_bytes(whole[:size])
        refused(path)

    def test_a_member_twice_or_unknown_or_in_the_wrong_place(self, tmp_path: Path) -> None:
        given_members = sorted(contents().items())
        for name in ("../evil", "/etc/passwd", "packages\\x.conda", "INSTALL.SH"):
            refused(raw(tmp_path / "b", sorted([*given_members, (name, b"evil")])))
        assert "twice" in refused(raw(tmp_path / "b", [given_members[0], *given_members]))
        assert "out of order" in refused(raw(tmp_path / "b", given_members[::-1]))

    def test_a_manifest_of_other_members(self, tmp_path: Path) -> None:
        whole = sorted(contents().items())
        listed = [
            {"name": n, "size": len(d), "sha256": hashlib.sha256(d).hexdigest()} for n, d in whole
        ]
        for members, names in ((whole[1:], listed), (whole, listed[1:]), ([], listed)):
            refused(raw(tmp_path / "b", members, members=names))
        for field, value in (("size", 5), ("sha256", "0" * 64), ("name", "install.bat")):
            for place in range(len(listed)):
                changed = [dict(item) for item in listed]
                changed[place][field] = value
                refused(raw(tmp_path / "b", whole, members=changed))

    @pytest.mark.parametrize(
        "manifest",
        [b"", b"{}", b'{"schema": 2}', b"[" * 100_000, b"\xff\xfe",
         b'{"schema":1,"members":[]}'],
    )  # fmt: skip
    def test_manifests_that_are_none(self, tmp_path: Path, manifest: bytes) -> None:
        refused(raw(tmp_path / "b", manifest=manifest))

    def test_a_manifest_that_is_too_large(self, tmp_path: Path) -> None:
        """Only its header is there: nothing is read or allocated for it."""
        header = tarfile.TarInfo(MANIFEST)
        header.size = 65 << 20
        (tmp_path / "b").write_bytes(header.tobuf(tarfile.USTAR_FORMAT))
        assert "does not start like" in refused(tmp_path / "b")

    def test_a_lock_that_does_not_fit_the_members(self, tmp_path: Path) -> None:
        for file in (locks(PACKAGES[1:]), locks(wheels=()), locks(wheels=(WHEEL, WHEEL))):
            data = msgspec.json.encode(file)
            refused(raw(tmp_path / "b", sorted((contents() | {LOCK: data}).items())))

    def test_another_kind_of_member(self, tmp_path: Path) -> None:
        plain = raw(tmp_path / "plain").read_bytes()
        header = tarfile.TarInfo("install.sh")
        header.type, header.linkname, header.mode = tarfile.SYMTYPE, "/etc/passwd", 0o755
        block = header.tobuf(tarfile.USTAR_FORMAT)[: tarfile.BLOCKSIZE]
        place = plain.index(b"install.sh\0")
        for changed in (
            block + plain,
            plain[:place] + block + plain[place + tarfile.BLOCKSIZE :],
        ):
            (tmp_path / "b").write_bytes(changed)
            refused(tmp_path / "b")

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"sha256": "../" * 22}, "sha256"),
            ({"fn": "../../evil.conda"}, "file name"),
            ({"url": "https://u:secretpw@h/noarch/a-1.0-0.conda"}, "credentials"),
            ({"channel": "javascript:x"}, "channel"),
            ({"record": {"name": "../../a"}}, "record.name"),
        ],
    )  # fmt: skip
    def test_a_hostile_package(self, tmp_path: Path, change: dict[str, Any], said: str) -> None:
        first = msgspec.structs.replace(PACKAGES[0], **change)
        text = refused(with_lock(tmp_path, packages=(first, *PACKAGES[1:])), BundleError)
        assert said in text
        assert "secretpw" not in text

    @pytest.mark.parametrize(
        "change",
        [
            {"platform": "../x"}, {"specs": ("\x1b[31m",)}, {"requirements": ("-e .",)},
            {"wheels": (msgspec.structs.replace(WHEEL, url="https://x/..%2F..%2Fevil.whl"),)},
        ],
    )  # fmt: skip
    def test_a_hostile_lock(self, tmp_path: Path, change: dict[str, Any]) -> None:
        assert "secretpw" not in refused(with_lock(tmp_path, **change), BundleError)
