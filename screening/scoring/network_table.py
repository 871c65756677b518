"""THE closed list of networks a bundle may name. Torch-free, so that a bundle can be checked without loading one."""

from __future__ import annotations

from typing import NamedTuple


class NetworkEntry(NamedTuple):
    """programme: whose scorer understands its outputs. module, class_name: in `screening.scoring.networks`."""

    programme: str
    module: str
    class_name: str


NETWORKS: dict[str, NetworkEntry] = {
    "lung-nodule-net": NetworkEntry("lung", "lung", "NoduleNet"),
    "breast-film-net": NetworkEntry("breast", "breast", "BreastNet"),
    "brain-haemorrhage-net": NetworkEntry("brain", "brain", "HaemorrhageNet"),
}
