from django.contrib.postgres.operations import (
    AddConstraintNotValid,
    AddIndexConcurrently,
    ValidateConstraint,
)
from django.db import migrations, models
from django.db.models import Q

ARCHIVED_OR_ACCEPTED = "rejected_request_archived_or_accepted"


class Migration(migrations.Migration):
    atomic = False  # rows are looked at, and an index is built, while others write

    dependencies = [
        ("events", "0002_dead_letter_counts"),
    ]

    operations = [
        migrations.AddField(
            model_name="rejectedrequest",
            name="archived_by",
            field=models.CharField(blank=True, db_default="", max_length=150, verbose_name="arquivado por"),
        ),
        migrations.AddField(
            model_name="rejectedrequest",
            name="archived_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="arquivado em"),
        ),
        migrations.AddField(
            model_name="rejectedrequest",
            name="note",
            field=models.TextField(blank=True, db_default="", verbose_name="motivo do arquivamento"),
        ),
        AddConstraintNotValid(
            model_name="rejectedrequest",
            constraint=models.CheckConstraint(
                condition=Q(archived_by="", archived_at__isnull=True)
                | ~Q(archived_by="") & Q(accepted_by="", archived_at__isnull=False),
                name=ARCHIVED_OR_ACCEPTED,
            ),
        ),
        ValidateConstraint(model_name="rejectedrequest", name=ARCHIVED_OR_ACCEPTED),
        AddIndexConcurrently(
            model_name="attempt",
            index=models.Index("started_at", condition=Q(is_probe=True), name="attempt_probes"),
        ),
    ]
