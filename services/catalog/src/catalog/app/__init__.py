"""What the catalog does, one use case per file."""
