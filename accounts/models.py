"""Sites, users, their roles, and the audit trail."""

from __future__ import annotations

from typing import Any, NoReturn

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.oidc_models import ExternalIdentity as ExternalIdentity
from accounts.oidc_models import ProviderRole as ProviderRole
from accounts.roles import Role
from accounts.sign_in_models import Counter as Counter
from accounts.sign_in_models import SecondFactor as SecondFactor
from accounts.tokens import Grant
from accounts.tokens_models import ApiToken as ApiToken


class SignWith(models.TextChoices):
    EACH = "each", _("Password at every signing")
    RECENT = "recent", _("Signed in within 15 minutes")


class HoldBack(models.TextChoices):
    """Whether AI marks and drafts wait until a reader has committed a first opinion."""

    PROGRAMME = "programme", _("As the programme says")
    ALWAYS = "always", _("Always")
    NEVER = "never", _("Never")


class Site(models.Model):
    """A hospital, clinic or mobile unit. What one site sent is invisible to another."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=120)
    is_active = models.BooleanField(default=True)
    sign_with = models.CharField(max_length=8, choices=SignWith, default=SignWith.EACH)
    hold_back_ai = models.CharField(max_length=10, choices=HoldBack, default=HoldBack.PROGRAMME)
    # For how long a reader of another site may see a study in an emergency. 0: never.
    break_glass_minutes = models.PositiveSmallIntegerField(default=0)
    second_factor = models.CharField(max_length=16, choices=SecondFactor, default=SecondFactor.NOBODY)
    # Programme → whether its AI is held back here, where the site's settings say: a copy of their newest versions,
    # kept by the service that writes them, so that no list asks for them row by row.
    programme_holds = models.JSONField(default=dict, blank=True, editable=False)

    class Meta:
        ordering = ("name",)
        constraints = (
            models.CheckConstraint(condition=Q(sign_with__in=SignWith.values), name="site_sign_with_known"),
            models.CheckConstraint(condition=Q(hold_back_ai__in=HoldBack.values), name="site_hold_back_known"),
            models.CheckConstraint(condition=Q(second_factor__in=SecondFactor.values), name="site_second_factor_known"),
        )

    def __str__(self) -> str:
        return self.name


class Theme(models.TextChoices):
    """The look of every page."""

    DARK = "dark", _("Dark")
    LIGHT = "light", _("Light")
    SYSTEM = "system", _("As the computer is set")


class TextSize(models.IntegerChoices):
    """Size of all type, in percent of the usual."""

    SMALL = 90, _("Small")
    USUAL = 100, _("Usual")
    LARGE = 115, _("Large")
    LARGEST = 130, _("Very large")


class User(AbstractUser):
    """A person. What they may do comes from memberships alone, never from `is_staff`.

    `keys`: act → keys, where they differ from the table of `accounts.keymap`. `grant`: what the API token they came
    with leaves of their rights; None for a session, which has them all.
    """

    grant: Grant | None = None

    theme = models.CharField(max_length=8, choices=Theme, default=Theme.DARK)
    text_size = models.PositiveSmallIntegerField(choices=TextSize, default=TextSize.USUAL)
    keys = models.JSONField(default=dict, blank=True)

    def __str__(self) -> str:
        return self.get_full_name() or self.username


class Membership(models.Model):
    """One user's role at one site."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("user", "site"), name="membership_one_role_per_site"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="membership_role_known"),
        )

    def __str__(self) -> str:
        return f"{self.get_role_display()} · {self.site}"


