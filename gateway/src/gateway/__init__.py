"""The REST and WebSocket door of Soko."""
