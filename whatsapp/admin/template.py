"""Textos: what people receive, with a preview; the file holds until an administrator writes another."""

from typing import Any

from django.contrib import admin
from django.contrib.messages import success
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from carinho.access.audit_log import Audited
from carinho.console import labels
from carinho.console.actions import not_allowed
from carinho.console.base import ConsoleAdmin, actor, page
from whatsapp import messages, templates
from whatsapp.models import Template

ADMINISTER = "whatsapp.change_template"
LONGEST = 4000  # characters

labels.titles.update((name, templates.title(name)) for name in templates.names())


class WrongText(ValueError):
    """A text that cannot be used; the message is a sentence in Portuguese."""


def checked(name: str, written: str) -> templates.Text:
    """The text, with the variables that the file has and no others. Raises `WrongText`."""
    if not written.strip() or len(written) > LONGEST:
        raise WrongText(_("O texto deve ter de 1 a %d letras.") % LONGEST)
    try:
        parsed = templates.parse(written)
    except ValueError:
        raise WrongText(_("Há chaves {{ }} que não fecham ou não contêm uma variável.")) from None
    unknown = set(templates.variables_of(parsed)) - set(templates.variables_of(templates.text(name)))
    if unknown:
        raise WrongText(_("Esta mensagem não tem a variável: %s.") % ", ".join(sorted(unknown)))
    return parsed


CHANGED = Audited("template.change", _lazy("mudou o texto da mensagem"))


@admin.register(Template)
class TemplateAdmin(ConsoleAdmin):
    def get_urls(self) -> list[URLPattern]:
        return [self.post_path("text/<slug:name>/", self.text_view, "text"), *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        self.must_view(request)
        own = {template.name: template for template in Template.objects.all()}
        rows = [
            {
                "name": name,
                "title": templates.title(name),
                "own": own.get(name),
                "page": reverse("admin:whatsapp_template_text", args=[name]),
                "text": messages.render(messages.sample(name), {name: own[name].text} if name in own else {}),
            }
            for name in templates.names()
        ]
        return page(request, "admin/whatsapp/templates.html", _lazy("Textos"), rows=rows)

    def text_view(self, request: HttpRequest, name: str) -> HttpResponse:
        """Show, preview and change one text."""
        self.must_view(request)
        if name not in templates.names():
            raise Http404
        if request.method == "POST":
            return self._post(request, name)
        own = Template.objects.filter(name=name).first()
        return self._form(request, name, own.text if own else templates.text(name).template)

    @transaction.atomic  # a text and the entry that tells of its change
    def _post(self, request: HttpRequest, name: str) -> HttpResponse:
        if not request.user.has_perm(ADMINISTER):
            raise PermissionDenied
        before = _current(name)
        if "back_to_file" in request.POST:
            Template.objects.filter(name=name).delete()
            return self._saved(request, name, before, _("O texto voltou ao original."))
        written = request.POST.get("text", "").replace("\r\n", "\n")
        try:
            checked(name, written)
        except WrongText as error:
            return self._form(request, name, written, problem=str(error))
        if "preview" in request.POST:
            return self._form(request, name, written)
        values = {"text": written, "changed_by": actor(request)}
        Template.objects.update_or_create(name=name, defaults=values)
        return self._saved(request, name, before, _("Texto guardado: vale para as próximas mensagens."))

    def _saved(self, request: HttpRequest, name: str, before: str, sentence: str) -> HttpResponse:
        CHANGED.record(actor(request), name, {"before": before, "after": _current(name)})
        success(request, sentence)
        return HttpResponseRedirect(reverse("admin:whatsapp_template_text", args=[name]))

    def _form(self, request: HttpRequest, name: str, written: str, problem: str = "") -> HttpResponse:
        sample = messages.sample(name)
        return page(
            request,
            "admin/whatsapp/template.html",
            templates.title(name),
            name=name,
            written=written,
            shown="" if problem else messages.render(sample, {name: written}),
            problem=problem,
            variables=[
                (each, sample.variables[each]) for each in templates.variables_of(templates.text(name))
            ],
            is_own=Template.objects.filter(name=name).exists(),
            barred="" if request.user.has_perm(ADMINISTER) else not_allowed(ADMINISTER),
            back=reverse("admin:whatsapp_template_changelist"),
        )


def _current(name: str) -> str:
    """What goes out now: the text that somebody wrote, or the file's."""
    written = Template.objects.filter(name=name).values_list("text", flat=True).first()
    return written if written is not None else templates.text(name).template
