import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="SavedView",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("page", models.CharField(max_length=80, verbose_name="lista")),
                ("name", models.CharField(max_length=40, verbose_name="nome")),
                ("query", models.CharField(max_length=1000, verbose_name="filtros")),
                (
                    "is_shared",
                    models.BooleanField(db_default=False, default=False, verbose_name="para todos"),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="guardada em"
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="saved_views",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "visão guardada",
                "verbose_name_plural": "visões guardadas",
                "ordering": ["name"],
                "constraints": [
                    models.UniqueConstraint(fields=("page", "owner", "name"), name="saved_view_once_per_name")
                ],
            },
        ),
    ]
