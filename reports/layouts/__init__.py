"""How images hang: protocols as data, the department's and each reader's own. Pure: no Django, no models."""

from __future__ import annotations

from reports.layouts.defaults import KINDS, department_protocol, kind_of
from reports.layouts.schema import NO_CURRENT, LayoutError, checked_protocol

__all__ = ["KINDS", "NO_CURRENT", "LayoutError", "checked_protocol", "department_protocol", "kind_of"]
