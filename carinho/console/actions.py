"""What an operator may do to rows: asked once, checked on the server, reported in the end.

An action is offered as an action of the list and as a button on a row's page. Both lead to the same
POST, which carries the ids as they stood when the operator was asked.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.contrib.admin import action as admin_action
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import URLPattern, reverse
from django.utils.functional import cached_property
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST
from unfold.admin import checkbox

from carinho.access.roles import is_for_operators
from carinho.console.base import ConsoleAdmin, actor, ids_in, list_of, next_page, page, posted

NOT_ALLOWED = _lazy("Seu papel permite ver, mas não fazer isto. Peça a quem é Operador.")
ONLY_ADMINISTRATORS = _lazy("Seu papel permite ver, mas não fazer isto. Peça a quem é Administrador.")
PLACE = "{row}"  # where the number of a row stands in its checkbox
MOST_NAMED = 20
MOST_AT_ONCE = 10_000  # rows of one action


@dataclass(frozen=True)
class Action:
    """One thing to do: its labels for one and for many, what follows from it, and the function that does it.

    `run` takes the ids, the actor and the reason, and returns the ids it moved. Where more is asked than a
    reason, `form` is the template of the fields, and the list's own `act` reads them.
    """

    name: str
    title: Any
    button: Any  # both by ngettext_lazy on "count", unless there is never more than one
    done: Any  # empty where what was done has a page of its own
    effect: Any
    permission: str
    run: Callable[[Sequence[Any], str, str], Sequence[Any]] = lambda _ids, _actor, _reason: []
    icon: str = "send"
    asks_reason: bool = False
    form: str = ""
    is_sent_by_form: bool = False  # the form's own buttons, each an answer, send it
    is_main: bool = False  # what one mostly wants to do: its button stands out
    undo: "Action | None" = None  # offered beside the report
    refused: Any = ""  # what is said when nothing was moved, if there is more to say than that

    def says(self, count: int) -> str:
        """The button's label for so many rows: "Reenviar 12 entregas"."""
        return self.button % {"count": count}

    def reports(self, count: int) -> str:
        return self.done % {"count": count}


def rotation(
    title: Any, confirm: Any, effect: Any, *, overlap: timedelta, permission: str, is_main: bool = True
) -> Action:
    """A new secret, shown once on its own page; `effect` says for how many `{days}` the old one is good."""
    return Action(
        name="rotate",
        title=title,
        button=confirm,
        done="",
        effect=format_lazy(effect, days=overlap.days),
        permission=permission,
        icon="autorenew",
        is_main=is_main,
    )


class ActionAdmin(ConsoleAdmin):
    """A list whose rows can be acted on by `actions`."""

    row_actions: tuple[Action, ...] = ()

    def actions_for(self, request: HttpRequest) -> tuple[Action, ...]:
        """The actions that make sense for the list as it is filtered now."""
        return self.row_actions

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        allowed = [action for action in self.actions_for(request) if request.user.has_perm(action.permission)]
        return {action.name: (_ask(action), action.name, action.title) for action in allowed}

    def get_urls(self) -> list[URLPattern]:
        own = [
            self.post_path(f"{action.name}/", self._do(action), action.name) for action in self.row_actions
        ]
        return own + super().get_urls()

    @cached_property
    def _checkbox(self) -> list[str]:
        return checkbox.render(ACTION_CHECKBOX_NAME, PLACE).split(PLACE)

    def action_checkbox(self, obj: Model) -> SafeString:
        """The theme's, rendered once: a template for each row is a tenth of what a list takes."""
        return SafeString(escape(obj.pk).join(self._checkbox))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        actions = self.actions_for(request)
        barred = [action for action in actions if not request.user.has_perm(action.permission)]
        sentence = not_allowed(barred[0].permission) if barred else ""
        context = {"row_actions": actions, "barred": barred, "not_allowed": sentence}
        return super().changelist_view(request, context | (extra_context or {}))

    def buttons(self, request: HttpRequest, names: Sequence[str], ids: Any = "") -> list[dict[str, Any]]:
        """The buttons of one row's page: all are shown, those the role may not press say why."""
        return [
            button(request, action, self.address_of(action), ids)
            for action in self.row_actions
            if action.name in names
        ]

    def buttons_of(self, request: HttpRequest, names: Sequence[str], key: Any) -> list[dict[str, Any]]:
        """The same on a page with several rows: each question names its row."""
        return [button | {"of": self.name_of(key)} for button in self.buttons(request, names, key)]

    def address_of(self, action: Action) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{action.name}")

    def _do(self, action: Action) -> Callable[[HttpRequest], HttpResponse]:
        @require_POST
        def view(request: HttpRequest) -> HttpResponse:
            if not request.user.has_perm(action.permission):
                raise PermissionDenied
            ids = self.read_ids(request.POST.get("ids", ""))
            if _are_few(request, len(ids)):
                moved = self.act(request, action, ids)
                if isinstance(moved, HttpResponse):
                    return moved
                if moved is not None:
                    self._report(request, action, ids, moved)
            return HttpResponseRedirect(next_page(request, list_of(self.model)))

        return view

    def act(
        self, request: HttpRequest, action: Action, ids: Sequence[Any]
    ) -> Sequence[Any] | HttpResponse | None:
        """Do it, and return what was moved; None when a message says already why nothing was.

        Or the response, where what was done has a page of its own.
        """
        return action.run(ids, actor(request), posted(request, "reason"))

    def read_ids(self, text: str) -> list[Any]:
        """The ids that the form carries, divided by commas."""
        return ids_in(text.split(","))

    def name_of(self, key: Any) -> str:
        return f"#{key}"

    def _report(self, request: HttpRequest, action: Action, ids: Sequence[Any], moved: Sequence[Any]) -> None:
        if moved:
            text = action.reports(len(moved))
            onward = next_page(request, list_of(self.model))
            messages.success(
                request, self.undoable(request, text, action.undo, moved, onward) if action.undo else text
            )
        left = sorted(set(ids) - set(moved))
        if action.refused and not moved:
            messages.error(request, action.refused)
        elif left or not moved:
            named = [self.name_of(key) for key in left[:MOST_NAMED]]
            messages.warning(request, _left_sentence(named, len(left)))

    def undoable(
        self, request: HttpRequest, text: str, undo: Action, ids: Sequence[Any], onward: str
    ) -> SafeString:
        """A report with the button that undoes it; then `onward` is shown."""
        given = {
            "text": text,
            "address": self.address_of(undo),
            "ids": ",".join(map(str, ids)),
            "next": onward,
        }
        return render_to_string("admin/undo.html", given, request=request)

    def question_context(self, action: Action, ids: Sequence[Any]) -> dict[str, Any]:
        """What the page that asks shows of these rows; its `title` and `ids` where not all can be moved."""
        return {}


