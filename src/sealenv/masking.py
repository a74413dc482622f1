"""Replace secrets with `***` in texts that the doctor and the gate show.

It hides too much rather than too little. Files are never masked.
"""

from __future__ import annotations

_SECRET = ("TOKEN", "PASSWORD", "PASSWD", "SECRET", "AUTH")
"""Words in the names of variables that hold secrets."""
_NAMES = "|".join(_SECRET)
_VALUE = r"(?:\"(?![$`])[^\"\s]+\"?|'[^'\s]+'?|(?![$`\"'])[^\s\"',;)]+)"
# Each is linear in the text: its repetitions end at its first character, or are bounded.
_FORMS = (
    (r"(?<=//)[^/\s]+@", "***@"),
    (r"(?<=//)[^/\s:@]{1,200}:(?!\d{1,5}[/?#])[^\s@]{1,300}@", "***@"),
    (r"(?<=//)[^/\s:@\[]{1,200}:(?!\d{1,5}\W?$)[^/\s@]+$", "***"),
    (r"(?<![^\s'\"=,;(\[])[^\s/:@'\"=,;(]{1,200}:[^\s/@'\"]{1,300}@(?=[\w\[])", "***@"),
    (
        r"([?&](?:token|access_token|auth|key|password|sig|signature|x-amz-[a-z-]+)=)[^&\s'\"]+",
        r"\1***",
    ),
    (r"(\bauthorization:\s{0,9}(?:bearer|basic|token)\s+)[^\s'\"]+", r"\1***"),
    (
        rf"((?<![\w-])--?(?:[a-z]{{1,30}}-)?(?:token|password|passwd|secret)(?:=|\s{{1,9}})){_VALUE}",
        r"\1***",
    ),
    (
        rf"((?<!\w)\w{{0,99}}?(?:{_NAMES})\w{{0,99}}['\"]?\]?\s{{0,9}}(?:=|:)\s{{0,9}}){_VALUE}",
        r"\1***",
    ),
)
_SAID = rf"((?<!\w)[A-Z0-9_]{{0,99}}?(?:{_NAMES})[A-Z0-9_]{{0,99}}\s{{1,9}}(?:to\s|is\s)?){_VALUE}"
"""`set -gx MY_TOKEN x`, `setenv MY_TOKEN x`, and the same in our own messages."""
_TOKEN = r"(/t/)[^/\s'\",;]+"
_ADDRESS = r"(?:://|(?<![\w./-])[\w-]{1,63}(?:\.[\w-]{1,63}){1,9}(?::\d{1,5})?(?=/t/))\S+"
"""URLs that may have a conda token; `/t/` in a plain path is a folder."""
_SIGNS = ("@", "://", "/t/", "=", ":", *_SECRET)


def masked(text: str) -> str:
    """Replace the passwords and tokens in a text.

    Args:
        text: one line or several, complete: truncated secrets are not recognized.
    """
    upper = text.upper()
    if not any(sign in upper for sign in ("/T/", *_SIGNS)):
        return text
    import re  # only now: most values that `run` checks have no secret

    for form, put in _FORMS:
        text = re.sub(form, put, text, flags=re.IGNORECASE | re.MULTILINE)
    text = re.sub(_SAID, r"\1***", text)
    return re.sub(_ADDRESS, lambda url: re.sub(_TOKEN, r"\1***", url[0]), text)


def masked_value(name: str, value: str) -> str:
    """Return the value of a variable without its secrets."""
    if value and any(word in name.upper() for word in _SECRET):
        return "***"
    return masked(value)
