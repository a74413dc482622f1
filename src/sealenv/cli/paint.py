"""Colours, unless the user wants none."""

from __future__ import annotations

import os
from typing import Any

import click

__all__ = ["paint"]


def paint(text: str, **style: Any) -> str:
    """As `click.style`; as it is where NO_COLOR is set (no-color.org), which click does not ask."""
    return text if os.environ.get("NO_COLOR") else click.style(text, **style)
