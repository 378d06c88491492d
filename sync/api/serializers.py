"""Jobs and runs as the API shows them, and what a start may ask for."""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from carinho.api.schema import example
from carinho.api.views import CommandBody
from carinho.masking import mask
from events.api.serializers import shows_people
from sync import labels, status
from sync.models import LogLine, PlannedWrite, RunKind, SyncDifference, SyncFailure, SyncRun

MOST_ROWS = 200  # of each kind, in one run
MOST_CHOSEN = 1000


class AgreementDay(serializers.Serializer[Any]):
    day = serializers.DateField()
    compared = serializers.IntegerField()
    agreeing = serializers.IntegerField()
    percent = serializers.FloatField()


class JobSerializer(serializers.Serializer[status.JobStatus]):
    """A job with its schedule in words and what the dashboard shows of it."""

    name = serializers.CharField()
    title = serializers.CharField()
    purpose = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]
    target = serializers.CharField()
    schedule = serializers.CharField()
    last_run = serializers.DateTimeField(allow_null=True)
    last_status = serializers.ChoiceField(["done", "failed"], allow_null=True)
    last_result = serializers.CharField(allow_null=True)
    is_mended = serializers.BooleanField()  # all that failed in the last run was written since
    last_check = serializers.DateTimeField(allow_null=True)
    check_error = serializers.CharField(allow_blank=True)
    recent_failures = serializers.IntegerField()
    duration_seconds = serializers.IntegerField(allow_null=True)
    next_run = serializers.DateTimeField(allow_null=True)
    schedule_error = serializers.CharField(allow_blank=True)
    late = serializers.BooleanField()
    level = serializers.ChoiceField(["", "warning", "critical"])
    paused = serializers.BooleanField()
    running = serializers.IntegerField(allow_null=True)
    agreement_percent = serializers.FloatField(allow_null=True)
    agreement_days = AgreementDay(many=True)

    def to_representation(self, job_status: status.JobStatus) -> dict[str, Any]:
        job = job_status.job
        return {
            "name": job.name,
            "title": str(job.title),
            "purpose": str(job.purpose),
            "source": job.source.name,
            "target": job.target.name,
            "schedule": labels.schedule(job_status.schedule),
            **job_status.as_json(),
            "agreement_days": self.context["agreement_days"][job.name],
        }


class JobList(serializers.Serializer[Any]):
    data = JobSerializer(many=True)  # type: ignore[assignment]
    next_cursor = serializers.CharField(allow_null=True)


class RunSerializer(serializers.ModelSerializer[SyncRun]):
    """A run. `waiting_for` names the system that it waits for at the moment."""

    job = serializers.CharField(source="job_id")
    duration_seconds = serializers.SerializerMethodField()

    class Meta:
        model = SyncRun
        fields = [
            "id",
            "job",
            "kind",
            "status",
            "author",
            "started_at",
            "finished_at",
            "duration_seconds",
            "read",
            "written",
            "unchanged",
            "failed",
            "processed",
            "waiting_for",
            "waiting_since",
            "takeovers",
            "continues_id",
            "cancelled_by",
            "reason",
        ]

    def get_duration_seconds(self, run: SyncRun) -> int:
        return round(run.duration.total_seconds())


class FailureSerializer(serializers.ModelSerializer[SyncFailure]):
    """A record that failed. Personal data is masked for those who may only read."""

    payload = serializers.SerializerMethodField()

    class Meta:
        model = SyncFailure
        fields = [
            "id",
            "key",
            "status",
            "kind",
            "cause",
            "reason",
            "attempts",
            "created_at",
            "failed_at",
            "payload",
        ]

    def get_payload(self, failure: SyncFailure) -> Any:
        return _shown(self.context, failure.payload)


class DifferenceSerializer(serializers.ModelSerializer[SyncDifference]):
    """A difference. `by_hand` says what a person does; empty for what a start with its id corrects."""

    payload = serializers.SerializerMethodField()
    by_hand = serializers.CharField(read_only=True)

    class Meta:
        model = SyncDifference
        fields = ["id", "key", "kind", "fields", "found_at", "closed_at", "by_hand", "payload"]

    def get_payload(self, difference: SyncDifference) -> Any:
        return _shown(self.context, difference.payload)


