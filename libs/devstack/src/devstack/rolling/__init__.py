"""A rolling upgrade and its way back, under load: two versions of everything side by side."""
