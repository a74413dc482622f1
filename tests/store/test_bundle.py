"""The bundle: what is written is read back; whatever else comes is refused with nothing written."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sealenv.errors import BundleError, CacheDamagedError, DigestError, FetchError, SpecError
from sealenv.locks import Lock
from sealenv.store import ustar
from sealenv.store.archives import Store, archives_of
from sealenv.store.bundle import is_bundle, open_bundle
from sealenv.store.bundle_manifest import LOCK, MANIFEST, member_name
from sealenv.store.bundle_writer import Source, write_bundle
from tests.store.bundling import ARCHIVES, PACKAGES, WHEEL, contents, locks, package, raw, small

REFUSED = (BundleError, DigestError)


def take(path: Path, store: Store) -> None:
    with open_bundle(path) as bundle:
        bundle.put_into(store, bundle.locks.lock_for("linux-64"))


def refused(path: Path, kind: type[Exception] | tuple[type[Exception], ...] = REFUSED) -> str:
    """The bundle is refused, and nothing of it is in the store; the message."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder, "store"))
        with pytest.raises(kind) as caught:
            take(path, store)
        assert not store.root.exists()
    return str(caught.value)


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
        for item, data in zip(archives_of(lock), [*ARCHIVES, b"a wheel"], strict=True):
            assert store.path(item).read_bytes() == data
        assert list(store.tmp.iterdir()) == []
        take(bundle, store)  # once more: it is all there

    def test_what_is_damaged_in_the_store_comes_anew(self, bundle: Path, tmp_path: Path) -> None:
        store = Store(tmp_path / "store")
        take(bundle, store)
        store.path(PACKAGES[2]).write_bytes(b"y" * 1025)
        take(bundle, store)
        assert store.path(PACKAGES[2]).read_bytes() == ARCHIVES[2]

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

    def test_tar_reads_it(self, bundle: Path, tmp_path: Path) -> None:
        with tarfile.open(bundle) as tar:
            members = tar.getmembers()
            assert [m.name for m in members] == [MANIFEST, *sorted(contents())]
            assert all(m.isreg() and m.mtime == m.uid == m.gid == 0 for m in members)
            assert {m.name: m.mode for m in members if m.mode != 0o644} == {"install.sh": 0o755}
            for name, data in contents().items():
                found = tar.extractfile(name)
                assert found is not None
                assert found.read() == data
        assert bundle.stat().st_size % 10240 == 0

    @pytest.mark.skipif(not shutil.which("tar"), reason="no tar on this machine")
    def test_gnu_tar_writes_the_same(self, bundle: Path, tmp_path: Path) -> None:
        """As docs/reference/bundle.md says: somebody else can write one."""
        version = subprocess.run(["tar", "--version"], capture_output=True, text=True).stdout
        if "GNU tar" not in version:
            pytest.skip("this tar is not GNU's")
        folder = tmp_path / "x"
        folder.mkdir()
        subprocess.run(["tar", "-xf", bundle, "-C", folder], check=True)
        names = [MANIFEST, *sorted(contents())]
        subprocess.run(
            ["tar", "--format=ustar", "--owner=0", "--group=0", "--numeric-owner", "--mtime=@0",
             "-cf", tmp_path / "again", "-C", folder, *names],
            check=True,
        )  # fmt: skip
        assert (tmp_path / "again").read_bytes() == bundle.read_bytes()

    def test_without_a_record_of_zeros_behind_it(self, bundle: Path, tmp_path: Path) -> None:
        data = bundle.read_bytes().rstrip(b"\0")
        size = -(-len(data) // ustar.BLOCK) * ustar.BLOCK + 2 * ustar.BLOCK
        bundle.write_bytes(bundle.read_bytes()[:size])
        take(bundle, Store(tmp_path / "store"))

    @pytest.mark.parametrize("less", [1, 511, 512, 1024])
    def test_cut_in_the_zeros_at_its_end(self, bundle: Path, less: int) -> None:
        bundle.write_bytes(bundle.read_bytes()[:-less])
        refused(bundle, BundleError)

    @pytest.mark.parametrize("channel", ["javascript:x", "https://a b", "-c", "\x1b[1m"])
    def test_what_is_no_channel(self, tmp_path: Path, channel: str) -> None:
        (lock,) = locks().locks
        file = msgspec.structs.replace(
            locks(), locks=(msgspec.structs.replace(lock, channels=(channel,)),)
        )
        assert "is not a channel" in refused(
            raw(tmp_path / "b", sorted(contents(file).items())), BundleError
        )

    def test_a_damaged_archive_is_not_packed(self, tmp_path: Path) -> None:
        store = Store(tmp_path / "store")
        take(small(tmp_path / "b"), store)
        store.path(PACKAGES[0]).write_bytes(b"two archive")
        source = Source(member_name(PACKAGES[0]), path=store.path(PACKAGES[0]))
        with pytest.raises(CacheDamagedError):
            write_bundle(tmp_path / "new", [source], lambda done, total: None)
        assert not (tmp_path / "new").exists()

    def test_too_large_a_member(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(ustar, "LARGEST", 5)
        with pytest.raises(SpecError, match="larger"):
            small(tmp_path / "b")
        assert list(tmp_path.iterdir()) == []

    def test_is_bundle(self, bundle: Path, tmp_path: Path) -> None:
        assert is_bundle(bundle)
        assert not is_bundle(tmp_path)
        assert not is_bundle(tmp_path / "nothing")
        (tmp_path / "environment.yml").write_text("name: x\n")
        assert not is_bundle(tmp_path / "environment.yml")


class TestHostile:
    @settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.data())
    def test_any_changed_byte(self, bundle: Path, data: st.DataObject) -> None:
        whole = bundle.read_bytes()
        place = data.draw(st.integers(0, len(whole) - 1))
        byte = data.draw(st.integers(1, 255))
        changed = bytearray(whole)
        changed[place] ^= byte
        path = bundle.with_name("changed")
        path.write_bytes(changed)
        refused(path)

    @settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.data())
    def test_truncated(self, bundle: Path, data: st.DataObject) -> None:
        """Anywhere before the two blocks that end it."""
        whole = bundle.read_bytes()
        size = data.draw(st.integers(0, len(whole.rstrip(b"\0")) + ustar.BLOCK - 1))
        path = bundle.with_name("cut")
        path.write_bytes(whole[:size])
        refused(path)

    @settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.binary(min_size=1, max_size=40000))
    def test_more_behind_it(self, bundle: Path, more: bytes) -> None:
        path = bundle.with_name("more")
        path.write_bytes(bundle.read_bytes() + more)
        with contextlib.suppress(*REFUSED):
            # Zeros up to one record are what tar itself may write.
            take(path, Store(bundle.parent / "store"))
            assert not any(more)

    @settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.text(alphabet=st.characters(codec="ascii"), min_size=1, max_size=90))
    def test_any_other_name(self, tmp_path: Path, name: str) -> None:
        if name not in contents():
            members = sorted([*contents().items(), (name, b"evil")])
            refused(raw(tmp_path / "b", members))

    @pytest.mark.parametrize(
        "name",
        [
            *("../evil", "/etc/passwd", "packages/../../evil", "C:\\evil", "packages\\x.conda"),
            *("packages/" + "a" * 64 + ".conda/x", "packages/" + "A" * 64 + ".conda", "install.sh/x"),
            *("INSTALL.SH", "Lock.json", "wheels/x.whl", "micromamba/micromamba", "con", "./install.sh"),
            *("packages/" + "a" * 64 + ".zip", "packages/" + "a" * 64, "sealenv-bundle.json"),
        ],
    )  # fmt: skip
    def test_names(self, tmp_path: Path, name: str) -> None:
        refused(raw(tmp_path / "b", sorted([*contents().items(), (name, b"evil")])))

    @pytest.mark.parametrize(
        "kind",
        [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE,
         tarfile.CONTTYPE, tarfile.GNUTYPE_SPARSE, tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE],
    )  # fmt: skip
    def test_no_other_kind_of_member(self, tmp_path: Path, kind: bytes) -> None:
        """Written by tarfile, in front of a bundle, as its first member, and in its middle."""
        plain = raw(tmp_path / "plain").read_bytes()
        header = tarfile.TarInfo("install.sh")
        header.type, header.linkname, header.mode = kind, "/etc/passwd", 0o755
        block = header.tobuf(tarfile.USTAR_FORMAT)[: ustar.BLOCK]
        place = plain.index(b"install.sh\0")
        for changed in (block + plain, plain[:place] + block + plain[place + ustar.BLOCK :]):
            (tmp_path / "b").write_bytes(changed)
            refused(tmp_path / "b")

    def test_a_member_twice_or_in_the_wrong_place(self, tmp_path: Path) -> None:
        given_members = sorted(contents().items())
        assert "twice" in refused(raw(tmp_path / "b", [given_members[0], *given_members]))
        assert "place" in refused(raw(tmp_path / "b", given_members[::-1]))

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

    def test_sizes_that_are_none(self, tmp_path: Path) -> None:
        whole = sorted(contents().items())
        for size in (-1, 1 << 33, 1 << 62, 1.5, "5", None):
            listed: list[dict[str, Any]] = [
                {"name": n, "size": size, "sha256": hashlib.sha256(d).hexdigest()} for n, d in whole
            ]
            refused(raw(tmp_path / "b", whole, members=listed))

    @pytest.mark.parametrize(
        "manifest",
        [
            b"", b"{", b"[]", b'"x"', b"{}", b'{"schema": 2}', b'{"schema": "1"}', b"[" * 100_000,
            b'{"schema": 1, "schema": 2}', b"\xff\xfe", b'{"a":' * 50_000,
            b'{"schema":1,"members":[],"more":1}', b'{"schema":1,"members":[]}',
            b'{\n "schema": 1,\n "members": []\n}\n',
        ],
    )  # fmt: skip
    def test_manifests_that_are_none(self, tmp_path: Path, manifest: bytes) -> None:
        refused(raw(tmp_path / "b", manifest=manifest))

    def test_a_manifest_that_is_too_large(self, tmp_path: Path) -> None:
        """Only its header is there: nothing is read or allocated for it."""
        for size in (17 << 20, ustar.LARGEST):
            (tmp_path / "b").write_bytes(ustar.header(MANIFEST, size, executable=False))
            assert "manifest of" in refused(tmp_path / "b")

    def test_a_sparse_file_of_the_promised_size(self, tmp_path: Path) -> None:
        """A bomb: a hole of 8 GB costs no space on the disk; it is a wrong digest when it is read."""
        listed = [{"name": LOCK, "size": 65 << 20, "sha256": "0" * 64}]
        path = raw(tmp_path / "b", [], members=listed)
        os.truncate(path, 66 << 20)
        assert "bytes" in refused(path)

    @pytest.mark.parametrize(
        "data",
        [b"", b"{}", b"[]", b'{"locks": []}', b'{"locks": [{}]}', b"[" * 100_000, b"\xff", b"null"],
    )
    def test_locks_that_are_none(self, tmp_path: Path, data: bytes) -> None:
        refused(raw(tmp_path / "b", sorted((contents() | {LOCK: data}).items())))

    def test_no_lock(self, tmp_path: Path) -> None:
        members = [item for item in sorted(contents().items()) if item[0] != LOCK]
        refused(raw(tmp_path / "b", members))

    @pytest.mark.parametrize(
        "change",
        [
            lambda p: {"sha256": "0" * 64}, lambda p: {"sha256": "../" * 22}, lambda p: {"size": 1},
            lambda p: {"sha256": p.sha256.upper()}, lambda p: {"fn": "../../evil.conda"},
            lambda p: {"fn": "/etc/a-1.0-0.conda"}, lambda p: {"fn": "manifest"},
            lambda p: {"fn": "a-1.0-0.tar.bz2"}, lambda p: {"fn": "other-1.0-0.conda"},
            lambda p: {"record": p.record | {"name": "../../a"}}, lambda p: {"record": {}},
            lambda p: {"record": p.record | {"subdir": "../x"}},
            lambda p: {"record": p.record | {"subdir": "win-64"}},
            lambda p: {"url": "file:///etc/"}, lambda p: {"url": p.url.replace("a-1.0", "b-1.0")},
            lambda p: {"url": f"file:/srv/noarch/{p.fn}"},
        ],
    )  # fmt: skip
    def test_a_lock_that_names_something_else(
        self, tmp_path: Path, change: Callable[[Any], dict[str, Any]]
    ) -> None:
        first = PACKAGES[0]
        packages = (msgspec.structs.replace(first, **change(first)), *PACKAGES[1:])
        data = msgspec.json.encode(locks(packages))
        refused(raw(tmp_path / "b", sorted((contents() | {LOCK: data}).items())))

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("depends", 5), ("depends", [5]), ("depends", {}), ("constrains", 7), ("noarch", [1]),
            ("noarch", "bsd"), ("timestamp", "x"), ("timestamp", -1), ("timestamp", 1e300),
            ("build_number", "x"), ("build_number", -1), ("license", {}), ("subdir", 9),
            ("run_exports", 5), ("extra_depends", [1]), ("name", 5), ("version", 1.0), ("md5", 5),
            ("purls", "x"), ("track_features", 5), ("python_site_packages_path", []), ("size", "x"),
        ],
    )  # fmt: skip
    def test_a_record_of_other_types(self, tmp_path: Path, key: str, value: Any) -> None:
        first = PACKAGES[0]
        record = first.record | {key: value}
        packages = (msgspec.structs.replace(first, record=record), *PACKAGES[1:])
        data = msgspec.json.encode(locks(packages))
        text = refused(raw(tmp_path / "b", sorted((contents() | {LOCK: data}).items())))
        assert key in text

    @pytest.mark.parametrize(
        "change",
        [
            {"name": "../../evil"}, {"name": ".."}, {"name": ""}, {"name": "a\\b"}, {"name": "a\nb"},
            {"variables": {"A\nB": "x"}}, {"variables": {"A": "x\ny"}}, {"variables": {"": "x"}},
        ],
    )  # fmt: skip
    def test_what_no_environment_is_called_or_sets(
        self, tmp_path: Path, change: dict[str, Any]
    ) -> None:
        data = msgspec.json.encode(msgspec.structs.replace(locks(), **change))
        refused(raw(tmp_path / "b", sorted((contents() | {LOCK: data}).items())), BundleError)

    def test_a_lock_with_a_package_twice_or_without_one(self, tmp_path: Path) -> None:
        twice = locks((*PACKAGES, package("a", ARCHIVES[2])))
        for file in (twice, locks(PACKAGES[1:]), locks(wheels=()), locks(wheels=(WHEEL, WHEEL))):
            data = msgspec.json.encode(file)
            refused(raw(tmp_path / "b", sorted((contents() | {LOCK: data}).items())))

    def test_platforms_that_cannot_be(self, tmp_path: Path) -> None:
        other = Lock(platform="linux-64", channels=(), packages=PACKAGES)
        none = Lock(platform="../x", channels=(), packages=PACKAGES)
        every = Lock(platform="noarch", channels=(), packages=PACKAGES)
        empty = msgspec.structs.replace(locks(), locks=())
        for file in (locks(others=(other,)), locks(others=(none,)), locks(others=(every,)), empty):
            data = msgspec.json.encode(file)
            refused(raw(tmp_path / "b", sorted((contents() | {LOCK: data}).items())))

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"specs": ("a\n==> 2030-01-01 00:00:00 <==",)}, "none of a text"),
            ({"virtual_packages": ("\x1b[31m__x=1=0",)}, "none of a text"),
            ({"requirements": ("w\r",)}, "none of a text"),
            ({"exclude_newer": "2030\n"}, "none of a text"),
            ({"find_links": ("https://h/x\x00",)}, "none of a text"),
            ({"specs": ("[[[",)}, "MatchSpec"),
            ({"specs": ("python[[[",)}, "MatchSpec"),
            ({"requirements": ("-e .",)}, "editable"),
            ({"requirements": ("--find-links x",)}, "requirement"),
            ({"requirements": ("w; " + "(" * 3000,)}, "requirement"),
            ({"exclude_newer": "yesterday"}, "time"),
            ({"exclude_newer": "2026-13-01"}, "time"),
            ({"wheels": (msgspec.structs.replace(WHEEL, url="https://h/w.whl"),)}, "PEP 427"),
            ({"wheels": (msgspec.structs.replace(WHEEL, name="v"),)}, "not a wheel of"),
            ({"indexes": ("https://u:secretpw@h/simple",)}, "credentials"),
            ({"find_links": ("https://u:secretpw@h/links",)}, "credentials"),
            ({"channels": ("https://u:secretpw@h/c",)}, "credentials"),
            ({"channels": ("https://h/t/secretpw/c",)}, "credentials"),
            ({"packages": PACKAGES[::-1]}, ""),
        ],
    )  # fmt: skip
    def test_what_may_not_be_written_down(
        self, tmp_path: Path, change: dict[str, Any], said: str
    ) -> None:
        lock = msgspec.structs.replace(locks().locks[0], **change)
        if not said:  # nothing depends on anything there
            with open_bundle(self.with_lock(tmp_path, lock)):
                return
        text = refused(self.with_lock(tmp_path, lock), BundleError)
        assert said in text
        assert "secretpw" not in text

    def with_lock(self, tmp_path: Path, lock: Lock) -> Path:
        file = msgspec.structs.replace(locks(), locks=(lock,))
        data = msgspec.json.encode(file)
        return raw(tmp_path / "b", sorted((contents() | {LOCK: data}).items()))

    @pytest.mark.parametrize("address", ["https://u:secretpw@h/", "https://h/t/secretpw/"])
    def test_credentials_in_the_address_of_a_file(self, tmp_path: Path, address: str) -> None:
        (lock,) = locks().locks
        first = msgspec.structs.replace(PACKAGES[0], url=f"{address}noarch/{PACKAGES[0].fn}")
        wheel = msgspec.structs.replace(WHEEL, url=address + WHEEL.fn)
        private = msgspec.structs.replace(PACKAGES[0], channel=address)
        for change in (
            {"packages": (first, *PACKAGES[1:])},
            {"wheels": (wheel,)},
            {"packages": (private, *PACKAGES[1:])},
        ):
            text = refused(self.with_lock(tmp_path, msgspec.structs.replace(lock, **change)))
            assert "credentials" in text
            assert "secretpw" not in text

    @pytest.mark.parametrize("place", ["file", "lock", "package", "wheel"])
    def test_a_key_that_nobody_knows(self, tmp_path: Path, place: str) -> None:
        file = msgspec.json.decode(msgspec.json.encode(locks()))
        lock = file["locks"][0]
        {"file": file, "lock": lock, "package": lock["packages"][1], "wheel": lock["wheels"][0]}[
            place
        ]["zzz"] = 1
        data = msgspec.json.encode(file)
        text = refused(raw(tmp_path / "b", sorted((contents() | {LOCK: data}).items())))
        assert "'zzz'" in text

    def test_dependents_before_dependencies(self, tmp_path: Path) -> None:
        """But in a cycle, such as python's and pip's, one has to come first."""
        needs = {"a": ["b >=1"], "b": ["c", "__glibc >=2", "elsewhere"], "c": []}
        found = [
            msgspec.structs.replace(p, record={**p.record, "depends": needs[p.name]})
            for p in PACKAGES
        ]
        (lock,) = locks().locks
        for order, sound in (((2, 1, 0), True), ((2, 0, 1), False), ((1, 2, 0), False)):
            packages = tuple(found[number] for number in order)
            path = self.with_lock(tmp_path, msgspec.structs.replace(lock, packages=packages))
            if sound:
                open_bundle(path).close()
            else:
                assert "which it depends on" in refused(path, BundleError)
        ring = msgspec.structs.replace(found[2], record={**found[2].record, "depends": ["a"]})
        packages = (found[0], ring, found[1])
        open_bundle(
            self.with_lock(tmp_path, msgspec.structs.replace(lock, packages=packages))
        ).close()

    def test_a_wheel_called_like_a_path(self, tmp_path: Path) -> None:
        wheel = msgspec.structs.replace(WHEEL, url="https://x/..%2F..%2Fevil.whl")
        data = msgspec.json.encode(locks(wheels=(wheel,)))
        refused(raw(tmp_path / "b", sorted((contents() | {LOCK: data}).items())))

    def test_what_is_no_file(self, tmp_path: Path) -> None:
        refused(tmp_path / "nothing", FetchError)
        refused(tmp_path, (FetchError, BundleError))

    @pytest.mark.skipif(os.name == "nt", reason="no such files there")
    def test_a_device(self) -> None:
        refused(Path("/dev/zero"), BundleError)

    def test_an_ordinary_tar(self, tmp_path: Path) -> None:
        with tarfile.open(tmp_path / "b", "w") as tar:
            for name, data in [(MANIFEST, b"{}"), *contents().items()]:
                info = tarfile.TarInfo(name)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
        refused(tmp_path / "b")
