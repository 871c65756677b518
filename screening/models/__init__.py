from screening.models.patient import Patient
from screening.models.reading import Reading
from screening.models.registry import ModelActivation, ModelBundle, TriageGrant
from screening.models.scoring import Finding, ScoreRun, TriageBasis
from screening.models.study import IngestProblem, Instance, OrderPriority, Series, Study, Tier

__all__ = [
    "Finding",
    "IngestProblem",
    "Instance",
    "ModelActivation",
    "ModelBundle",
    "OrderPriority",
    "Patient",
    "Reading",
    "ScoreRun",
    "Series",
    "Study",
    "Tier",
    "TriageBasis",
    "TriageGrant",
]
