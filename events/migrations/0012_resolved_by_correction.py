from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('events', '0011_group_state_word'),
    ]

    operations = [
        migrations.AlterField(
            model_name='failuregroup',
            name='resolved_with',
            field=models.CharField(blank=True, choices=[('retry', 'Reenviar'), ('correct', 'Corrigir e reenviar'), ('archive', 'Arquivar'), ('itself', 'sem a ação de ninguém'), ('superseded', 'eventos mais novos, que fizeram o mesmo'), ('other_cause', 'falharam de novo por outra causa')], db_default='', max_length=12, verbose_name='resolvido com'),
        ),
    ]
