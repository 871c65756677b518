"""The networks that bundles name. The list of them is `screening.scoring.network_table.NETWORKS`."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from torch import nn

from screening.scoring.network_table import NETWORKS


def build_network(name: str, **arguments: Any) -> nn.Module:
    """A new network by the name a bundle uses; its `forward` returns a dict of named tensors.

    Raises KeyError for a name that is not in `NETWORKS`: a bundle can name no other code.
    """
    entry = NETWORKS[name]
    network: nn.Module = getattr(import_module(f"{__name__}.{entry.module}"), entry.class_name)(**arguments)
    return network
