"""Protobuf messages as the dictionaries that clients get."""
