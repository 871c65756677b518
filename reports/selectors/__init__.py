from reports.selectors.report import TextState, report_document, report_for, report_json, text_state
from reports.selectors.room import room, room_state

__all__ = ["TextState", "report_document", "report_for", "report_json", "room", "room_state", "text_state"]
