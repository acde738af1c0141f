# One image, three commands: web, worker, beat (docker-compose.yml names them).
# It runs read-only and without root; all it writes goes to /tmp and standard error.

FROM python:3.13-slim-bookworm AS packages
WORKDIR /app
COPY requirements/ requirements/
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check \
        --require-hashes -r requirements/run.txt

FROM python:3.13-slim-bookworm
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=reviewhub.settings \
    HOST=0.0.0.0 \
    PORT=8000
WORKDIR /app
COPY --from=packages /opt/venv /opt/venv
COPY . .
# Files are collected as on one's own machine, with a key that is thrown away.
RUN useradd --system --uid 10001 --no-create-home reviewhub \
    && python -m compileall -q /opt/venv/lib moderation reviewhub \
    && mkdir staticfiles \
    && HOST=127.0.0.1 REVIEWHUB_DATA_DIR=/tmp/build python manage.py collectstatic --noinput \
    && rm -rf /tmp/build
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["python", "scripts/probe.py", "http://127.0.0.1:8000/health/live"]
CMD ["gunicorn", "--config", "python:reviewhub.serving", "reviewhub.wsgi:application"]
