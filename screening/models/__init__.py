from screening.models.delivery import SeriesMetadata
from screening.models.measuring import FindingDecision, Measurement, RejectReason, Tool
from screening.models.patient import Patient
from screening.models.reading import Reading
from screening.models.registry import ModelActivation, ModelBundle, TriageGrant
from screening.models.scoring import Finding, ScoreRun, TriageBasis
from screening.models.study import IngestProblem, Instance, OrderPriority, Series, Study, Tier
from screening.models.worklist import (
    Deferral,
    DeferReason,
    HandOver,
    ReadingSession,
    SavedFilter,
    SessionStudy,
    StudyNote,
)

__all__ = [
    "DeferReason",
    "Deferral",
    "Finding",
    "FindingDecision",
    "HandOver",
    "IngestProblem",
    "Instance",
    "Measurement",
    "ModelActivation",
    "ModelBundle",
    "OrderPriority",
    "Patient",
    "Reading",
    "ReadingSession",
    "RejectReason",
    "SavedFilter",
    "ScoreRun",
    "Series",
    "SeriesMetadata",
    "SessionStudy",
    "Study",
    "StudyNote",
    "Tier",
    "Tool",
    "TriageBasis",
    "TriageGrant",
]
