# One image for each process of Soko:
#
#   docker build --build-arg SERVICE=identity --tag soko-identity:0.1.0 .
#
# SERVICE is gateway, identity, catalog, orders, payments, notifications or sandbox_provider. BuildKit
# works, the older builder too. BUILD_IMAGE has its Python where RUN_IMAGE has it, and binutils. Where
# the package index is reached through a proxy that signs with an authority of its own, name a
# BUILD_IMAGE that trusts it: nothing of that image gets into the result.
ARG BUILD_IMAGE=python:3.13-trixie
ARG RUN_IMAGE=python:3.13-slim-trixie

FROM ${BUILD_IMAGE} AS tools
WORKDIR /src
COPY requirements/build.lock requirements/
RUN python -m venv /opt/tools \
    && /opt/tools/bin/pip install --no-cache-dir --require-hashes -r requirements/build.lock

FROM tools AS wheels
COPY protos protos
COPY libs libs
COPY services services
COPY gateway gateway
RUN /opt/tools/bin/pip wheel --no-index --no-deps --no-build-isolation --wheel-dir /wheels \
        ./protos ./gateway ./libs/* ./services/*

FROM tools AS build
ARG SERVICE
COPY requirements/${SERVICE}.lock requirements/
RUN python -m venv --without-pip /opt/soko \
    && /opt/tools/bin/pip --python /opt/soko/bin/python install --no-cache-dir --no-compile \
        --require-hashes -r requirements/${SERVICE}.lock
COPY --from=wheels /wheels /wheels
# Without an index: what the lock lacks fails here, at the latest when everything is imported. Debug
# symbols are 20 MiB.
RUN /opt/tools/bin/pip --python /opt/soko/bin/python install --no-cache-dir --no-compile \
        --no-index --find-links /wheels "soko-${SERVICE}" \
    && find /opt/soko/lib -name "*.cpython-*.so" -exec strip --strip-debug {} + \
    && /opt/soko/bin/python -B -c "import importlib, pkgutil, ${SERVICE} as service; \
[importlib.import_module(module.name) for module in pkgutil.walk_packages(\
service.__path__, service.__name__ + '.') if '.migrations' not in module.name]"

FROM ${RUN_IMAGE}
ARG SERVICE
COPY --from=build /opt/soko /opt/soko
# What a new volume is filled with, its owner above all.
RUN install --directory --owner=10001 --group=10001 /var/lib/soko
ENV PATH=/opt/soko/bin:$PATH \
    SERVICE=${SERVICE} \
    PYTHONUNBUFFERED=1 \
    # The root is read-only: the first process of a container leaves its bytecode to later ones, the
    # gateway's workers and the probes among them.
    PYTHONPYCACHEPREFIX=/tmp/python \
    # Two heaps are enough for processes with one busy thread, and large buffers go back when freed.
    MALLOC_ARENA_MAX=2 \
    MALLOC_MMAP_THRESHOLD_=1048576 \
    MALLOC_TRIM_THRESHOLD_=1048576
WORKDIR /var/lib/soko
USER 10001:10001
HEALTHCHECK --interval=5s --timeout=3s --start-period=60s --retries=3 \
    CMD ["python", "-m", "chassis.health_probe"]
ENTRYPOINT ["/bin/sh", "-c", "exec python -P -m \"$SERVICE\" \"$@\"", "soko"]
CMD ["serve"]
