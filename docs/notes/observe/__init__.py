"""See again what the field guide says was seen.

    python -m docs.notes.observe            run everything that this machine can, and compare
    python -m docs.notes.observe --write    the same, and write docs/notes/*.md

An observation is a short script for bash or for cmd.exe, run in an empty folder with a bare environment.
Its note holds the question, the script and all that it printed; the folder is called /field or C:\\field.
"""
