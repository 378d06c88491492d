"""The headers of a list, made once: the theme makes them for each row again, a sixth of a page's time."""

from functools import wraps
from typing import Any

from unfold.templatetags import unfold_list


def make_once() -> None:
    """Put in place of the theme's function one that keeps what it made with the list."""
    headers = unfold_list.result_headers

    @wraps(headers)
    def kept(cl: Any) -> Any:
        if not hasattr(cl, "headers"):
            cl.headers = list(headers(cl))
        return cl.headers

    unfold_list.result_headers = kept
