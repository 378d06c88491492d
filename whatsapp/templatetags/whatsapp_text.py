"""A message as WhatsApp shows it."""

import re

from django import template
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

register = template.Library()
MARKS = {"*": "strong", "_": "em", "~": "s"}
MARKED = re.compile(r"(?<!\w)([*_~])(?=\S)([^\n]*?\S)\1(?!\w)")


@register.filter
def as_shown(text: str) -> SafeString:
    """`*bold*`, `_italic_` and `~struck~` within a line, and everything else as it is written."""
    return mark_safe(_marked(str(conditional_escape(text))))  # noqa: S308 -- escaped; only our own tags are added


def _marked(text: str) -> str:
    return MARKED.sub(lambda found: _tagged(MARKS[found[1]], _marked(found[2])), text)


def _tagged(tag: str, inner: str) -> str:
    return f"<{tag}>{inner}</{tag}>"
