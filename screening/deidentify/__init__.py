"""Taking a person out of their images: DICOM PS3.15 Annex E, Basic Profile and the options named in `rules`."""
