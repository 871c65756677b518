"""Why a file is not taken."""

from __future__ import annotations


class IngestError(Exception):
    """`code` for programs, `sentence` for the technologist, free of patients' data.

    study_uid, sop_uid: where known and valid, else "".
    """

    def __init__(self, code: str, sentence: str, study_uid: str = "", sop_uid: str = "") -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.study_uid = study_uid
        self.sop_uid = sop_uid

    def about(self, study_uid: str, sop_uid: str) -> IngestError:
        """The same error, naming the image."""
        return IngestError(self.code, self.sentence, study_uid, sop_uid)
