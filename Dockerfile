# One image for code location, webserver and daemon: what runs is the command.
# The target `notebook` is the same with JupyterLab in it.
#
# BASE is any Debian 12 image; a bank names its own, by digest (deploy/containers.sh base). Python
# packages are pinned by hashes.txt, Debian's by the release.
ARG BASE=docker.io/library/debian:bookworm-slim

# hadolint ignore=DL3006
FROM ${BASE} AS base
# Debian keeps only a package's newest build, so a version named here would soon not install.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        ca-certificates libgomp1 libgssapi-krb5-2 libkrb5-3 python3 tini \
    && rm -rf /var/lib/apt/lists/*

FROM base AS packages
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends gcc libc6-dev libkrb5-dev python3-dev python3-venv \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
# The authorities that the base image trusts, a bank's own among them.
ENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_NO_DEPS=1
COPY hashes.txt deploy/requirements.py ./
# Nothing is installed without its hash, what builds another package included.
RUN for group in common deploy notebook build sbom; do \
        python3 requirements.py "$group" > "$group.txt" || exit 1; \
    done \
    && python3 -m venv /opt/aml \
    && /opt/aml/bin/pip install -q -r build.txt \
    && /opt/aml/bin/pip install --no-build-isolation -r common.txt \
    && python3 -m venv /opt/sbom \
    && /opt/sbom/bin/pip install -q -r sbom.txt
COPY LICENSE README.md pyproject.toml deploy/licences.py ./
COPY aml_assets ./aml_assets
COPY --chmod=755 deploy/webserver.py ./
# Tests of libraries are a tenth of the image.
RUN /opt/aml/bin/pip install --no-build-isolation . \
    && mv webserver.py /opt/aml/bin/dagster-webserver \
    && find /opt/aml/lib -depth -type d -name tests -path '*/site-packages/*' \
        -not -path '*/dagster*' -exec rm -rf {} + \
    && /opt/aml/bin/python -c 'import aml_assets.build, xgboost, sklearn, scipy.stats, duckdb'

FROM packages AS code-packages
RUN /opt/aml/bin/pip install -r deploy.txt \
    && /opt/aml/bin/pip check \
    && /opt/aml/bin/pip uninstall -y -q Cython setuptools pip \
    && /opt/sbom/bin/cyclonedx-py environment --output-reproducible -o /opt/aml/sbom.json /opt/aml \
    && python3 licences.py /opt/aml/sbom.json

# Without a client of Kubernetes or of the database: a notebook has no business with either.
FROM packages AS notebook-packages
RUN /opt/aml/bin/pip install -r notebook.txt \
    && /opt/aml/bin/pip check \
    && /opt/aml/bin/pip uninstall -y -q Cython setuptools pip \
    && /opt/sbom/bin/cyclonedx-py environment --output-reproducible -o /opt/aml/sbom.json /opt/aml \
    && python3 licences.py /opt/aml/sbom.json

FROM base AS runtime
ENV PATH=/opt/aml/bin:$PATH \
    DAGSTER_HOME=/opt/dagster \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
RUN useradd --system --uid 10001 --user-group --no-create-home --home-dir /tmp \
        --shell /usr/sbin/nologin aml \
    && mkdir /opt/dagster /var/log/dagster \
    # Where the database puts its certificate, in a volume that is its own whoever mounts it first.
    && install -d -o 10004 -g 10004 -m 755 /etc/postgres \
    && install -d -o aml -g aml -m 700 /var/lib/aml \
    && chown aml:aml /var/log/dagster
COPY --chmod=755 deploy/health.py /usr/local/bin/
COPY --chmod=644 deploy/config/dagster.yaml deploy/config/workspace.yaml /opt/dagster/
WORKDIR /opt/dagster
ENTRYPOINT ["tini", "--"]

FROM runtime AS notebook
RUN install -d -o aml -g aml -m 700 /notebooks
COPY --from=notebook-packages /opt/aml /opt/aml
USER 10001:10001
EXPOSE 8888
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s CMD ["health.py", "notebook"]
VOLUME ["/notebooks"]
CMD ["aml", "notebook", "--behind-proxy", "--folder", "/notebooks"]

# The last one is what `docker build .` makes.
FROM runtime AS aml
COPY --from=code-packages /opt/aml /opt/aml
USER 10001:10001
EXPOSE 4000
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s CMD ["health.py", "code"]
CMD ["dagster", "api", "grpc", "--lazy-load-user-code", "-h", "0.0.0.0", "-p", "4000", \
     "-m", "aml_assets.definitions"]
