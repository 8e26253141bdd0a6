"""InventoryService: messages to use cases and back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import Any
from uuid import UUID

import grpc

from catalog.app.commit_stock import CommitStock, CommitStockHandler
from catalog.app.create_location import CreateLocation, CreateLocationHandler
from catalog.app.get_stock import GetStock, GetStockHandler
from catalog.app.list_locations import ListLocations, ListLocationsHandler
from catalog.app.release_stock import ReleaseStock, ReleaseStockHandler
from catalog.app.reserve_stock import ReserveStock, ReserveStockHandler
from catalog.app.set_stock import SetStock, SetStockHandler
from catalog.app.ship_stock import ShipStock, ShipStockHandler
from catalog.app.take_back_stock import TakeBackStock, TakeBackStockHandler
from catalog.domain.stock import WantedLine
from catalog.entrypoints import reading, showing
from chassis.context import current_actor
from chassis.database import Database
from chassis.idempotency import idempotent
from chassis.ids import format_id, parse_id
from soko.catalog.v1 import inventory_pb2 as pb
from soko.catalog.v1 import inventory_pb2_grpc

Context = grpc.aio.ServicerContext[Any, Any]


@dataclass(frozen=True, slots=True)
class InventoryUseCases:
    """What InventoryService can do."""

    list_locations: ListLocationsHandler
    create_location: CreateLocationHandler
    get_stock: GetStockHandler
    set_stock: SetStockHandler
    reserve: ReserveStockHandler
    commit: CommitStockHandler
    release: ReleaseStockHandler
    ship: ShipStockHandler
    take_back: TakeBackStockHandler


class InventoryServicer(inventory_pb2_grpc.InventoryServiceServicer):
    """Answers InventoryService."""

    def __init__(self, db: Database, do: InventoryUseCases) -> None:
        self.db = db
        self._do = do

    async def ListLocations(  # noqa: N802 - the names of RPCs are those of the contract
        self, request: pb.ListLocationsRequest, context: Context
    ) -> pb.ListLocationsResponse:
        """Answer with a seller's locations."""
        found = await self._do.list_locations(ListLocations(current_actor(), request.seller))
        return pb.ListLocationsResponse(locations=[showing.location(each) for each in found])

    @idempotent
    async def CreateLocation(  # noqa: N802
        self, request: pb.CreateLocationRequest, context: Context
    ) -> pb.CreateLocationResponse:
        """Add a location."""
        created = await self._do.create_location(
            CreateLocation(
                current_actor(),
                request.seller,
                reading.creation_id("location"),
                request.name,
                request.country,
            )
        )
        return pb.CreateLocationResponse(location=showing.location(created))

    async def GetStock(  # noqa: N802
        self, request: pb.GetStockRequest, context: Context
    ) -> pb.GetStockResponse:
        """Answer with stock at a location."""
        place = request.location_id
        found = await self._do.get_stock(
            GetStock(
                current_actor(),
                parse_id("var", request.variant_id),
                reading.reference("loc", place, "/location_id") if place else None,
            )
        )
        return pb.GetStockResponse(stock=showing.stock(found))

    async def SetStock(  # noqa: N802
        self, request: pb.SetStockRequest, context: Context
    ) -> pb.SetStockResponse:
        """Set what is physically at a location."""
        place = request.location_id
        found = await self._do.set_stock(
            SetStock(
                current_actor(),
                parse_id("var", request.variant_id),
                reading.reference("loc", place, "/location_id") if place else None,
                request.on_hand,
                request.expected_version if request.HasField("expected_version") else None,
            )
        )
        return pb.SetStockResponse(stock=showing.stock(found))

    async def Reserve(  # noqa: N802
        self, request: pb.ReserveRequest, context: Context
    ) -> pb.ReserveResponse:
        """Hold stock for an order."""
        current_actor().require_service()
        lines = [
            WantedLine(
                parse_id("item", line.line_id),
                parse_id("var", line.variant_id),
                line.quantity,
                reading.price(line.unit_price),
            )
            for line in request.lines
        ]
        hold = await self._do.reserve(
            ReserveStock(
                parse_id("ord", request.order_id),
                lines,
                request.expires_at.ToDatetime(tzinfo=UTC),
            )
        )
        response = pb.ReserveResponse(
            lines=[
                pb.ReservedLine(
                    line_id=format_id("item", line.line_id),
                    variant_id=format_id("var", line.variant_id),
                    location_id=line.location,
                    quantity=line.quantity,
                )
                for line in hold.lines
            ]
        )
        response.expires_at.FromDatetime(hold.expires_at)
        return response

    async def Commit(  # noqa: N802
        self, request: pb.CommitRequest, context: Context
    ) -> pb.CommitResponse:
        """Turn holds into allocations."""
        current_actor().require_service()
        order_ids = [parse_id("ord", text) for text in request.order_ids]
        missing = await self._do.commit(CommitStock(list(dict.fromkeys(order_ids))))
        return pb.CommitResponse(missing_order_ids=[format_id("ord", each) for each in missing])

    async def Release(  # noqa: N802
        self, request: pb.ReleaseRequest, context: Context
    ) -> pb.ReleaseResponse:
        """End holds and allocations."""
        current_actor().require_service()
        order_ids = [parse_id("ord", text) for text in request.order_ids]
        await self._do.release(ReleaseStock(list(dict.fromkeys(order_ids)), request.reason))
        return pb.ReleaseResponse()

    async def Ship(self, request: pb.ShipRequest, context: Context) -> pb.ShipResponse:  # noqa: N802
        """Take a parcel's units off the shelf."""
        current_actor().require_service()
        units: dict[UUID, int] = {}
        for line in request.lines:
            line_id = parse_id("item", line.line_id)
            units[line_id] = units.get(line_id, 0) + line.quantity
        shipment_id, order_id = (
            parse_id("shp", request.shipment_id),
            parse_id("ord", request.order_id),
        )
        await self._do.ship(ShipStock(shipment_id, order_id, units))
        return pb.ShipResponse()

    async def TakeBack(  # noqa: N802
        self, request: pb.TakeBackRequest, context: Context
    ) -> pb.TakeBackResponse:
        """Put a parcel's units on the shelf again."""
        current_actor().require_service()
        await self._do.take_back(TakeBackStock(parse_id("shp", request.shipment_id)))
        return pb.TakeBackResponse()
