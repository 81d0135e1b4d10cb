# The image of the service. docs/deployment.md says how to build and run it. Every package is checked
# against a recorded hash: those of Python in requirements-image.txt, the page's in package-lock.json.

# --- the page's libraries ---------------------------------------------------------------------
FROM node:24-slim AS page
WORKDIR /page
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --omit=dev --no-audit --no-fund

# --- Python's packages, the source, the collected static files --------------------------------
FROM python:3.11-slim-trixie AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /srv/chat
COPY requirements-image.txt ./
# Without pip in it, the environment is smaller, and nothing can be installed into a running service.
RUN python -m venv --without-pip /opt/venv
RUN python -m pip --python /opt/venv/bin/python install --require-hashes --only-binary :all: -r requirements-image.txt
# Packages bring their own tests along.
RUN find /opt/venv -type d -name tests -prune -exec rm -rf {} +
COPY LICENSE manage.py pyproject.toml package.json package-lock.json ./
COPY chatproject chatproject
COPY accounts accounts
COPY sessions_app sessions_app
COPY clients/js clients/js
COPY --from=page /page/node_modules /page/node_modules
RUN /opt/venv/bin/python -m chatproject.static_files.page_libraries --from /page/node_modules
# The keys that this generates under DATA_DIR stay in this stage, and nothing is signed with them.
RUN DATA_DIR=/build STATIC_DIR=/srv/static /opt/venv/bin/python manage.py collectstatic --no-input
# The root file system is read-only later, so modules are compiled here.
RUN /opt/venv/bin/python -m compileall -q --invalidation-mode unchecked-hash chatproject accounts sessions_app

# --- what runs --------------------------------------------------------------------------------
FROM python:3.11-slim-trixie
ARG VERSION=0.2.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Chat sessions" \
      org.opencontainers.image.description="Self-hosted conversation store for chatbots" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# Only this directory, and a tmpfs on /tmp, have to be writable.
RUN install -d -m 0700 -o 10001 -g 10001 /data
COPY --from=build /opt/venv /opt/venv
COPY --from=build /srv/static /srv/static
COPY --from=build /srv/chat /srv/chat
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    HOST=0.0.0.0 \
    DATA_DIR=/data \
    STATIC_DIR=/srv/static
WORKDIR /srv/chat
# A number, so that Kubernetes can see that it is not root.
USER 10001:10001
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=20s --timeout=5s --start-period=90s --start-interval=3s --retries=3 \
    CMD ["python", "-m", "chatproject.healthcheck"]
CMD ["python", "manage.py", "serve"]
