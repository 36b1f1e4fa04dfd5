"""`pykube up`: a control plane on a port, as clients meet it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager

import pytest

pytest.importorskip("uvicorn")
KUBECTL = shutil.which("kubectl")
DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: httpd-ken}
spec:
  replicas: 2
  selector: {matchLabels: {app: httpd-ken}}
  template:
    metadata: {labels: {app: httpd-ken}}
    spec: {containers: [{name: httpd, image: httpd}]}
"""


class Up:
    def __init__(self, process, folder, url):
        self.process, self.folder, self.url = process, folder, url

    def ask(self, path, body=None, method="GET", **headers):
        data = None if body is None else json.dumps(body).encode()
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def kubectl(self, *args, stdin=None, check=True):
        env = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "KUBECONFIG": str(self.folder / "kubeconfig"),
        }
        done = subprocess.run(
            [KUBECTL, *args], input=stdin, capture_output=True, text=True, env=env, timeout=60
        )
        assert not check or done.returncode == 0, done.stderr
        return done.stdout


@contextmanager
def up(folder, *options):
    command = [sys.executable, "-m", "pykube_core", "up", "--kubeconfig", "kubeconfig", *options]
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        first = process.stdout.readline()
        assert first.startswith("control plane at http://127.0.0.1:"), process.stderr.read()
        yield Up(process, folder, first.split()[3].rstrip(";"))
    finally:
        process.kill()
        process.communicate()


def wait_for(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_deployment_runs_and_the_server_stops_when_it_is_told(tmp_path):
    with up(tmp_path, "--nodes", "2", "--clock", "virtual") as control_plane:
        ask = control_plane.ask
        status, version = ask("/version")
        assert (status, version["gitVersion"]) == (200, "v1.37.2")
        pod = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
        status, made = ask(
            "/api/v1/namespaces/default/pods", pod, "POST", content_type="application/json"
        )
        assert (status, made["metadata"]["name"]) == (201, "p")
        path = "/api/v1/namespaces/default/pods/p"
        wait_for(lambda: ask(path)[1]["status"]["phase"] == "Running")
        assert ask(path, method="DELETE")[0] == 200
        wait_for(lambda: ask(path)[0] == 404)
        control_plane.process.send_signal(signal.SIGTERM)
        control_plane.process.communicate(timeout=20)


def test_a_killed_control_plane_goes_on_where_it_was(tmp_path):
    options = ("--data-dir", "data", "--clock", "60")
    with up(tmp_path, *options) as control_plane:
        body = {"metadata": {"name": "c"}, "data": {"a": "b"}}
        path = "/api/v1/namespaces/default/configmaps"
        assert control_plane.ask(path, body, "POST", content_type="application/json")[0] == 201
        control_plane.process.kill()
        control_plane.process.wait()
    with up(tmp_path, *options) as control_plane:
        assert control_plane.ask(f"{path}/c")[1]["data"] == {"a": "b"}


def test_a_watch_is_woken_by_a_write(tmp_path):
    with up(tmp_path) as control_plane:
        path = "/api/v1/namespaces/default/configmaps"
        url = f"{control_plane.url}{path}?watch=true&timeoutSeconds=20"
        with urllib.request.urlopen(url, timeout=20) as stream:
            body = {"metadata": {"name": "seen"}}
            control_plane.ask(path, body, "POST", content_type="application/json")
            names = [json.loads(stream.readline())["object"]["metadata"]["name"] for _ in range(1)]
        assert names == ["seen"]


def test_users_have_tokens_and_roles_have_their_say(tmp_path):
    pytest.importorskip("jwt")
    (tmp_path / "tokens.csv").write_text(
        'root-token,root,u-root,"system:masters"\njane-token,jane,u-jane,developers\n'
    )
    options = ("--token-auth-file", "tokens.csv", "--authorization-mode", "RBAC")
    with up(tmp_path, *options) as control_plane:

        def ask(path, token="", body=None, method="GET"):
            headers = {"content_type": "application/json"}
            if token:
                headers["authorization"] = f"Bearer {token}"
            return control_plane.ask(path, body, method, **headers)

        pods = "/api/v1/namespaces/default/pods"
        assert ask(pods, "wrong") == (401, ask(pods, "wrong")[1])
        assert ask(pods, "wrong")[1]["message"] == "Unauthorized"
        assert ask(pods)[1]["message"] == (
            'pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group '
            '"" in the namespace "default"'
        )
        assert ask(pods, "root-token")[0] == 200
        assert ask(pods, "jane-token")[0] == 403
        rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/default"
        rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]
        role = {"metadata": {"name": "reader"}, "rules": rules}
        assert ask(f"{rbac}/roles", "root-token", role, "POST")[0] == 201
        group = "rbac.authorization.k8s.io"
        binding = {
            "metadata": {"name": "b"},
            "roleRef": {"apiGroup": group, "kind": "Role", "name": "reader"},
            "subjects": [{"apiGroup": group, "kind": "User", "name": "jane"}],
        }
        assert ask(f"{rbac}/rolebindings", "root-token", binding, "POST")[0] == 201
        assert ask(pods, "jane-token")[0] == 200
        reviews = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        attributes = {"namespace": "default", "verb": "list", "resource": "pods"}
        asked = {"spec": {"resourceAttributes": attributes}}
        assert ask(reviews, "jane-token", asked, "POST")[1]["status"]["allowed"] is True
        account = {"metadata": {"name": "robot"}}
        accounts = "/api/v1/namespaces/default/serviceaccounts"
        assert ask(accounts, "root-token", account, "POST")[0] == 201
        made = ask(f"{accounts}/robot/token", "root-token", {}, "POST")[1]
        who = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
        info = ask(who, made["status"]["token"], {}, "POST")[1]["status"]["userInfo"]
        assert info["username"] == "system:serviceaccount:default:robot"
        assert ask(accounts, "root-token")[0] == 200


