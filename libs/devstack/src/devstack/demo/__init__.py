"""The demo shop that ``soko up`` loads once."""

from devstack.demo.loader import DemoError, demo_password, load

__all__ = ["DemoError", "demo_password", "load"]
