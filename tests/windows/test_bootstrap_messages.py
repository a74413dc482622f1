"""What bootstrap/Micromamba_bootstrap.bat says: the values that it means, and no secrets."""

from __future__ import annotations

from tests.windows.bootstrapping import DEFAULT, Bare


def test_credentials_are_not_shown(bare: Bare) -> None:
    url = "https://me:pass@w@h.example/conda/t/tok-en/main"
    local = "C:\\a@b\\main"
    done = bare.run("x", "--dry-run", "--channel", url, "--channel", local)
    assert '"https://h.example/conda/t/***/main"' in done.stdout
    assert f'"{local}"' in done.stdout
    secret = "http://me:pass@127.0.0.1:9/t/tok-en"
    shown = [done.stdout, done.stderr]
    for bad in ("&", "^"):
        wrong = bare.run("x", code=2, SEALENV_MICROMAMBA_URL=secret + bad)
        shown += [wrong.stdout, wrong.stderr]
    where = bare.releases.base.replace("//", "//me:pass@")
    (bare.releases.root / "latest").write_text("a page, and no redirection to a version")
    answer = bare.run("x", "--micromamba", "latest", code=2, SEALENV_MICROMAMBA_URL=where)
    shown += [answer.stdout, answer.stderr]
    for version in (DEFAULT, "latest"):
        failed = bare.run("x", "--micromamba", version, code=5, SEALENV_MICROMAMBA_URL=secret)
        assert '"http://127.0.0.1:9/t/***/' in failed.stderr
        shown += [failed.stdout, failed.stderr]
        for text in shown:
            assert "pass" not in text
            assert "tok-en" not in text


def test_messages_name_what_they_mean(bare: Bare) -> None:
    assert '"--frobnicate"' in bare.run("--frobnicate", code=2).stderr
    assert '"3.x"' in bare.run("ab", "3.x", code=2).stderr
    assert '"a#b"' in bare.run("a#b", code=2).stderr
    assert "too long" in bare.run("n" * 300, code=2).stderr
    assert "too long" in bare.run("--prefix", "C:\\" + "n" * 300, code=2).stderr
    assert "a^b" in bare.run("a^b", code=2).stderr
    done = bare.line("call BOOT --packages numpy,scipy --dry-run")
    assert 'WARN] "scipy" follows' in done.stdout
    done = bare.make("x", code=6, FAKE_MICROMAMBA_FAIL="early")
    assert "exit code 0, and there is no python.exe" in done.stderr
