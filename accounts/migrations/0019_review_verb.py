"""The verb of a site that weighs the rules of the review for itself."""

from django.db import migrations, models


ACTS = ("UPDATE", "DELETE")


def without_triggers(apps, schema_editor):
    """SQLite changes a constraint by making the table anew, which takes the table's triggers with it."""
    if schema_editor.connection.vendor == "sqlite":
        for act in ACTS:
            schema_editor.execute(f"DROP TRIGGER accounts_auditevent_no_{act.lower()}")


def with_triggers(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        for act in ACTS:
            schema_editor.execute(
                f"""CREATE TRIGGER accounts_auditevent_no_{act.lower()} BEFORE {act} ON accounts_auditevent
                BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END"""
            )


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0018_order_verbs'),
    ]

    operations = [
        migrations.RunPython(without_triggers, with_triggers),
        migrations.RemoveConstraint(
            model_name='auditevent',
            name='auditevent_verb_known',
        ),
        migrations.AlterField(
            model_name='auditevent',
            name='verb',
            field=models.CharField(choices=[('signed_in', 'Signed in'), ('signed_out', 'Signed out'), ('sign_in_failed', 'Sign-in failed'), ('user_created', 'User created'), ('user_changed', 'User changed'), ('user_deactivated', 'User deactivated'), ('user_invited', 'User invited'), ('invitation_used', 'Invitation used'), ('invitation_withdrawn', 'Invitation withdrawn'), ('sign_ins_ended', 'Sessions of a user ended'), ('session_lapsed', 'Session over its time'), ('identity_confirmed', 'Identity confirmed again'), ('factor_set_up', 'Second factor set up'), ('factor_used', 'Second factor used'), ('factor_removed', 'Second factor removed'), ('factors_reset', 'Second factor reset by an administrator'), ('token_made', 'API token made'), ('token_revoked', 'API token revoked'), ('token_refused', 'API token refused'), ('users_exported', 'List of users exported'), ('site_created', 'Site created'), ('site_changed', 'Site changed'), ('programme_set', 'Programme settings changed'), ('run_retried', 'Failed run tried again'), ('queues_viewed', 'Queues viewed'), ('worklist_viewed', 'Worklist viewed'), ('patients_searched', 'Patients searched'), ('study_opened', 'Study opened'), ('images_viewed', 'Images viewed'), ('instance_stored', 'Image stored'), ('instance_rejected', 'Image rejected'), ('study_closed', 'Study complete'), ('study_scored', 'AI result recorded'), ('study_claimed', 'Study claimed'), ('study_released', 'Study released'), ('study_deferred', 'Study set aside'), ('study_brought_back', 'Study brought back'), ('study_handed_over', 'Study handed over'), ('study_taken_over', 'Study taken over'), ('study_taken_back', 'Hand-over undone'), ('note_written', 'Note written'), ('notes_viewed', 'Notes viewed'), ('session_started', 'Reading session started'), ('session_ended', 'Reading session ended'), ('study_deidentified', 'Study exported without its person'), ('exports_viewed', 'Exports without persons viewed'), ('export_asked', 'Export without persons asked for'), ('export_fetched', 'Export without persons fetched'), ('export_removed', 'Export without persons removed'), ('key_table_fetched', 'Key table of an export fetched'), ('glass_broken', 'Study of another site opened in an emergency'), ('glass_ended', 'Emergency access ended'), ('patients_merged', 'Patients merged'), ('merge_undone', 'Merge of patients undone'), ('patient_corrected', 'Patient corrected'), ('order_taken', 'Order taken from another system'), ('order_joined', 'Study joined with its order'), ('order_settled', 'Mismatch of study and order settled'), ('orders_viewed', 'Orders viewed'), ('report_viewed', 'Report viewed'), ('report_drafted', 'Report drafted'), ('review_rules_set', 'Review rules set'), ('house_style_set', 'House style set'), ('report_saved', 'Report saved'), ('report_signed', 'Report signed'), ('addendum_signed', 'Addendum signed'), ('report_amended', 'Report amended'), ('report_cosigned', 'Report cosigned'), ('content_erased', 'Content erased on request'), ('retention_set', 'Retention rule set'), ('store_encrypted', 'Stored images encrypted'), ('store_keys_rotated', 'Keys of stored images rotated'), ('legal_hold_changed', 'Legal hold set or lifted'), ('late_images_seen', 'Late images seen'), ('report_exported', 'Report exported'), ('target_saved', 'Target saved'), ('target_tried', 'Target tried'), ('targets_viewed', 'Targets viewed'), ('document_sent', 'Document sent'), ('document_not_sent', 'Document could not be sent'), ('delivery_sent_again', 'Document to be sent again'), ('delivery_given_up', 'Sending given up'), ('measurement_saved', 'Measurement saved'), ('finding_decided', 'Finding decided'), ('first_opinion', 'First opinion committed'), ('lesion_matched', 'Lesion matched with an earlier one'), ('layout_changed', 'Own layout changed'), ('model_installed', 'Model installed'), ('model_activated', 'Model activated'), ('triage_granted', 'Right to move the queue granted'), ('triage_taken', 'Right to move the queue taken'), ('studies_rescored', 'Studies scored again'), ('communication_opened', 'Critical result to communicate'), ('communication_recorded', 'Communication recorded'), ('communication_escalated', 'Late communication escalated'), ('time_limits_set', 'Time limits set'), ('follow_up_opened', 'Follow-up due'), ('follow_up_closed', 'Follow-up closed'), ('opinion_given', 'Opinion given'), ('reading_rule_tried', 'Reading rule tried'), ('reading_rule_set', 'Reading rule set'), ('tasks_viewed', 'Open tasks viewed'), ('audit_viewed', 'Audit trail viewed'), ('access_denied', 'Access denied')], max_length=24),
        ),
        migrations.AddConstraint(
            model_name='auditevent',
            constraint=models.CheckConstraint(condition=models.Q(('verb__in', ['signed_in', 'signed_out', 'sign_in_failed', 'user_created', 'user_changed', 'user_deactivated', 'user_invited', 'invitation_used', 'invitation_withdrawn', 'sign_ins_ended', 'session_lapsed', 'identity_confirmed', 'factor_set_up', 'factor_used', 'factor_removed', 'factors_reset', 'token_made', 'token_revoked', 'token_refused', 'users_exported', 'site_created', 'site_changed', 'programme_set', 'run_retried', 'queues_viewed', 'worklist_viewed', 'patients_searched', 'study_opened', 'images_viewed', 'instance_stored', 'instance_rejected', 'study_closed', 'study_scored', 'study_claimed', 'study_released', 'study_deferred', 'study_brought_back', 'study_handed_over', 'study_taken_over', 'study_taken_back', 'note_written', 'notes_viewed', 'session_started', 'session_ended', 'study_deidentified', 'exports_viewed', 'export_asked', 'export_fetched', 'export_removed', 'key_table_fetched', 'glass_broken', 'glass_ended', 'patients_merged', 'merge_undone', 'patient_corrected', 'order_taken', 'order_joined', 'order_settled', 'orders_viewed', 'report_viewed', 'report_drafted', 'review_rules_set', 'house_style_set', 'report_saved', 'report_signed', 'addendum_signed', 'report_amended', 'report_cosigned', 'content_erased', 'retention_set', 'store_encrypted', 'store_keys_rotated', 'legal_hold_changed', 'late_images_seen', 'report_exported', 'target_saved', 'target_tried', 'targets_viewed', 'document_sent', 'document_not_sent', 'delivery_sent_again', 'delivery_given_up', 'measurement_saved', 'finding_decided', 'first_opinion', 'lesion_matched', 'layout_changed', 'model_installed', 'model_activated', 'triage_granted', 'triage_taken', 'studies_rescored', 'communication_opened', 'communication_recorded', 'communication_escalated', 'time_limits_set', 'follow_up_opened', 'follow_up_closed', 'opinion_given', 'reading_rule_tried', 'reading_rule_set', 'tasks_viewed', 'audit_viewed', 'access_denied'])), name='auditevent_verb_known'),
        ),
        migrations.RunPython(with_triggers, without_triggers),
    ]
