"""Why something could not be sent, in words. The keys are the codes of `reports.targets.results.NotSent`."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

REASONS = {
    "not_allowed": gettext_lazy("The address is not on the list of those that this installation may speak to."),
    "bad_address": gettext_lazy("The address cannot be read."),
    "unknown_host": gettext_lazy("The name of the host is not known."),
    "no_connection": gettext_lazy("Nobody answers at this address."),
    "bad_certificate": gettext_lazy("The certificate is not trusted, or is for another name."),
    "no_tls": gettext_lazy("No secure connection could be made."),
    "no_answer": gettext_lazy("There was no answer in time, or the connection was cut."),
    "cut_off": gettext_lazy("The answer was cut off."),
    "answer_too_long": gettext_lazy("The answer was too long."),
    "no_frame": gettext_lazy("The answer was not framed as MLLP asks."),
    "no_acknowledgement": gettext_lazy("The answer was no acknowledgement."),
    "other_message": gettext_lazy("The acknowledgement was for another message."),
    "unframeable": gettext_lazy("The message holds signs that would end it."),
    "refused": gettext_lazy("The receiver refused the message."),
    "redirected": gettext_lazy("The server sends us elsewhere; that is not followed."),
    "not_signed_in": gettext_lazy("The server does not accept our secret."),
    "web_status": gettext_lazy("The server answered with an error."),
    "stow_unclear": gettext_lazy("The server did not take everything, and does not say what."),
    "no_fhir": gettext_lazy("This is no FHIR server."),
    "dicom_status": gettext_lazy("The archive did not store it."),
    "association_rejected": gettext_lazy("The archive rejects the association: does it know our AE title?"),
    "no_secret": gettext_lazy("The secret cannot be read."),
    "lost": gettext_lazy("The worker that sent it was lost each time."),
    "unsigned": gettext_lazy("No signed report is there any more."),
    "no_images": gettext_lazy("The images of this study are no longer stored, and this format needs them."),
    "image_gone": gettext_lazy("An image that a finding lies on is no longer stored, and this format needs it."),
    "odd_geometry": gettext_lazy("The images do not lie in a way that this format can describe."),
    "mail_off": gettext_lazy("No mail server is named in the settings."),
    "no_mail": gettext_lazy("The mail server does not take the message."),
    "mail_refused": gettext_lazy("The mail server knows none of the addresses."),
}


def reason_words(code: str, detail: str = "") -> str:
    """One sentence, and the code of the protocol where there is one."""
    words = str(REASONS.get(code, _("It could not be sent.")))
    return f"{words} ({detail})" if detail else words
