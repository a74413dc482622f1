"""Resolve requirements to wheels for other machines, with the installed pip."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from sealenv.errors import DigestError, FetchError, OfflineError, SolveError, SpecError
from sealenv.locks import LockedWheel
from tests.pypi.asker import Asker, conda_lock, installed
from tests.pypi.index import Index, Wheel, serve


@pytest.fixture
def asker(tmp_path: Path) -> Asker:
    return Asker(tmp_path)


def test_dependencies_come_first_and_extras_count(asker: Asker) -> None:
    asker.index.add(
        Wheel("app", requires=["zlib-like", 'net; extra == "web"', 'never; extra == "other"']),
        Wheel("zlib-like"),
        Wheel("net", requires=["zlib-like"]),
        Wheel("never"),
    )
    lock = asker.ask("app[web]")
    assert [w.name for w in lock.wheels] == ["zlib-like", "net", "app"]
    app = lock.wheels[-1]
    assert app.requires_dist[0] == "zlib-like"
    path = asker.index.path(Wheel("app"))
    assert app.url == path.as_uri()
    assert lock.requirements == ("app[web]",)
    assert lock.indexes == (asker.index.url,)


def test_unknown_extras_are_reported(asker: Asker) -> None:
    asker.index.add(Wheel("app", requires=['net; extra == "web"']), Wheel("net"), Wheel("bare"))
    notes: list[str] = []
    lock = asker.ask("app[web,wep]", "bare[x]", "net", warn=notes.append)
    assert [w.name for w in lock.wheels] == ["net", "app", "bare"]
    assert notes == [
        "app 1.0 does not provide the extra 'wep'",
        "bare 1.0 does not provide the extra 'x'",
    ]


def test_markers_of_the_target(asker: Asker) -> None:
    asker.index.add(
        Wheel(
            "app",
            requires=[
                'on-windows; sys_platform == "win32"',
                'on-linux; platform_system == "Linux"',
                'on-mac; sys_platform == "darwin" and platform_machine == "arm64"',
                'old-python; python_version < "3.9"',
                'exact; python_full_version == "3.12.1"',
            ],
        ),
        *map(Wheel, ("on-windows", "on-linux", "on-mac", "old-python", "exact")),
    )
    assert asker.names("app") == ["exact-1.0", "on-linux-1.0", "app-1.0"]
    windows = asker.names("app", lock=conda_lock("win-64"))
    assert windows == ["exact-1.0", "on-windows-1.0", "app-1.0"]
    mac = asker.names("app", lock=conda_lock("osx-arm64"))
    assert mac == ["exact-1.0", "on-mac-1.0", "app-1.0"]
    old = asker.names("app", lock=conda_lock("win-64", "3.8.20"))
    assert old == ["old-python-1.0", "on-windows-1.0", "app-1.0"]


@pytest.mark.parametrize(
    ("platform", "python", "tag"),
    [
        ("linux-64", "3.12.1", "cp38-abi3-manylinux_2_5_x86_64.manylinux1_x86_64"),
        ("osx-arm64", "3.12.1", "cp312-cp312-macosx_11_0_arm64"),
        ("win-64", "3.13.0rc1", "cp313-cp313-win_amd64"),
    ],
)
def test_wheels_of_the_target(asker: Asker, platform: str, python: str, tag: str) -> None:
    unfit = ("cp312-cp312-manylinux_2_35_x86_64", "cp312-cp312-musllinux_1_2_x86_64",
             "cp27-cp27mu-linux_x86_64", "cp312-cp312-macosx_14_0_arm64", "cp312-cp312-win32",
             "cp313-cp313t-win_amd64")  # fmt: skip
    asker.index.add(*(Wheel("fast", "2.0", each) for each in unfit), Wheel("fast", "1.0", tag))
    (wheel,) = asker.ask("fast", lock=conda_lock(platform, python)).wheels
    assert wheel.fn == f"fast-1.0-{tag}.whl"


def test_conda_packages_are_installed(asker: Asker) -> None:
    asker.index.add(
        Wheel("app", requires=["Conda_Thing[more]>=1"]), Wheel("conda-thing", "3.0"), Wheel("extra")
    )
    conda = [
        installed("conda.thing", "1.5", "Requires-Dist: extra; extra == 'more'",
                  "Provides-Extra: more"),
    ]  # fmt: skip
    assert asker.names("app", conda=conda) == ["app-1.0", "extra-1.0"]
    assert asker.names("conda-thing", conda=conda) == []


def test_a_conflict_names_both(asker: Asker) -> None:
    asker.index.add(Wheel("app", requires=["thing>=2"]), Wheel("thing", "2.0"))
    with pytest.raises(SolveError) as caught:
        asker.ask("app", conda=[installed("thing", "1.5")])
    assert "conda has thing==1.5" in caught.value.details
    assert any("thing>=2" in line for line in caught.value.details)


def test_refusals(asker: Asker, tmp_path: Path) -> None:
    (tmp_path / "source-1.0.tar.gz").write_bytes(b"no matter")
    asker.index.add(tmp_path / "source-1.0.tar.gz", Wheel("thing", "2.0"))
    asker.index.add(Wheel("wrong"), digest="0" * 64)
    with pytest.raises(DigestError, match="does not match the digest in its index"):
        asker.ask("wrong")
    with pytest.raises(SpecError, match="CPython"):
        asker.ask("thing", lock=conda_lock(build="0_73_pypy"))
    for line, said in (("source", "from versions: none"), ("thing ==99", "from versions: 2.0")):
        with pytest.raises(SolveError, match="no set of wheels") as caught:
            asker.ask(line)
        assert any(said in detail for detail in caught.value.details)
        assert "Only wheels are used" in str(caught.value.hint)


def test_over_http_with_a_password(asker: Asker) -> None:
    asker.index.add(Wheel("app"))
    with serve(asker.index.root, ("me", "s3cret")) as url:
        clean = url.replace("me:s3cret@", "")
        lock = asker.ask("app", url=clean, secrets={clean: url})
        assert lock.wheels[0].url.startswith(clean.removesuffix("/simple") + "/files/app-1.0")
        with pytest.raises(FetchError, match="could not be read"):
            asker.ask("app", url=clean)
        with pytest.raises(OfflineError):
            asker.ask("app", url=url, offline=True)
    assert asker.names("app", offline=True) == ["app-1.0"]  # from a folder


def test_an_unreachable_index(asker: Asker) -> None:
    for url in ("http://127.0.0.1:9/simple", "http://index.invalid/simple"):  # no TLS
        with pytest.raises(FetchError, match="could not be read"):
            asker.ask("app", url=url)


def test_a_wheel_by_url(asker: Asker) -> None:
    asker.index.add(Wheel("app", requires=["helper"]), Wheel("helper"))
    with serve(asker.index.root) as url:
        place = f"{url.removesuffix('/simple')}/files/{Wheel('app').file_name}"
        helper, app = asker.ask(f"app @ {place}", url=url).wheels
        digest = hashlib.sha256(asker.index.path(Wheel("app")).read_bytes()).hexdigest()
        assert (helper.name, app.url, app.sha256) == ("helper", place, digest)
        with pytest.raises(DigestError):
            asker.ask(f"app @ {place}#sha256={'0' * 64}", url=url)


def test_pip_settings_are_ignored(asker: Asker, tmp_path: Path) -> None:
    asker.index.add(Wheel("app"))
    other = Index(tmp_path / "other")
    other.add(Wheel("app", "9.0"))
    home = tmp_path / "home"
    (home / ".config/pip").mkdir(parents=True)
    (home / ".config/pip/pip.conf").write_text(f"[global]\nextra-index-url = {other.url}\n")
    environ = {
        "HOME": str(home), "PATH": "", "PIP_EXTRA_INDEX_URL": other.url,
        "XDG_CONFIG_HOME": str(home / ".config"), "PIP_CONFIG_FILE": str(home / ".config/pip/pip.conf"),
        "PYTHONPATH": str(tmp_path),
    }  # fmt: skip
    assert asker.names("app", environ=environ) == ["app-1.0"]


def test_a_url_that_cannot_be_locked(asker: Asker) -> None:
    """A signed URL is a secret, and expires."""
    asker.index.add(Wheel("app"))
    page = asker.index.root / "simple/app/index.html"
    page.write_text(page.read_text().replace("#sha256", "?X-Amz-Signature=s3cr3t&Expires=9#sha256"))
    with serve(asker.index.root) as url:
        with pytest.raises(SolveError, match="the URL of app has a query") as caught:
            asker.ask("app", url=url)
        assert "s3cr3t" not in str(caught.value)


def without(wheels: tuple[LockedWheel, ...], *names: str) -> list[LockedWheel]:
    return [wheel for wheel in wheels if wheel.name not in names]


def test_a_wheel_that_holds_it_back_changes_too(asker: Asker) -> None:
    asker.index.add(
        Wheel("aaa", requires=["bbb<2"]), Wheel("bbb"), Wheel("ccc", requires=["ddd"]), Wheel("ddd"),
    )  # fmt: skip
    old = asker.ask("aaa", "ccc").wheels
    asker.index.add(
        Wheel("aaa", "2.0", requires=["bbb>=2"]), Wheel("bbb", "2.0"), Wheel("bbb", "3.0"),
        Wheel("ccc", "2.0"), Wheel("ddd", "2.0"),
    )  # fmt: skip
    new = asker.ask("ccc", "aaa", keep=without(old, "aaa")).wheels
    assert [w.dist for w in new] == ["bbb-3.0", "aaa-2.0", "ddd-1.0", "ccc-1.0"]
    assert set(without(new, "aaa", "bbb")) == set(without(old, "aaa", "bbb"))
    newer_first = asker.names("aaa", "ccc", keep=without(old, "ddd"))
    assert newer_first == ["bbb-1.0", "aaa-1.0", "ddd-2.0", "ccc-1.0"]


def test_unused_wheels_are_dropped(asker: Asker) -> None:
    asker.index.add(
        Wheel("aaa", requires=["bbb[more]"]), Wheel("bbb", requires=['ccc; extra == "more"', "ddd"]),
        *map(Wheel, ("ccc", "ddd")),
    )  # fmt: skip
    old = asker.ask("aaa").wheels
    assert sorted(w.name for w in old) == ["aaa", "bbb", "ccc", "ddd"]
    assert asker.ask("aaa", keep=old).wheels == old
    asker.index.add(Wheel("aaa", "2.0", requires=["bbb"]))
    assert asker.names("aaa", keep=without(old, "aaa")) == ["ddd-1.0", "bbb-1.0", "aaa-2.0"]
    assert asker.names(keep=old) == []
    needy = installed("needy", "1.0", "Requires-Dist: ddd")
    assert asker.names("needy", keep=old, conda=[needy]) == ["ddd-1.0"]