class Invitation(models.Model):
    """A link by which a new person chooses their first password, once. Only its digest is kept.

    used_at, withdrawn_at: whichever comes first ends it.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="invitations")
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the token, hex")
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("user",),
                condition=Q(used_at__isnull=True, withdrawn_at__isnull=True),
                name="invitation_one_open",
            ),
            models.CheckConstraint(
                condition=Q(used_at__isnull=True) | Q(withdrawn_at__isnull=True), name="invitation_one_end"
            ),
        )

    def __str__(self) -> str:
        return f"Invitation {self.pk} of user {self.user_id}"


class Verb(models.TextChoices):
    """Every audited act. An event with another verb is refused by the database."""

    SIGNED_IN = "signed_in", _("Signed in")
    SIGNED_OUT = "signed_out", _("Signed out")
    SIGN_IN_FAILED = "sign_in_failed", _("Sign-in failed")
    USER_CREATED = "user_created", _("User created")
    USER_CHANGED = "user_changed", _("User changed")
    USER_DEACTIVATED = "user_deactivated", _("User deactivated")
    USER_INVITED = "user_invited", _("User invited")
    INVITATION_USED = "invitation_used", _("Invitation used")
    INVITATION_WITHDRAWN = "invitation_withdrawn", _("Invitation withdrawn")
    SIGN_INS_ENDED = "sign_ins_ended", _("Sessions of a user ended")
    SESSION_LAPSED = "session_lapsed", _("Session over its time")
    IDENTITY_CONFIRMED = "identity_confirmed", _("Identity confirmed again")
    FACTOR_SET_UP = "factor_set_up", _("Second factor set up")
    FACTOR_USED = "factor_used", _("Second factor used")
    FACTOR_REMOVED = "factor_removed", _("Second factor removed")
    FACTORS_RESET = "factors_reset", _("Second factor reset by an administrator")
    TOKEN_MADE = "token_made", _("API token made")
    TOKEN_REVOKED = "token_revoked", _("API token revoked")
    TOKEN_REFUSED = "token_refused", _("API token refused")
    USERS_EXPORTED = "users_exported", _("List of users exported")
    SITE_CREATED = "site_created", _("Site created")
    SITE_CHANGED = "site_changed", _("Site changed")
    PROGRAMME_SET = "programme_set", _("Programme settings changed")
    RUN_RETRIED = "run_retried", _("Failed run tried again")
    QUEUES_VIEWED = "queues_viewed", _("Queues viewed")
    WORKLIST_VIEWED = "worklist_viewed", _("Worklist viewed")
    PATIENTS_SEARCHED = "patients_searched", _("Patients searched")
    STUDY_OPENED = "study_opened", _("Study opened")
    IMAGES_VIEWED = "images_viewed", _("Images viewed")
    INSTANCE_STORED = "instance_stored", _("Image stored")
    INSTANCE_REJECTED = "instance_rejected", _("Image rejected")
    STUDY_CLOSED = "study_closed", _("Study complete")
    STUDY_SCORED = "study_scored", _("AI result recorded")
    STUDY_CLAIMED = "study_claimed", _("Study claimed")
    STUDY_RELEASED = "study_released", _("Study released")
    STUDY_DEFERRED = "study_deferred", _("Study set aside")
    STUDY_BROUGHT_BACK = "study_brought_back", _("Study brought back")
    STUDY_HANDED_OVER = "study_handed_over", _("Study handed over")
    STUDY_TAKEN_OVER = "study_taken_over", _("Study taken over")
    STUDY_TAKEN_BACK = "study_taken_back", _("Hand-over undone")
    NOTE_WRITTEN = "note_written", _("Note written")
    NOTES_VIEWED = "notes_viewed", _("Notes viewed")
    SESSION_STARTED = "session_started", _("Reading session started")
    SESSION_ENDED = "session_ended", _("Reading session ended")
    STUDY_DEIDENTIFIED = "study_deidentified", _("Study exported without its person")
    EXPORTS_VIEWED = "exports_viewed", _("Exports without persons viewed")
    EXPORT_ASKED = "export_asked", _("Export without persons asked for")
    EXPORT_FETCHED = "export_fetched", _("Export without persons fetched")
    EXPORT_REMOVED = "export_removed", _("Export without persons removed")
    KEY_TABLE_FETCHED = "key_table_fetched", _("Key table of an export fetched")
    GLASS_BROKEN = "glass_broken", _("Study of another site opened in an emergency")
    GLASS_ENDED = "glass_ended", _("Emergency access ended")
    PATIENTS_MERGED = "patients_merged", _("Patients merged")
    MERGE_UNDONE = "merge_undone", _("Merge of patients undone")
    PATIENT_CORRECTED = "patient_corrected", _("Patient corrected")
    ORDER_TAKEN = "order_taken", _("Order taken from another system")
    ORDER_JOINED = "order_joined", _("Study joined with its order")
    ORDER_SETTLED = "order_settled", _("Mismatch of study and order settled")
    ORDERS_VIEWED = "orders_viewed", _("Orders viewed")
    REPORT_VIEWED = "report_viewed", _("Report viewed")
    REPORT_DRAFTED = "report_drafted", _("Report drafted")
    REVIEW_RULES_SET = "review_rules_set", _("Review rules set")
    HOUSE_STYLE_SET = "house_style_set", _("House style set")
    REPORT_SAVED = "report_saved", _("Report saved")
    REPORT_SIGNED = "report_signed", _("Report signed")
    ADDENDUM_SIGNED = "addendum_signed", _("Addendum signed")
    REPORT_AMENDED = "report_amended", _("Report amended")
    REPORT_COSIGNED = "report_cosigned", _("Report cosigned")
    CONTENT_ERASED = "content_erased", _("Content erased on request")
    RETENTION_SET = "retention_set", _("Retention rule set")
    STORE_ENCRYPTED = "store_encrypted", _("Stored images encrypted")
    STORE_KEYS_ROTATED = "store_keys_rotated", _("Keys of stored images rotated")
    LEGAL_HOLD_CHANGED = "legal_hold_changed", _("Legal hold set or lifted")
    LATE_IMAGES_SEEN = "late_images_seen", _("Late images seen")
    REPORT_EXPORTED = "report_exported", _("Report exported")
    TARGET_SAVED = "target_saved", _("Target saved")
    TARGET_TRIED = "target_tried", _("Target tried")
    TARGETS_VIEWED = "targets_viewed", _("Targets viewed")
    DOCUMENT_SENT = "document_sent", _("Document sent")
    DOCUMENT_NOT_SENT = "document_not_sent", _("Document could not be sent")
    DELIVERY_SENT_AGAIN = "delivery_sent_again", _("Document to be sent again")
    DELIVERY_GIVEN_UP = "delivery_given_up", _("Sending given up")
    MEASUREMENT_SAVED = "measurement_saved", _("Measurement saved")
    FINDING_DECIDED = "finding_decided", _("Finding decided")
    FIRST_OPINION = "first_opinion", _("First opinion committed")
    LESION_MATCHED = "lesion_matched", _("Lesion matched with an earlier one")
    LAYOUT_CHANGED = "layout_changed", _("Own layout changed")
    MODEL_INSTALLED = "model_installed", _("Model installed")
    MODEL_ACTIVATED = "model_activated", _("Model activated")
    TRIAGE_GRANTED = "triage_granted", _("Right to move the queue granted")
    TRIAGE_TAKEN = "triage_taken", _("Right to move the queue taken")
    STUDIES_RESCORED = "studies_rescored", _("Studies scored again")
    COMMUNICATION_OPENED = "communication_opened", _("Critical result to communicate")
    COMMUNICATION_RECORDED = "communication_recorded", _("Communication recorded")
    COMMUNICATION_ESCALATED = "communication_escalated", _("Late communication escalated")
    TIME_LIMITS_SET = "time_limits_set", _("Time limits set")
    FOLLOW_UP_OPENED = "follow_up_opened", _("Follow-up due")
    FOLLOW_UP_CLOSED = "follow_up_closed", _("Follow-up closed")
    OPINION_GIVEN = "opinion_given", _("Opinion given")
    READING_RULE_TRIED = "reading_rule_tried", _("Reading rule tried")
    READING_RULE_SET = "reading_rule_set", _("Reading rule set")
    TASKS_VIEWED = "tasks_viewed", _("Open tasks viewed")
    AUDIT_VIEWED = "audit_viewed", _("Audit trail viewed")
    ACCESS_DENIED = "access_denied", _("Access denied")


class AuditEvent(models.Model):
    """One look, change, signature or refused try. Rows are added and never changed or removed.

    Foreign keys carry no constraint and the names are copied, so history outlives its objects.
    """

    at = models.DateTimeField(db_index=True)
    verb = models.CharField(max_length=24, choices=Verb)
    outcome = models.CharField(max_length=8, choices=[("ok", _("done")), ("denied", _("denied"))], default="ok")
    actor = models.ForeignKey(User, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")
    actor_name = models.CharField(max_length=150, blank=True)
    site = models.ForeignKey(Site, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")
    object_type = models.CharField(max_length=32, blank=True)
    object_id = models.CharField(max_length=128, blank=True)
    detail = models.JSONField(default=dict)
    address = models.GenericIPAddressField(null=True)
    request_id = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ("-id",)
        constraints = (models.CheckConstraint(condition=Q(verb__in=Verb.values), name="auditevent_verb_known"),)

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.verb} {self.object_type} {self.object_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise TypeError("An audit event is never changed.")
        super().save(*args, **kwargs)

    def delete(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise TypeError("An audit event is never removed.")


class AuditSeal(models.Model):
    """One batch of audit events, sealed with a key that the database does not hold. Added, never changed.

    rows: [event number, HMAC]; gaps: [event number, first missed at], passed over and perhaps still to come.
    """

    number = models.PositiveIntegerField(unique=True)
    at = models.DateTimeField()
    rows = models.JSONField()
    gaps = models.JSONField(default=list)
    last_event = models.BigIntegerField()
    previous = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)

    class Meta:
        ordering = ("number",)

    def __str__(self) -> str:
        return f"{self.number} {self.digest[:8]}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise TypeError("A seal is never changed.")
        super().save(*args, **kwargs)

    def delete(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise TypeError("A seal is never removed.")
