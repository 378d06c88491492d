"""Each recipient of a notice has a row of its own, which fails, is sent again or is discarded by itself."""

from django.db import migrations, models


SENT = "UPDATE monitoring_notice SET status = 'sent' WHERE sent_at IS NOT NULL"


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0002_report_claimed")]

    operations = [
        migrations.AlterModelOptions(
            name="notice",
            options={
                "ordering": ["-id"],
                "verbose_name": "aviso ao plantão",
                "verbose_name_plural": "avisos ao plantão",
            },
        ),
        migrations.RemoveIndex(model_name="notice", name="notice_to_send"),
        migrations.AddField("notice", "recipient", models.CharField(blank=True, default="", max_length=254, verbose_name="para"), False),
        migrations.AddField("notice", "due_at", models.DateTimeField(blank=True, null=True, verbose_name="próxima tentativa")),
        migrations.AddField("notice", "status", models.CharField(default="failed", max_length=10)),
        migrations.RunSQL(SENT, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="notice",
            name="status",
            field=models.CharField(choices=[("queued", "a enviar"), ("sent", "enviado"), ("failed", "não saiu"), ("discarded", "descartado")], default="queued", max_length=10, verbose_name="situação"),
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(condition=models.Q(("status", "queued")), fields=["due_at"], name="notice_due"),
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(condition=models.Q(("status", "failed")), fields=["channel"], name="notice_failed"),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.CheckConstraint(condition=models.Q(("status", "queued"), ("due_at__isnull", True), _connector="XOR"), name="notice_due_while_queued"),
        ),
    ]
