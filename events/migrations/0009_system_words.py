from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0008_refused_probes"),
    ]

    operations = [
        migrations.AlterField(
            model_name="circuitbreaker",
            name="state",
            field=models.CharField(
                choices=[
                    ("closed", "normal"),
                    ("half_open", "testando se voltou"),
                    ("open", "fora do ar"),
                ],
                db_default="closed",
                default="closed",
                max_length=10,
                verbose_name="disjuntor",
            ),
        ),
        migrations.AlterField(
            model_name="circuitbreaker",
            name="opened_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="último teste falhou em"),
        ),
    ]