def not_allowed(permission: str) -> Any:
    """What is said to a person without this permission: whom to ask."""
    return NOT_ALLOWED if is_for_operators(permission) else ONLY_ADMINISTRATORS


def button(request: HttpRequest, action: Action, address: str, ids: Any = "") -> dict[str, Any]:
    """What admin/buttons.html shows of an action that is posted to this address."""
    return {
        "ids": ids,
        "action": action,
        "text": action.title,
        "sure": action.says(1),
        "address": address,
        "barred": "" if request.user.has_perm(action.permission) else not_allowed(action.permission),
        "is_main": action.is_main,
    }


def _are_few(request: HttpRequest, count: int) -> bool:
    """Whether one action may move so many; adds a message where it may not."""
    if count > MOST_AT_ONCE:
        sentence = _("De uma vez, no máximo %(most)d. Use os filtros e faça em partes.")
        messages.error(request, sentence % {"most": MOST_AT_ONCE})
    return count <= MOST_AT_ONCE


def _ask(action: Action) -> Callable[[ActionAdmin, HttpRequest, QuerySet], HttpResponse]:
    @admin_action(description=action.title)
    def ask(admin: ActionAdmin, request: HttpRequest, queryset: QuerySet) -> HttpResponse:
        ids = sorted(queryset.order_by().values_list("pk", flat=True)[: MOST_AT_ONCE + 1])
        if not _are_few(request, len(ids)):
            return HttpResponseRedirect(request.get_full_path())
        shown = posted(request, "shown") if posted(request, "select_across") == "1" else ""
        context = {
            "opts": admin.opts,
            "title": action.says(len(ids)),
            "action": action,
            "ids": ",".join(map(str, ids)),
            "address": admin.address_of(action),
            "next": request.get_full_path(),
            "changed": _changed_since(shown, len(ids)),
            **admin.question_context(action, ids),
        }
        return page(request, "admin/question.html", **context)

    return ask


def _changed_since(shown: str, count: int) -> str:
    """Where the list, or a button for all its rows, said how many, that it is not so many any more."""
    if not (shown.isdecimal() and len(shown) < 10) or int(shown) == count:
        return ""
    now = ngettext("Agora é %d", "Agora são %d", count) % count
    then = ngettext("era %d", "eram %d", int(shown)) % int(shown)
    gone = _(": o que falta já saiu ou foi tratado") if int(shown) > count else ""
    return _("%(now)s; quando a página foi aberta, %(then)s%(gone)s.") % {
        "now": now,
        "then": then,
        "gone": gone,
    }


def _left_sentence(names: Sequence[str], count: int) -> str:
    """`names` are those of the first of `count` rows that were left."""
    if not count:
        return _("Nada foi escolhido.")
    return ngettext(
        "1 item ficou como estava: alguém ou o próprio sistema já o tinha movido: %(named)s",
        "%(count)d itens ficaram como estavam: alguém ou o próprio sistema já os tinha movido: %(named)s",
        count,
    ) % {"count": count, "named": ", ".join(names) + (" …" if count > len(names) else "")}
