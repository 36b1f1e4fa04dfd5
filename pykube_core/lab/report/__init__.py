"""A comparison as one self-contained HTML file: no request leaves it, and it prints."""

from pykube_core.lab.report.page import html_page, write_report
from pykube_core.lab.report.picture import svg_picture

__all__ = ["html_page", "svg_picture", "write_report"]
