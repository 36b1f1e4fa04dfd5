"""A comparison as one self-contained HTML file: no request leaves it, and it prints."""

from pykube_core.reports.page import REPORT_SUFFIXES, html_page, write_report
from pykube_core.reports.picture import PICTURE_SUFFIXES, svg_picture, write_picture
from pykube_core.reports.suffix import check_suffix

__all__ = [
    "PICTURE_SUFFIXES",
    "REPORT_SUFFIXES",
    "check_suffix",
    "html_page",
    "svg_picture",
    "write_picture",
    "write_report",
]
