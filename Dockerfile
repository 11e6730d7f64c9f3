# Orgo in a container: docs/operator/containers.md. The base is any Debian-like Python image of 3.11 or later, for amd64 or arm64.
ARG BASE=python:3.13-slim

FROM ${BASE} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1
RUN python -m venv /opt/orgo
COPY requirements.txt /build/requirements.txt
# --only-binary: what would have to be compiled fails here, where it is seen, and not at a start.
RUN /opt/orgo/bin/pip install --no-compile --no-deps --require-hashes --only-binary=:all: -r /build/requirements.txt
COPY src /build/src
COPY config /build/config
COPY tasks.py /opt/orgo/app/tasks.py
# olefile2.py is of Python 2 and nobody's; it can't be compiled.
RUN cp -r /build/src/orgo /build/config /tmp/ \
    && site="$(/opt/orgo/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" \
    && mv /tmp/orgo "$site/orgo" \
    && mv /tmp/config "$site/orgo/samples" \
    && printf '%s\n' '#!/opt/orgo/bin/python' 'import sys' 'from orgo.cli.main import main' 'sys.exit(main())' > /opt/orgo/bin/orgo \
    && chmod 755 /opt/orgo/bin/orgo \
    && /opt/orgo/bin/python -m compileall -q -x 'olefile/olefile2\.py$' /opt/orgo/lib /opt/orgo/app \
    && /opt/orgo/bin/pip uninstall -y pip

FROM ${BASE}
LABEL org.opencontainers.image.title="Orgo" \
      org.opencontainers.image.description="Turns an organization's mail into accountable work" \
      org.opencontainers.image.licenses="Apache-2.0"
# 10001 is nobody's number on a usual host; Kubernetes wants a number to see that it is not root. The base's own pip goes:
# what runs installs nothing.
RUN if command -v pip; then PIP_BREAK_SYSTEM_PACKAGES=1 pip uninstall --yes pip; fi \
    && groupadd --gid 10001 orgo \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /orgo --shell /usr/sbin/nologin orgo \
    && install -d -o orgo -g orgo -m 0750 /orgo /orgo/var /backups \
    && install -d -m 0755 /config
COPY --from=build /opt/orgo /opt/orgo
ENV PATH=/opt/orgo/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    ORGO_HOME=/orgo \
    ORGO_WEB__HOST=0.0.0.0
WORKDIR /opt/orgo/app
USER 10001:10001
VOLUME ["/orgo/var"]
EXPOSE 8000 2525
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
ENTRYPOINT ["orgo"]
CMD ["up"]
