"""A bank of drafts that the guard must refuse, and of true ones beside them; see README.md. Frozen."""
