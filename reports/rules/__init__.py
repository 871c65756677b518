"""Rules as pure functions over plain data: who reads, what must be told, what is due. No Django."""
