"""The report as one HTML page that needs nothing besides itself."""

from sealenv.page.page import write_page

__all__ = ["write_page"]
