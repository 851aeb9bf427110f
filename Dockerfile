# One image for every role: docker run IMAGE serve, web or worker. Build it in the root of the repository.
# The tag moves with Python's and Debian's security fixes. To get the same bytes each time, add the digest that the
# registry shows: --build-arg BASE=python:3.13-slim-trixie@sha256:...
ARG BASE=python:3.13-slim-trixie

FROM ${BASE} AS build
WORKDIR /src
# Without pip, which nobody needs where the image runs; the one of this stage installs into it from outside.
RUN python -m venv --without-pip /opt/posthouse
# What others wrote changes seldom, so it is a layer of its own. Only wheels: no code of theirs runs here.
COPY requirements/build.txt requirements/runtime.txt requirements/granian.txt requirements/postgres.txt requirements/
RUN pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements/build.txt \
    && pip --python /opt/posthouse/bin/python install --no-cache-dir --require-hashes --only-binary :all: \
        -r requirements/runtime.txt -r requirements/granian.txt -r requirements/postgres.txt
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN pip wheel --no-cache-dir --no-index --no-deps --no-build-isolation --wheel-dir /wheels . \
    && pip --python /opt/posthouse/bin/python install --no-cache-dir --no-index --no-deps /wheels/*.whl

FROM ${BASE}
LABEL org.opencontainers.image.title="posthouse" \
      org.opencontainers.image.description="Tells chat groups what happens in GitLab, Jira, Confluence and elsewhere" \
      org.opencontainers.image.licenses="Apache-2.0"
# The number is written out wherever files must belong to this user: compose.yml, the chart, volumes.
RUN groupadd --gid 10001 posthouse \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin posthouse \
    && install --directory --owner 10001 --group 10001 --mode 0700 /data
COPY --from=build /opt/posthouse /opt/posthouse
ENV PATH=/opt/posthouse/bin:$PATH \
    POSTHOUSE_CONFIG=/etc/posthouse/posthouse.yml
# A relative server.database lies here. Nothing else is written, so the root file system may be read-only.
WORKDIR /data
# By number, so that Kubernetes can see that it is not root.
USER 10001:10001
EXPOSE 5000
STOPSIGNAL SIGTERM
# For serve and web. A worker has no port: compose.yml and the chart ask it for its file.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import http.client as h, sys; c = h.HTTPConnection('127.0.0.1', 5000, timeout=4); c.request('GET', '/readyz'); sys.exit(c.getresponse().status != 200)"]
ENTRYPOINT ["posthouse"]
CMD ["serve"]
