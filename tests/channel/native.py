"""`hello-prefix`: a compiled program with a binary placeholder, and a text file with one."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from sealenv.tour.archive import PLACEHOLDER, Package, Payload

_SOURCE = """\
#include <stdio.h>
static const volatile char prefix[] = "{placeholder}";
int main(void) {{
    char text[sizeof prefix];
    for (unsigned i = 0; i < sizeof prefix; i++) text[i] = prefix[i];
    printf("%s\\n", text);
    return 0;
}}
"""
_SCRIPT = f"#!/bin/sh\nprintf '%s\\n' '{PLACEHOLDER}'\n"


def hello_prefix(subdir: str) -> Package | None:
    """Return the package for this machine; None without a C compiler."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        return None
    with tempfile.TemporaryDirectory() as scratch:
        # Relative names, so that no path of this machine gets into the program.
        Path(scratch, "hello.c").write_text(_SOURCE.format(placeholder=PLACEHOLDER))
        command = [compiler, "-O1", "-s", "-o", "hello", "hello.c"]
        subprocess.run(command, cwd=scratch, check=True, stdin=subprocess.DEVNULL)
        program = Path(scratch, "hello").read_bytes()
    assert program.count(PLACEHOLDER.encode() + b"\0") == 1
    return Package(
        name="hello-prefix",
        version="1.0",
        subdir=subdir,
        summary="prints its prefix, from a binary and from a text placeholder",
        payload=(
            Payload(
                "bin/hello-prefix",
                data=program,
                executable=True,
                prefix_placeholder=PLACEHOLDER,
                file_mode="binary",
            ),
            Payload(
                "bin/hello-prefix-text",
                data=_SCRIPT.encode(),
                executable=True,
                prefix_placeholder=PLACEHOLDER,
                file_mode="text",
            ),
        ),
    )
