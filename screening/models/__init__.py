from screening.models.delivery import SeriesMetadata
from screening.models.emergency import GlassBreak
from screening.models.erasure import Erasure, LegalHold, Scope, Tombstone
from screening.models.exporting import Export, ExportFile, ExportStudy
from screening.models.identity import PatientCorrection, PatientMerge, PatientMove
from screening.models.measuring import FindingDecision, Measurement, RejectReason, Tool
from screening.models.orders import MismatchReason, Order, OrderMessage, OrderMismatch, OrderState, StudyOrder
from screening.models.patient import Patient
from screening.models.reading import Reading
from screening.models.registry import ModelActivation, ModelBundle, TriageGrant
from screening.models.scoring import Finding, ScoreRun, TriageBasis
from screening.models.settings import ProgrammeSetting
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
    "Erasure",
    "Export",
    "ExportFile",
    "ExportStudy",
    "Finding",
    "FindingDecision",
    "GlassBreak",
    "HandOver",
    "IngestProblem",
    "Instance",
    "LegalHold",
    "Measurement",
    "MismatchReason",
    "ModelActivation",
    "ModelBundle",
    "Order",
    "OrderMessage",
    "OrderMismatch",
    "OrderPriority",
    "OrderState",
    "Patient",
    "PatientCorrection",
    "PatientMerge",
    "PatientMove",
    "ProgrammeSetting",
    "Reading",
    "ReadingSession",
    "RejectReason",
    "SavedFilter",
    "Scope",
    "ScoreRun",
    "Series",
    "SeriesMetadata",
    "SessionStudy",
    "Study",
    "StudyNote",
    "StudyOrder",
    "Tier",
    "Tombstone",
    "Tool",
    "TriageBasis",
    "TriageGrant",
]
