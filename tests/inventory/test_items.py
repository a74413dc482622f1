"""What is in an environment, where its bytes are, and why each package is there."""

from __future__ import annotations

from pathlib import Path

from sealenv.inventory.items import Item, chains, measure_shares, read_items
from tests.inventory.prefixes import package, write_prefix


def read(prefix: Path) -> dict[str, Item]:
    items, problems = read_items(prefix, None)
    assert problems == []
    return {item.id: item for item in items}


def distribution(prefix: Path, name: str, *lines: str, requested: bool = False) -> None:
    folder = prefix / "lib/python3.12/site-packages" / f"{name}-2.0.dist-info"
    folder.mkdir(parents=True)
    head = f"Metadata-Version: 2.4\nName: {name}\nVersion: 2.0\nSummary: about {name}\n"
    (folder / "METADATA").write_text(head + "".join(f"{line}\n" for line in lines))
    record = [f"{folder.name}/METADATA,,", f"{folder.name}/RECORD,,"]
    if requested:
        (folder / "REQUESTED").write_text("")
        record.append(f"{folder.name}/REQUESTED,,")
    (folder / "RECORD").write_text("\n".join(record) + "\n")


def test_records_of_another_tool(tmp_path: Path) -> None:
    packages = [
        package("app", "lib >=1", "__glibc >=2.17", "gone", files={"bin/app": "12345"}),
        package(
            "lib",
            sha256="no digest",
            license=["MIT"],
            url="https://u:p@example.test/lib.conda",
        ),
    ]
    items = read(write_prefix(tmp_path / "env", packages, ["app=1"]))
    app, lib = items["conda:app"], items["conda:lib"]
    assert (app.asked, lib.asked) == (("app=1",), ())
    assert [(n.spec, n.on, n.virtual) for n in app.needs] == [
        ("lib >=1", "conda:lib", False),
        ("__glibc >=2.17", None, True),
        ("gone", None, False),
    ]
    assert (app.license, app.channel, app.subdir) == ("MIT", "https://example.test/chan", "noarch")
    assert (lib.sha256, lib.license) == ("", ""), "not of the type that it should be"
    assert lib.url == "https://example.test/lib.conda", "credentials are left out"


def test_what_pip_installed(tmp_path: Path) -> None:
    about = "lib/python3.12/site-packages/Conda_Lib-1.0.dist-info/METADATA"
    text = "Name: Conda.Lib\nVersion: 1.0\nSummary: of conda\nLicense-Expression: ISC\n"
    owner = package("conda-lib", files={about: text}, license=None)
    prefix = write_prefix(tmp_path / "env", [owner], [])
    lines = [
        "Requires-Dist: conda_lib>=1",
        "Requires-Dist: conda-lib ; extra == 'more'",
        "Requires-Dist: other ; sys_platform == 'win32'",
        "Requires-Dist: absent",
        "Classifier: License :: OSI Approved :: Zope",
        "License: " + "a whole text " * 20,
    ]
    distribution(prefix, "mine", *lines, requested=True)
    distribution(prefix, "other")
    (prefix / "lib/python3.12/site-packages/other-2.0.dist-info/METADATA").write_text(
        "Name: other\n"
    )
    items = read(prefix)
    mine = items["pypi:mine"]
    needs = [(n.spec, n.on) for n in mine.needs]
    assert needs == [
        ("conda_lib>=1", "conda:conda-lib"),
        ("other ; sys_platform == 'win32'", "pypi:other"),
        ("absent", None),
    ]
    assert (mine.asked, items["pypi:other"].asked) == (("mine",), ())
    assert (mine.summary, mine.license) == ("about mine", "Zope")
    assert (items["conda:conda-lib"].summary, items["conda:conda-lib"].license) == (
        "of conda",
        "ISC",
    )


def test_shares(tmp_path: Path) -> None:
    packages = [
        package("a", files={"x/one": "1234", "x/two": "1"}),
        package("b", files={"y": "22"}),
    ]
    prefix = write_prefix(tmp_path / "env", packages, [])
    (prefix / "y2").hardlink_to(prefix / "y")
    (prefix / "__home__").mkdir()
    (prefix / "__home__" / "mine").write_text("333")
    items, _ = read_items(prefix, None)
    owned, others = measure_shares(prefix, items)
    assert {key: (s.files, s.size) for key, s in owned.items()} == {
        "conda:a": (2, 5),
        "conda:b": (1, 2),
    }
    assert (others["the user's own folder"].files, others["the user's own folder"].size) == (1, 3)
    assert others["records, seal and history"].files == 3
    assert others["files that no package owns"].size == 0, (
        "its bytes were counted under the first name"
    )


def test_chains() -> None:
    packages = {
        "top": ["mid", "low"],
        "mid": ["low", "deep"],
        "low": [],
        "deep": ["top"],
        "alone": [],
    }
    assert why(packages, asked={"top"}) == {
        "top": "top", "mid": "top mid", "low": "top low", "deep": "top mid deep",
    }  # fmt: skip
    assert why({"b": ["x"], "a": ["x"], "x": []}, asked={"a", "b"})["x"] == "a x", (
        "the first by name"
    )
    assert why({"app": ["lib"], "lib": []}, asked=set()) == {"app": "app", "lib": "app lib"}


def why(packages: dict[str, list[str]], asked: set[str]) -> dict[str, str]:
    from sealenv.inventory.items import Need

    items = [
        Item(n, n, "1", needs=tuple(Need(on, on) for on in needs), asked=(n,) if n in asked else ())
        for n, needs in packages.items()
    ]
    return {key: " ".join(chain) for key, chain in chains(items).items()}
