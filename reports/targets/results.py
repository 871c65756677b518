"""What became of one try to send."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Accepted:
    """The other side has taken responsibility. note: what it said beside that, a code without patients' data, or ""."""

    note: str = ""


class NotSent(Exception):
    """It was not taken. code: why, for the edge to put into words. detail: a status or code of the protocol, never text
    that the other side wrote, for that may name a patient.

    final: the same bytes would be refused again. unreachable: nothing that goes there would get through now.
    stored: ids of the objects that were taken all the same. after_s: how long the other side asks one to wait.
    """

    def __init__(
        self,
        code: str,
        detail: str = "",
        *,
        final: bool = False,
        unreachable: bool = False,
        stored: tuple[str, ...] = (),
        after_s: float = 0.0,
    ) -> None:
        super().__init__(f"{code} {detail}".strip())
        self.code = code
        self.detail = detail
        self.final = final
        self.unreachable = unreachable
        self.stored = stored
        self.after_s = after_s
