from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
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
        migrations.AddConstraint(
            model_name="rejectedrequest",
            constraint=models.CheckConstraint(
                condition=Q(archived_by="", archived_at__isnull=True)
                | ~Q(archived_by="") & Q(accepted_by="", archived_at__isnull=False),
                name="rejected_request_archived_or_accepted",
            ),
        ),
    ]
