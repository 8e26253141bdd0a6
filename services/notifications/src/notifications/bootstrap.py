"""The one place where this service's adapters are constructed."""

from __future__ import annotations

from datetime import timedelta
from email.utils import parseaddr
from functools import cache

from chassis.broker import Broker
from chassis.clock import Clock, SystemClock
from chassis.consumer import EventConsumer
from chassis.cursors import CursorCodec
from chassis.database import Database
from chassis.periodic import FIGURES_EVERY_S, Periodic
from chassis.personal_data import PersonalDataServicer
from chassis.process import Background, ServiceApp, ServiceContext
from notifications.adapters.audit import audit_of
from notifications.adapters.audit_reports import PostgresAuditReports
from notifications.adapters.catalogs import CatalogNoticeTexts
from notifications.adapters.delivery_queue import PostgresDeliveryQueue
from notifications.adapters.deployment_auditor import DeploymentAuditor
from notifications.adapters.event_store import PostgresEventStore
from notifications.adapters.identity_grpc import IdentityClient, LinkClient
from notifications.adapters.inbox import PostgresInbox
from notifications.adapters.lazy_mail import LazySmtpTransport
from notifications.adapters.message_log import PostgresMessageLog
from notifications.adapters.notice_history import PostgresNoticeHistory
from notifications.adapters.orders_grpc import OrdersClient
from notifications.adapters.personal_data import PERSONAL_DATA
from notifications.adapters.realtime_nats import NatsPublisher
from notifications.adapters.retention import Retention, forget_old
from notifications.app.compose_mail import ComposeMail
from notifications.app.language import AccountLanguage
from notifications.app.ports import MailRenderer
from notifications.app.send_mail import MailSettings, SendMail
from notifications.app.tell_messages import RetellMessages, retell_messages
from notifications.domain.deliveries import RetryPolicy
from notifications.entrypoints.audit_job import AuditJob
from notifications.entrypoints.audit_service import AuditReportServicer
from notifications.entrypoints.event_consumer import EventRecorder
from notifications.entrypoints.foreign_events import PARSERS
from notifications.entrypoints.grpc_server import NotificationServicer, RealtimeServicer
from notifications.entrypoints.jobs import MailPace, MailWorker, Retelling
from notifications.entrypoints.mail_figures import MailFigures
from notifications.entrypoints.timeline_service import TimelineServicer
from notifications.settings import Settings
from soko.audit.v1 import report_pb2_grpc
from soko.notifications.v1 import notification_pb2_grpc as pb_grpc
from soko.notifications.v1 import timeline_pb2_grpc
from soko.privacy.v1 import personal_data_pb2_grpc

_SWEEP_EVERY_S = 3600.0
_RETELL = timedelta(minutes=2)
_LOOK_FOR_AUDIT_EVERY_S = 60.0


