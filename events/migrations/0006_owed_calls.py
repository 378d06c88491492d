from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    atomic = False  # an index is built while corrections are written

    dependencies = [
        ("events", "0005_dead_letters_by_status"),
    ]

    operations = [
        migrations.AddField(
            model_name="correction",
            name="may_owe_call",
            field=models.BooleanField(
                db_default=False, default=False, verbose_name="talvez falte ligar"
            ),
        ),
        migrations.AddField(
            model_name="correction",
            name="called_by",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=150, verbose_name="ligou"
            ),
        ),
        migrations.AddField(
            model_name="correction",
            name="called_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="ligou em"),
        ),
        AddIndexConcurrently(
            model_name="correction",
            index=models.Index(
                fields=["event"],
                condition=Q(may_owe_call=True, called_at__isnull=True),
                name="correction_may_owe_call",
            ),
        ),
    ]
