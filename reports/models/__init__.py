from reports.models.communication import CommunicationLimit, CommunicationStep, CommunicationTask, Means, StepKind
from reports.models.comparing import LesionMatch, MatchVerdict, UserHangingProtocol
from reports.models.double_reading import Opinion, ReadingRule, Verdict
from reports.models.follow_up import CloseReason, FollowUp, FollowUpKind, Owner, Recommendation
from reports.models.report import Addendum, Meaning, Report, Revision, Signature

__all__ = [
    "Addendum",
    "CloseReason",
    "CommunicationLimit",
    "CommunicationStep",
    "CommunicationTask",
    "FollowUp",
    "FollowUpKind",
    "LesionMatch",
    "MatchVerdict",
    "Meaning",
    "Means",
    "Opinion",
    "Owner",
    "ReadingRule",
    "Recommendation",
    "Report",
    "Revision",
    "Signature",
    "StepKind",
    "UserHangingProtocol",
    "Verdict",
]
