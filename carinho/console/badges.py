"""A status as a coloured label; `tone` says how much it asks of the reader."""

from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString


def badge(text: Any, tone: str = "neutral", title: Any = "") -> SafeString:
    return format_html('<span class="c-badge c-{}" title="{}">{}</span>', tone, title, text)
