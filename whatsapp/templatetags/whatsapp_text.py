"""A message as WhatsApp shows it."""

import re

from django import template
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

register = template.Library()
MARKS = {
    tag: re.compile(rf"(?<!\w)\{mark}(?=\S)([^\n{mark}]*[^\s{mark}])\{mark}(?!\w)")
    for mark, tag in {"*": "strong", "_": "em", "~": "s"}.items()
}


@register.filter
def as_shown(text: str) -> SafeString:
    """`*bold*`, `_italic_` and `~struck~` within a line, and everything else as it is written."""
    shown = str(conditional_escape(text))
    for tag, marked in MARKS.items():
        shown = marked.sub(rf"<{tag}>\1</{tag}>", shown)
    return mark_safe(shown)  # noqa: S308 -- escaped; only our own tags are added
