"""Carts, the checkout saga and orders."""