class PlannedSerializer(serializers.ModelSerializer[PlannedWrite]):
    """What a dry run would have written."""

    wanted = serializers.SerializerMethodField()

    class Meta:
        model = PlannedWrite
        fields = ["key", "action", "fields", "wanted"]

    def get_wanted(self, planned: PlannedWrite) -> Any:
        return _shown(self.context, planned.wanted)


class LineSerializer(serializers.ModelSerializer[LogLine]):
    text = serializers.SerializerMethodField()

    class Meta:
        model = LogLine
        fields = ["at", "code", "text"]

    def get_text(self, line: LogLine) -> str:
        return labels.sentence(line)


class RunDetailSerializer(RunSerializer):
    """A run with its log and the first rows of what failed, differs or, in a dry run, would be written."""

    log = serializers.SerializerMethodField()
    failures = serializers.SerializerMethodField()
    differences = serializers.SerializerMethodField()
    planned = serializers.SerializerMethodField()

    class Meta(RunSerializer.Meta):
        fields = [*RunSerializer.Meta.fields, "log", "failures", "differences", "planned"]

    def get_log(self, run: SyncRun) -> list[dict[str, Any]]:
        return self._rows(LineSerializer, run.lines.all())

    def get_failures(self, run: SyncRun) -> list[dict[str, Any]]:
        return self._rows(FailureSerializer, run.failures.all())

    def get_differences(self, run: SyncRun) -> list[dict[str, Any]]:
        return self._rows(DifferenceSerializer, run.differences.all())

    def get_planned(self, run: SyncRun) -> list[dict[str, Any]]:
        return self._rows(PlannedSerializer, run.planned.all())

    def _rows(self, kind: Any, rows: QuerySet[Any]) -> list[dict[str, Any]]:
        shown: list[dict[str, Any]] = kind(rows[:MOST_ROWS], many=True, context=self.context).data
        return shown


def _shown(context: Mapping[str, Any], value: Any) -> Any:
    return value if shows_people(context["request"]) else mask(value)


FULL = "full"  # every job there is


@example({"failures": [31, 32]})
class Start(CommandBody):
    """Nothing starts a whole run; `dry_run` only lists, `check` only compares, ids do only those records."""

    dry_run = serializers.BooleanField(default=False)
    check = serializers.BooleanField(default=False)
    failures = serializers.ListField(child=serializers.IntegerField(), default=list, max_length=MOST_CHOSEN)
    differences = serializers.ListField(
        child=serializers.IntegerField(), default=list, max_length=MOST_CHOSEN
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        if sum(bool(value) for value in (attrs["dry_run"], attrs["check"], chosen_in(attrs))) > 1:
            raise serializers.ValidationError({"dry_run": _("Peça uma coisa de cada vez.")})
        return attrs

    @property
    def kind(self) -> RunKind:
        asked = self.validated_data
        if asked["dry_run"]:
            return RunKind.DRY
        if asked["check"]:
            return RunKind.CHECK
        return RunKind.RECORDS if chosen_in(asked) else RunKind.FULL


def chosen_in(asked: dict[str, Any]) -> dict[str, list[int]]:
    return {name: asked[name] for name in ("failures", "differences") if asked[name]}


@example({"type": "crm_operacao"})
class StartType(CommandBody):
    type = serializers.ChoiceField(
        choices=[FULL, "crm_operacao", "operacao_financeiro", "crm_financeiro", "cuidadores_crm"]
    )


class StartedType(serializers.Serializer[Any]):
    message = serializers.CharField()
    type = serializers.CharField()
    run_ids = serializers.ListField(child=serializers.IntegerField())


class Started(serializers.Serializer[Any]):
    message = serializers.CharField()
    job = serializers.CharField()
    run_id = serializers.IntegerField()
