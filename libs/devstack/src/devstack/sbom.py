"""What is in an image, as a CycloneDX bill of materials (ECMA-424): ``soko sbom SERVICE``."""

from __future__ import annotations

import re
import tomllib
from importlib import metadata

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from devstack.image_locks import FOLDER, IMAGES, blocks, needs_of
from devstack.locks import local_projects

_PIN = re.compile(r"^[\w.-]+==(?P<version>[\w.+!-]+)")
_HASH = re.compile(r"--hash=sha256:(?P<hash>[0-9a-f]{64})")


def bill_of_materials(image: str) -> str:
    """Return the packages of an image and what they need of each other, as JSON.

    A package's hashes are those of all its wheels in the lock, one of which an image holds. Raises
    KeyError for an image that there is none of.
    """
    components = {c.name: c for c in (*_locked(image), *_ours())}
    needs = needs_of(IMAGES[image])
    bom = Bom()
    bom.metadata.component = components[IMAGES[image]]
    for name in sorted(needs):
        bom.register_dependency(components[name], [components[each] for each in needs[name]])
        if name != IMAGES[image]:
            bom.components.add(components[name])
    text: str = JsonV1Dot6(bom).output_as_string(indent=2)
    return text


def _locked(image: str) -> list[Component]:
    found = []
    for name, block in blocks((FOLDER / f"{image}.lock").read_text()).items():
        if pin := _PIN.match(block):
            hashes = [HashType(alg=HashAlgorithm.SHA_256, content=h) for h in _HASH.findall(block)]
            found.append(_component(name, pin["version"], hashes=hashes, license_=_license(name)))
    return found


def _ours() -> list[Component]:
    return [
        _component(name, project["version"], license_=project["license"])
        for name, path in local_projects().items()
        for project in [tomllib.loads(path.read_text())["project"]]
    ]


def _component(
    name: str, version: str, *, license_: str, hashes: list[HashType] | None = None
) -> Component:
    purl = PackageURL("pypi", None, name, version)
    kind = ComponentType.APPLICATION if name in IMAGES.values() else ComponentType.LIBRARY
    component = Component(
        name=name, version=version, type=kind, purl=purl, bom_ref=str(purl), hashes=hashes
    )
    if license_:
        component.licenses.add(LicenseExpression(license_))
    return component


def _license(name: str) -> str:
    """Return a package's SPDX expression, if it tells one (core metadata 2.4)."""
    return str(metadata.metadata(name).json.get("license_expression", ""))
