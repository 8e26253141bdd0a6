"""Request bodies: strict models of what clients may send."""