def test_nobody_gives_a_role_that_he_does_not_have(tmp_path):
    pytest.importorskip("jwt")
    (tmp_path / "tokens.csv").write_text(
        'root-token,root,u-root,"system:masters"\njane-token,jane,u-jane,developers\n'
    )
    options = ("--token-auth-file", "tokens.csv", "--authorization-mode", "RBAC")
    rbac = "/apis/rbac.authorization.k8s.io/v1"
    group = "rbac.authorization.k8s.io"
    rules = [{"apiGroups": [group], "resources": ["roles"], "verbs": ["create", "patch", "get"]}]
    with up(tmp_path, *options) as control_plane:

        def ask(token, path, body, method="POST", kind="application/json"):
            headers = {"content_type": kind, "authorization": f"Bearer {token}"}
            return control_plane.ask(f"{rbac}{path}", body, method, **headers)

        role = {"metadata": {"name": "maker"}, "rules": rules}
        assert ask("root-token", "/clusterroles", role)[0] == 201
        binding = {
            "metadata": {"name": "maker"},
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "maker"},
            "subjects": [{"apiGroup": group, "kind": "User", "name": "jane"}],
        }
        assert ask("root-token", "/clusterrolebindings", binding)[0] == 201
        roles = "/namespaces/default/roles"
        mine = {"metadata": {"name": "mine"}, "rules": rules}
        assert ask("jane-token", roles, mine)[0] == 201
        every = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]
        status, refusal = ask("jane-token", roles, {"metadata": {"name": "all"}, "rules": every})
        assert status == 403
        assert "is attempting to grant RBAC permissions not currently held" in refusal["message"]
        patch = [{"op": "replace", "path": "/rules", "value": every}]
        patched = ask("jane-token", f"{roles}/mine", patch, "PATCH", "application/json-patch+json")
        assert patched[0] == 403
        held = control_plane.ask(f"{rbac}{roles}/mine", authorization="Bearer jane-token")[1]
        assert held["rules"] == rules


@pytest.mark.parametrize("speed", ["0", "-1", "soon", "inf", "nan"])
def test_a_clock_that_is_none_is_refused(tmp_path, speed):
    command = [sys.executable, "-m", "pykube_core", "up", f"--clock={speed}"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "argument --clock: expected real, virtual or a number above 0" in done.stderr


def test_a_port_that_is_taken_is_one_line(tmp_path):
    with up(tmp_path) as control_plane:
        port = control_plane.url.rpartition(":")[2]
        command = [sys.executable, "-m", "pykube_core", "up", "--port", port]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr.startswith("pykube up: error: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(KUBECTL is None, reason="kubectl is not installed")
def test_kubectl_takes_it_for_a_cluster(tmp_path):
    with up(tmp_path, "--clock", "60") as control_plane:
        kubectl = control_plane.kubectl
        assert "host1" in kubectl("get", "nodes", "-o", "wide")
        assert kubectl("apply", "-f", "-", stdin=DEPLOYMENT).endswith("created\n")
        status = kubectl("rollout", "status", "deploy/httpd-ken", "--timeout=30s")
        assert "successfully rolled out" in status
        assert kubectl("get", "pods").count("Running") == 2
        assert kubectl("scale", "deploy/httpd-ken", "--replicas=3").endswith("scaled\n")
        assert kubectl("apply", "-f", "-", stdin=DEPLOYMENT).endswith("configured\n")
        kubectl("set", "image", "deploy/httpd-ken", "httpd=nginx")
        kubectl("rollout", "status", "deploy/httpd-ken", "--timeout=30s")
        kubectl("rollout", "undo", "deploy/httpd-ken")
        assert "httpd-ken" in kubectl("describe", "deploy", "httpd-ken")
        kubectl("cordon", "host1")
        assert "SchedulingDisabled" in kubectl("get", "nodes")
        kubectl("delete", "deploy", "httpd-ken")
        assert kubectl("get", "deploy") == ""
