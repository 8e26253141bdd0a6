"""Inbox, mail and real-time messages."""