async def build(context: ServiceContext[Settings]) -> ServiceApp:
    """Return the service, not yet started."""
    settings, clock = context.settings, SystemClock()
    db = Database(settings.database_url, max_size=settings.database_pool_max)
    broker = Broker(settings.nats_url, context.name)
    identity = context.peer("identity", settings.identity_target)
    contacts = IdentityClient(identity)
    orders = OrdersClient(context.peer("orders", settings.orders_target))
    inbox, log, texts = PostgresInbox(db), PostgresMessageLog(db), CatalogNoticeTexts()
    publisher = NatsPublisher(broker)
    transport = LazySmtpTransport(
        settings.smtp_url.get_secret_value(), settings.mail_from, settings.mail_connections
    )
    compose = ComposeMail(
        orders, contacts, LinkClient(identity), _renderer, links_url=settings.links_url
    )
    worker = _mail_worker(settings, clock, db, compose, transport)
    mail_figures = MailFigures(PostgresDeliveryQueue(db).backlog, clock)
    retention = Retention(messages=timedelta(days=settings.realtime_retention_days))
    language_of = AccountLanguage(contacts, inbox.locale, clock)
    cursors = CursorCodec(*settings.secrets)
    servicer = NotificationServicer(db, inbox, texts, language_of, cursors, clock)
    return ServiceApp(
        services=[
            (pb_grpc.add_NotificationServiceServicer_to_server, servicer),
            (pb_grpc.add_RealtimeServiceServicer_to_server, RealtimeServicer(log)),
            (
                personal_data_pb2_grpc.add_PersonalDataServiceServicer_to_server,
                PersonalDataServicer(db, PERSONAL_DATA),
            ),
            (
                timeline_pb2_grpc.add_TimelineServiceServicer_to_server,
                TimelineServicer(PostgresNoticeHistory(db)),
            ),
            (
                report_pb2_grpc.add_AuditReportServiceServicer_to_server,
                AuditReportServicer(PostgresAuditReports(db)),
            ),
        ],
        background=[
            Retelling(
                lambda: broker.generation,
                lambda: retell_messages(RetellMessages(clock.now(), _RETELL), log, publisher),
            ),
            *_consumers(db, broker, publisher, clock, worker, settings.event_tries),
            worker,
            Periodic("retention", _SWEEP_EVERY_S, lambda: forget_old(db, retention, clock.now())),
            *_audits(context, db, clock),
            Periodic("mail figures", FIGURES_EVERY_S, mail_figures.look),
        ],
        databases=[db],
        broker=broker,
        close=[transport.close],
        audit=audit_of(db),
    )


def _audits(context: ServiceContext[Settings], db: Database, clock: Clock) -> list[Background]:
    settings = context.settings
    targets = {
        "identity": settings.identity_target,
        "catalog": settings.catalog_target,
        "orders": settings.orders_target,
        "payments": settings.payments_target,
        "notifications": settings.grpc_listen,
    }
    if not settings.audit_interval_s or not all(targets.values()):
        return []
    interval = timedelta(seconds=settings.audit_interval_s)
    job = AuditJob(
        PostgresAuditReports(db), DeploymentAuditor(targets, clock, settings.tls), interval, clock
    )
    return [Periodic("audit", min(_LOOK_FOR_AUDIT_EVERY_S, settings.audit_interval_s), job.look)]


def _consumers(
    db: Database,
    broker: Broker,
    publisher: NatsPublisher,
    clock: Clock,
    worker: MailWorker,
    tries: int,
) -> list[Background]:
    consumers: list[Background] = []
    for name, parsers in PARSERS.items():
        recorder = EventRecorder(
            parsers,
            PostgresEventStore,
            CatalogNoticeTexts(),
            publisher,
            clock,
            worker.nudge,
        )
        consumers.append(
            EventConsumer(
                db,
                broker,
                service="notifications",
                context=name,
                batch_names=list(parsers),
                batch_handler=recorder.record,
                after_commit=recorder.tell,
                max_deliveries=tries,
            )
        )
    return consumers


def _mail_worker(
    settings: Settings,
    clock: Clock,
    db: Database,
    compose: ComposeMail,
    transport: LazySmtpTransport,
) -> MailWorker:
    queue = PostgresDeliveryQueue(db)
    limits = MailSettings(
        sender_domain=parseaddr(settings.mail_from)[1].rpartition("@")[2],
        retry=RetryPolicy(
            max_attempts=settings.mail_max_attempts, base_s=settings.mail_retry_base_s
        ),
    )
    send = SendMail(queue, compose, transport, clock, limits)
    pace = MailPace(concurrency=2 * settings.mail_connections, rate_per_s=settings.mail_rate_per_s)
    return MailWorker(queue, send, transport.close_idle, clock, pace)


@cache
def _renderer() -> MailRenderer:
    """Return the templates, loaded with the first mail: jinja2 and babel cost some 12 MiB."""
    from notifications.adapters.mail_templates import MailTemplates

    return MailTemplates()
