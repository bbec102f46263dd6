# A server of completions without TensorFlow; docs/guide/serving.md says how to start it.
#
#   docker build -t textgen .
#   docker run -p 127.0.0.1:8000:8000 -v "$PWD/checkpoints:/runs:ro" -e TEXTGEN_API_KEY=... textgen story

# The larger image has the C compiler that makes writing twice as fast.
FROM python:3.12 AS build
WORKDIR /source
COPY pyproject.toml setup.cfg setup.py README.md LICENSE requirements-writing.txt requirements-serving.txt ./
COPY textgen textgen
COPY corpora corpora
COPY checkpoints/jabez checkpoints/jabez
COPY checkpoints/wyatt checkpoints/wyatt
RUN python -m venv /opt/textgen \
 && /opt/textgen/bin/pip install --no-cache-dir --no-deps . -r requirements-serving.txt

FROM python:3.12-slim
COPY --from=build /opt/textgen /opt/textgen
RUN useradd --system --no-create-home textgen
USER textgen
ENV PATH=/opt/textgen/bin:$PATH TEXTGEN_RUNS=/runs
WORKDIR /runs
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s \
  CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/health')"]
# Docker sends SIGTERM and then waits ten seconds: what is being written ends before that.
ENTRYPOINT ["textgen", "serve", "--host", "0.0.0.0", "--grace", "5"]
