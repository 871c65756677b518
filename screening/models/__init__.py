from screening.models.measuring import FindingDecision, Measurement, RejectReason, Tool
from screening.models.patient import Patient
from screening.models.reading import Reading
from screening.models.registry import ModelActivation, ModelBundle, TriageGrant
from screening.models.scoring import Finding, ScoreRun, TriageBasis
from screening.models.study import IngestProblem, Instance, OrderPriority, Series, Study, Tier

__all__ = [
    "Finding",
    "FindingDecision",
    "IngestProblem",
    "Instance",
    "Measurement",
    "ModelActivation",
    "ModelBundle",
    "OrderPriority",
    "Patient",
    "Reading",
    "RejectReason",
    "ScoreRun",
    "Series",
    "Study",
    "Tier",
    "Tool",
    "TriageBasis",
    "TriageGrant",
]
