"""The pages that docs/tools writes match the code; a failure names the command that updates them."""

from __future__ import annotations

import shutil
import subprocess
from types import ModuleType

import pytest

import sealenv.errors
from docs.tools import api_reference, cli_reference, errors_reference, json_schema, man_page
from sealenv.errors import SealenvError

TOOLS = (api_reference, cli_reference, errors_reference, json_schema, man_page)


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.__name__)
def test_a_page_is_up_to_date(tool: ModuleType) -> None:
    page = tool.PAGE.read_text(encoding="utf-8")
    assert page == tool.page(), f"python -m {tool.__name__} --write"


def test_every_error_that_is_public_has_a_remedy() -> None:
    public = {getattr(sealenv.errors, name) for name in sealenv.errors.__all__}
    errors = {cls for cls in public if isinstance(cls, type) and issubclass(cls, SealenvError)}
    assert set(errors_reference.classes()) == errors - {SealenvError}
    assert {cls.code for cls in errors_reference.classes()} == set(errors_reference.REMEDIES)


def test_groff_takes_the_man_page_without_a_warning() -> None:
    if shutil.which("groff") is None:
        pytest.skip("no groff on this machine")
    command = ["groff", "-man", "-ww", "-z", str(man_page.PAGE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("", "")
