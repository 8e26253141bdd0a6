from collections.abc import Mapping

import pytest

from tests.deploy.cluster_tools import ClusterTools, cluster_tools
from tests.deploy.manifests import Overlay, make_overlays

OVERLAYS = ("local", "production", "production with the Gateway API")


@pytest.fixture(scope="session")
def tools() -> ClusterTools:
    return cluster_tools()


@pytest.fixture(scope="session")
def overlays(
    tools: ClusterTools, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Overlay]:
    return make_overlays(tools, tmp_path_factory.mktemp("kustomized"))


@pytest.fixture(params=OVERLAYS)
def overlay(request: pytest.FixtureRequest, overlays: Mapping[str, Overlay]) -> Overlay:
    return overlays[request.param]


@pytest.fixture
def production(overlays: Mapping[str, Overlay]) -> Overlay:
    return overlays["production"]
