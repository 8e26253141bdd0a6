"""Checks on a live deployment that stock, money, orders and events agree."""
