"""Health, figures and pages."""

import re

import pytest

from chassis.errors import forbidden, not_found
from devstack.testing import eventually
from soko.audit.v1 import report_pb2

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def state(running):
    answer = await running.client.get("/readyz")
    return answer.status_code, answer.json()["status"], answer.json()["checks"]


async def becomes(running, status_code, status):
    async def so():
        return (await state(running))[:2] == (status_code, status)

    await eventually(so, timeout_s=8)
    return (await state(running))[2]


async def test_a_process_that_lives_says_so(running):
    assert (await running.client.get("/livez")).json() == {"status": "ok"}


@pytest.mark.parametrize("path", ["/livez", "/", "/v1/products", "/v1/nowhere"])
async def test_a_head_is_a_get_without_its_body(running, path):
    got = await running.client.get(path, headers={"Accept-Encoding": "identity"})
    asked = await running.client.head(path, headers={"Accept-Encoding": "identity"})
    assert (asked.status_code, asked.content) == (got.status_code, b"")
    assert asked.headers["Content-Type"] == got.headers["Content-Type"]
    assert asked.headers.get_list("X-Content-Type-Options") == ["nosniff"]


async def test_readiness_names_what_is_away(running):
    checks = await becomes(running, 200, "ready")
    assert set(checks) == {
        "identity",
        "catalog",
        "orders",
        "payments",
        "notifications",
        "broker",
    }
    assert all(check == {"ok": True} for check in checks.values())
    await running.services.stop("catalog")
    try:
        checks = await becomes(running, 200, "degraded")
        assert checks["catalog"] == {"ok": False, "detail": "away"}
        assert checks["orders"] == {"ok": True}
    finally:
        await running.services.start("catalog")
    await becomes(running, 200, "ready")


async def test_a_gateway_with_nothing_behind_it_is_not_ready(
    services, issuer, start_gateway, make_settings, nats_url
):
    targets = {f"{name}_target": "unix:/nowhere" for name in services.servers}
    nats = "nats://127.0.0.1:1"
    settings = make_settings(services, nats, **targets)
    async for running in start_gateway(settings, services, issuer):
        assert (await state(running))[:2] == (503, "starting")
        running.gateway.readiness.started()
        await becomes(running, 503, "degraded")
        running.gateway.draining()
        await becomes(running, 503, "draining")
        answer = await running.client.get("/livez")
        assert answer.status_code == 200
        assert answer.headers["Connection"] == "close"


async def counted(running, route):
    text = (await running.client.get("/metrics")).text
    found = re.search(
        rf'soko_http_requests_total{{method="GET",route="{re.escape(route)}",status="200"}} (\S+)',
        text,
    )
    return float(found[1]) if found else 0.0


async def test_figures_are_counted_by_route(running):
    before = await counted(running, "/v1/sellers/{id_or_slug}")
    await running.client.get("/v1/sellers/one")
    await running.client.get("/v1/sellers/two")
    await running.client.get("/v1/nowhere")
    assert await counted(running, "/v1/sellers/{id_or_slug}") == before + 2
    text = (await running.client.get("/metrics")).text
    assert 'route="unknown",status="404"' in text
    assert "/v1/sellers/one" not in text


@pytest.mark.parametrize("path", ["/", "/docs", "/redoc"])
async def test_pages_load_nothing_from_elsewhere(running, path):
    page = await running.client.get(path)
    assert page.status_code == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert "<script>" not in page.text
    assert "style=" not in page.text
    links = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert links
    for link in links:
        assert link.startswith("/")
        assert (await running.client.get(link)).status_code == 200, link


async def test_the_front_page_shows_logins_only_with_demo_data(
    running, services, issuer, start_gateway, make_settings, nats_url
):
    assert "buyer@soko.example" not in (await running.client.get("/")).text
    settings = make_settings(services, nats_url, demo=True, demo_password="<pass & word>")
    async for other in start_gateway(settings, services, issuer):
        page = (await other.client.get("/")).text
        assert "buyer@soko.example" in page
        assert "&lt;pass &amp; word&gt;" in page


async def test_the_sandbox_is_off_in_production(
    services, issuer, start_gateway, make_settings, nats_url
):
    settings = make_settings(services, nats_url, environment="production")
    async for running in start_gateway(settings, services, issuer):
        path = "/v1/sandbox/payments/pay_01h455vb4pex5vsknk084sn02q/succeed"
        assert (await running.client.post(path)).status_code == 404
        document = (await running.client.get("/openapi.json")).json()
        assert not [path for path in document["paths"] if "sandbox" in path]


async def test_figures_are_for_staff_in_production(
    services, issuer, start_gateway, make_settings, nats_url
):
    settings = make_settings(services, nats_url, environment="production")
    async for running in start_gateway(settings, services, issuer):
        for headers, status in (
            ({}, 401),
            (running.issuer.bearer(), 403),
            (running.issuer.bearer("operator"), 200),
        ):
            answer = await running.client.get("/metrics", headers=headers)
            assert answer.status_code == status
            assert ("soko_http_requests_total" in answer.text) == (status == 200)


async def test_every_operation_is_described(running):
    document = (await running.client.get("/openapi.json")).json()
    schemas = document["components"]["schemas"]
    references = re.findall(r'"#/components/schemas/(\w+)"', (await _text(running)))
    assert set(references) <= set(schemas)
    for path, item in document["paths"].items():
        for method, operation in item.items():
            place = (method, path)
            assert operation["summary"], place
            assert operation["tags"], place
            assert [code for code in operation["responses"] if code.startswith("2")], place


