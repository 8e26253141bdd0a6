"""The yardstick: an empty FastAPI route, served by one uvicorn worker on the same machine."""

from fastapi import FastAPI

app = FastAPI(openapi_url=None)


@app.get("/")
async def empty() -> dict[str, bool]:
    """Answer the least that a route can."""
    return {"ok": True}
