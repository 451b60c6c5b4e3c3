#!/opt/aml/bin/python
"""Whether this container does its work: `health.py code|web|daemon|notebook`; exit code 0 if so.

Belongs here: one question per role, as cheap as it can be. Does not belong here: whether the
night goes well (`aml status`).
"""

import subprocess
import sys
import urllib.request


def code() -> bool:
    """The code server answers, and could load our definitions."""
    import grpc
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    with grpc.insecure_channel("127.0.0.1:4000") as channel:
        ask = health_pb2_grpc.HealthStub(channel).Check
        answer = ask(health_pb2.HealthCheckRequest(service="DagsterApi"), timeout=5)
    return answer.status == health_pb2.HealthCheckResponse.SERVING


def web() -> bool:
    """The webserver answers."""
    return _answers("http://127.0.0.1:3000/server_info")


def notebook() -> bool:
    """Jupyter answers; without its token it says no more than that."""
    return _answers("http://127.0.0.1:8888/api")


def daemon() -> bool:
    """The daemon gave a sign of life to the database a short while ago."""
    asked = subprocess.run(["dagster-daemon", "liveness-check"], capture_output=True, check=False)
    return asked.returncode == 0


def _answers(url: str) -> bool:
    with urllib.request.urlopen(url, timeout=5) as answer:
        return answer.status == 200


if __name__ == "__main__":
    roles = {"code": code, "web": web, "notebook": notebook, "daemon": daemon}
    sys.exit(0 if roles[sys.argv[1]]() else 1)
