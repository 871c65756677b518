"""Taking everything away to a second place, encrypted, and bringing it back."""