async def _text(running):
    return (await running.client.get("/openapi.json")).text


async def test_pictures_are_uploaded_and_served(running):
    from soko.catalog.v1 import catalog_pb2, media_pb2

    answers = running.services.answers
    answers["AddMedia"] = lambda _request, _metadata: media_pb2.AddMediaResponse(
        media=catalog_pb2.Media(id="med_1", alt="A shirt")
    )
    path = "/v1/products/prd_01h455vb4pex5vsknk084sn02q/media"
    headers = running.issuer.bearer()
    answer = await running.client.post(
        path, files={"file": ("a.png", b"\x89PNG")}, data={"alt": "A shirt"}, headers=headers
    )
    assert answer.status_code == 201, answer.text
    assert answer.json()["renditions"]["card"] == "/v1/media/med_1/card"
    (call,) = running.services.got("AddMedia")
    assert (call.request.content, call.request.alt) == (b"\x89PNG", "A shirt")
    for files, data, status in (
        ({"file": ("a.png", b"")}, {}, 422),
        ({"other": ("a.png", b"x")}, {}, 422),
        ({"file": ("a.png", b"x")}, {"alt": "a\x00b"}, 422),
        ({"file": ("a.png", b"x")}, {"more": "1"}, 422),
        ({"file": ("a.png", b"x" * (3 * 1024 * 1024 + 70_000))}, {}, 413),
        ({"file": ("a.png", b"x" * (5 * 1024 * 1024))}, {}, 413),
    ):
        refused = await running.client.post(path, files=files, data=data, headers=headers)
        assert refused.status_code == status, refused.text
        assert refused.headers["Content-Type"] == "application/problem+json"
    for content, content_type in (
        (b"{}", "application/json"),
        (b"x", "multipart/form-data"),
        (b"x", "multipart/form-data; boundary=b"),
        (b"--b\r\n\r\n", "multipart/form-data; boundary=b"),
    ):
        refused = await running.client.post(
            path, content=content, headers={**headers, "Content-Type": content_type}
        )
        assert refused.status_code in (400, 415, 422), refused.text
        assert refused.headers["Content-Type"] == "application/problem+json"

    answers["GetRendition"] = lambda _request, _metadata: media_pb2.GetRenditionResponse(
        content=b"webp", content_type="image/webp", etag="abc"
    )
    picture = await running.client.get("/v1/media/med_01h455vb4pex5vsknk084sn02q/card")
    assert (picture.content, picture.headers["Content-Type"]) == (b"webp", "image/webp")
    again = await running.client.get(
        "/v1/media/med_01h455vb4pex5vsknk084sn02q/card", headers={"If-None-Match": '"abc"'}
    )
    assert again.status_code == 304


async def test_the_last_audit_is_told_to_whom_notifications_lets(running):
    report = report_pb2.Report(
        checked={"order_totals": 3, "holds_end": 1},
        findings=[report_pb2.Finding(invariant="order_totals", severity="critical")],
    )
    report.started_at.FromJsonString("2026-11-21T10:00:00.250Z")
    report.finished_at.FromJsonString("2026-11-21T10:00:02Z")
    answers, headers = running.services.answers, running.issuer.bearer("operator")
    answers["GetLastReport"] = lambda _request, _metadata: report_pb2.GetLastReportResponse(
        report=report
    )
    answer = await running.client.get("/v1/ops/audit", headers=headers)
    assert answer.status_code == 200
    assert answer.json() == {
        "ok": False,
        "started_at": "2026-11-21T10:00:00.250000Z",
        "finished_at": "2026-11-21T10:00:02Z",
        "checked": {"holds_end": 1, "order_totals": 3},
        "findings": [
            {
                "invariant": "order_totals",
                "severity": "critical",
                "subject_id": "",
                "explanation": "",
                "repair": "",
            }
        ],
    }
    (call,) = running.services.got("GetLastReport")
    assert call.metadata["authorization"] == headers["Authorization"]


async def test_an_audit_is_told_to_no_guest_and_refused_as_notifications_refuses(running):
    assert (await running.client.get("/v1/ops/audit")).status_code == 401
    assert running.services.got("GetLastReport") == []
    for error, status in ((forbidden(), 403), (not_found(), 404)):

        def refuse(_request, _metadata, error=error):
            raise error

        running.services.answers["GetLastReport"] = refuse
        staff = running.issuer.bearer("operator")
        answer = await running.client.get("/v1/ops/audit", headers=staff)
        assert answer.status_code == status
        assert answer.headers["Content-Type"] == "application/problem+json"


async def test_what_is_reserved_to_the_platform_is_refused_before_a_service_is_asked(
    running,
):
    path = "/v1/commission-rules"
    for caller in ({}, running.issuer.bearer(), running.issuer.bearer("moderator")):
        answer = await running.client.put(path, content="{not json", headers=caller)
        assert answer.status_code == (403 if caller else 401), answer.text
        assert answer.json()["code"] == ("forbidden" if caller else "authentication_required")
    assert not running.services.got("PutCommissionRule")
    answer = await running.client.get(path, headers=running.issuer.bearer("operator"))
    assert answer.status_code == 200
    assert running.services.got("ListCommissionRules")
