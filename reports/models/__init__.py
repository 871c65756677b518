from reports.models.report import Addendum, Meaning, Report, Revision, Signature

__all__ = ["Addendum", "Meaning", "Report", "Revision", "Signature"]
