"""A list as a file: what its columns show, masked as they are, of the rows that its filters leave.

At most `MOST_ROWS` of them.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from html import unescape
from itertools import chain, islice
from tempfile import TemporaryFile
from typing import Any

import xlsxwriter
from django.contrib.admin.utils import display_for_field, label_for_field, lookup_field
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model
from django.http import FileResponse, Http404, HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.html import strip_tags
from django.utils.http import content_disposition_header
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from carinho.access.audit_log import Audited
from carinho.access.permissions import user_actor

FORMATS = {"csv": "CSV", "xlsx": "Excel"}
MOST_ROWS = 50_000
AT_ONCE = 1_000
BYTE_ORDER_MARK = "\ufeff"  # by which Excel knows UTF-8
# A spreadsheet computes a text that begins so; one for which commas part the cells also after a comma.
FORMULA = re.compile(r"^(?=[=+\-@\t\r])|(?<=[,\t\"])(?=[=+\-@])")
EXACT_MOMENT = re.compile(r'<time[^>]*title="([^",]*)[^>]*>.*?</time>', re.DOTALL)
ICON = re.compile(r'<span class="material-symbols[^>]*>.*?</span>', re.DOTALL)
BETWEEN = re.compile(r"</(?:span|small|div|p|li|a)>")

EXPORTED = Audited("list.export", _("exportou a lista"))


def respond(request: HttpRequest, changelist: ChangeList, kind: str) -> HttpResponseBase:
    """The answer that downloads the list as it is filtered; the audit log says who asked for which."""
    if kind not in FORMATS:
        raise Http404
    write = _csv if kind == "csv" else _xlsx
    opts = changelist.opts
    EXPORTED.record(
        user_actor(request.user), opts.label_lower, {"format": kind, "filters": sorted(request.GET)}
    )
    name = f"{opts.verbose_name_plural} {timezone.localtime():%Y-%m-%d %H.%M}.{kind}"
    return write(_lines(changelist, request), name)


def _lines(changelist: Any, request: HttpRequest) -> Iterator[list[str]]:
    """The column titles, then each row's texts; read in portions, so that no list fills the memory."""
    admin, columns = changelist.model_admin, _columns(changelist)
    yield [capfirst(str(label_for_field(name, changelist.model, admin))) for name in columns]
    rows = changelist.get_queryset(request)[:MOST_ROWS].iterator(chunk_size=AT_ONCE)
    while portion := list(islice(rows, AT_ONCE)):
        changelist.prepare(portion)
        for row in portion:
            yield [_text(name, row, admin) for name in columns]


def _columns(changelist: ChangeList) -> list[Any]:
    left = ("action_checkbox", *getattr(changelist.model_admin, "not_exported", ()))
    shown = [name for name in changelist.list_display if name not in left]
    return [*shown, *getattr(changelist.model_admin, "exported_too", ())]


def _text(column: Any, row: Model, admin: Any) -> str:
    """What a cell shows, without its dress; a moment as it stands in the tooltip."""
    field, _attribute, value = lookup_field(column, row, admin)
    shown = display_for_field(value, field, "") if field else value
    html = EXACT_MOMENT.sub(r"\1", str("" if shown is None else shown))
    return " ".join(unescape(strip_tags(BETWEEN.sub(" ", ICON.sub("", html)))).split())


def _csv(lines: Iterable[list[str]], name: str) -> HttpResponseBase:
    writer = csv.writer(_Echo(), delimiter=";")
    portions = (writer.writerow([_harmless(text) for text in line]) for line in lines)
    answer = StreamingHttpResponse(chain([BYTE_ORDER_MARK], portions), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or ""
    return answer


class _Echo:
    """A file that keeps nothing: a writer's line is returned."""

    def write(self, line: str) -> str:
        return line


def _harmless(text: str) -> str:
    return FORMULA.sub("'", text)


def _xlsx(lines: Iterable[list[str]], name: str) -> HttpResponseBase:
    file = TemporaryFile()  # noqa: SIM115 -- the response closes it
    book = xlsxwriter.Workbook(file, {"constant_memory": True})
    sheet, bold = book.add_worksheet(), book.add_format({"bold": True})
    sheet.freeze_panes(1, 0)
    for number, line in enumerate(lines):
        for column, text in enumerate(line):
            sheet.write_string(number, column, text, bold if number == 0 else None)
    book.close()
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=name)
