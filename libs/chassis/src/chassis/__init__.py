"""Mechanism that every Soko process shares; no business noun."""
