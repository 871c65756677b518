from reports.models.communication import CommunicationLimit, CommunicationStep, CommunicationTask, Means, StepKind
from reports.models.comparing import LesionMatch, MatchVerdict, UserHangingProtocol
from reports.models.delivery import Delivery, Document, Moment, Target, TargetKind
from reports.models.double_reading import Opinion, ReadingRule, Verdict
from reports.models.follow_up import CloseReason, FollowUp, FollowUpKind, Owner, Recommendation
from reports.models.house_style import DraftStyle
from reports.models.phrases import Phrase
from reports.models.report import TEXTS, Addendum, Meaning, Report, Revision, Signature
from reports.models.retention import RetentionRule
from reports.models.review_rules import ReviewRules

__all__ = [
    "TEXTS",
    "Addendum",
    "CloseReason",
    "CommunicationLimit",
    "CommunicationStep",
    "CommunicationTask",
    "Delivery",
    "Document",
    "DraftStyle",
    "FollowUp",
    "FollowUpKind",
    "LesionMatch",
    "MatchVerdict",
    "Meaning",
    "Means",
    "Moment",
    "Opinion",
    "Phrase",
    "Owner",
    "ReadingRule",
    "Recommendation",
    "Report",
    "RetentionRule",
    "ReviewRules",
    "Revision",
    "Signature",
    "StepKind",
    "Target",
    "TargetKind",
    "UserHangingProtocol",
    "Verdict",
]
