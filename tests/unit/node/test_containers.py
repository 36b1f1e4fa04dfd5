"""Images, restarts, back-offs, probes and init containers."""

from pykube_core.api.core import PODS
from pykube_core.api.core.pod.image_names import full_image, image_id
from pykube_core.api.machinery.patch import STRATEGIC_MERGE_PATCH
from pykube_core.node import Behavior

PULL_ERROR = (
    "rpc error: code = NotFound desc = failed to pull and unpack image "
    '"docker.io/library/nope:latest": failed to resolve reference "docker.io/library/nope:latest": '
    "docker.io/library/nope:latest: not found"
)


def begin(world, image="httpd", **behavior):
    world.runtime.set(image, Behavior(pull_seconds=0, start_seconds=0, **behavior))
    world.behaviors[image] = world.runtime.behavior(image)
    world.node()


def test_image_is_pulled_once_by_a_node_and_waited_for_by_others(world):
    world.node()
    world.pod("first")
    world.run(1)
    world.pod("second")
    world.run(1)
    world.run(1)
    assert world.status("second")["phase"] == "Running"
    assert "in 1s (1s including waiting)" in world.events("second")[1][2]
    world.run(10)
    world.pod("third", container={"imagePullPolicy": "IfNotPresent"})
    world.run(1)
    assert world.status("third")["phase"] == "Running"
    assert [event[1:3] for event in world.events("third")] == [
        ("Pulled", 'Container image "httpd" already present on machine'),
        ("Created", "Created container: c"),
        ("Started", "Started container c"),
    ]


def test_image_that_does_not_exist_is_tried_with_growing_pauses(world):
    world.runtime.set("nope", Behavior(pull_seconds=0, missing=True))
    world.node()
    world.pod(image="nope")
    world.run(0)
    assert world.status()["phase"] == "Pending"
    waiting = world.container()["state"]["waiting"]
    assert waiting == {"reason": "ErrImagePull", "message": PULL_ERROR}
    world.run(1)
    assert world.container()["state"]["waiting"] == {
        "reason": "ImagePullBackOff",
        "message": f'Back-off pulling image "nope": ErrImagePull: {PULL_ERROR}',
    }
    told = {(reason, message): count for _, reason, message, count in world.events()}
    assert told == {
        ("Pulling", 'Pulling image "nope"'): 1,
        ("Failed", f'Failed to pull image "nope": {PULL_ERROR}'): 1,
        ("Failed", "Error: ErrImagePull"): 1,
        ("BackOff", 'Back-off pulling image "nope"'): 1,
        ("Failed", "Error: ImagePullBackOff"): 1,
    }
    world.run(29)  # Tried after 10 s and 20 more.
    told = {message: count for _, _, message, count in world.events()}
    assert told['Pulling image "nope"'] == 3
    world.runtime.set("nope", Behavior(pull_seconds=0, start_seconds=0))
    world.run(40)
    assert world.status()["phase"] == "Running"


def test_image_that_is_never_pulled_is_missed(world):
    world.node()
    world.pod(container={"imagePullPolicy": "Never"})
    world.run(0)
    waiting = world.container()["state"]["waiting"]
    text = 'Container image "httpd" is not present with pull policy of Never'
    assert waiting == {"reason": "ErrImageNeverPull", "message": text}
    assert ("Warning", "ErrImageNeverPull", text, 1) in world.events()
    assert ("Warning", "Failed", "Error: ErrImageNeverPull", 1) in world.events()


def test_container_that_crashes_waits_longer_each_time(world):
    begin(world, run_seconds=1, exit_code=3)
    world.pod()
    world.run(1.5)  # The first restart is at once.
    container = world.container()
    assert container["restartCount"] == 1
    assert "running" in container["state"]
    last = container["lastState"]["terminated"]
    assert (last["exitCode"], last["reason"]) == (3, "Error")
    world.run(1)
    container = world.container()
    uid = world.get()["metadata"]["uid"]
    assert container["state"]["waiting"] == {
        "reason": "CrashLoopBackOff",
        "message": f"back-off 10s restarting failed container=c pod=web_default({uid})",
    }
    assert not container["ready"]
    assert world.status()["phase"] == "Running"
    text = f"Back-off restarting failed container c in pod web_default({uid})"
    assert ("Warning", "BackOff", text, 1) in world.events()
    seen = []
    for _ in range(900):
        world.run(1)
        container = world.container()
        waiting = container["state"].get("waiting", {}).get("message", "")
        pause = waiting.split(" ")[1] if waiting else ""
        if pause and (not seen or seen[-1] != (pause, container["restartCount"])):
            seen.append((pause, container["restartCount"]))
    assert seen == [
        ("10s", 1), ("20s", 2), ("40s", 3), ("1m20s", 4), ("2m40s", 5), ("5m0s", 6), ("5m0s", 7),
    ]  # fmt: skip


def test_container_that_ran_for_ten_minutes_is_restarted_at_once(world):
    begin(world, run_seconds=601, exit_code=1)
    world.pod()
    world.run(601 * 3 + 1)
    assert world.container()["restartCount"] == 3
    assert "running" in world.container()["state"]


def test_container_that_crashes_for_a_while_recovers(world):
    begin(world, run_seconds=1, exit_code=1, crash_count=3)
    world.pod()
    world.run(120)
    container = world.container()
    assert (container["restartCount"], container["ready"]) == (3, True)


def test_restart_policies_decide_what_becomes_of_a_pod(world):
    begin(world, run_seconds=1)
    world.runtime.set("bad", Behavior(pull_seconds=0, start_seconds=0, run_seconds=1, exit_code=2))
    world.pod("done", restartPolicy="Never")
    world.pod("failed", image="bad", restartPolicy="Never")
    world.pod("again", image="bad", restartPolicy="OnFailure")
    world.pod("once", restartPolicy="OnFailure")
    world.run(5)
    phases = {name: world.status(name)["phase"] for name in ("done", "failed", "again", "once")}
    assert phases == {
        "done": "Succeeded", "failed": "Failed", "again": "Running", "once": "Succeeded",
    }  # fmt: skip
    reasons = {c["type"]: c.get("reason") for c in world.status("done")["conditions"]}
    assert reasons["Initialized"] == reasons["Ready"] == "PodCompleted"
    assert world.container("done")["state"]["terminated"]["reason"] == "Completed"
    reasons = {c["type"]: c.get("reason") for c in world.status("failed")["conditions"]}
    assert reasons["Ready"] == reasons["ContainersReady"] == "PodFailed"
    assert world.container("again")["state"]["waiting"]["reason"] == "CrashLoopBackOff"


def test_readiness_comes_with_the_first_probe_behind_the_initial_delay(world):
    begin(world)
    probe = {"tcpSocket": {"port": 80}, "initialDelaySeconds": 12, "periodSeconds": 5}
    world.pod(container={"readinessProbe": probe})
    world.run(14.5)
    ready = {c["type"]: c for c in world.status()["conditions"]}["Ready"]
    assert (ready["status"], ready["reason"], ready["message"]) == (
        "False", "ContainersNotReady", "containers with unready status: [c]",
    )  # fmt: skip
    assert world.container()["started"]
    world.run(0.5)
    assert world.container()["ready"]


def test_startup_probe_comes_before_readiness(world):
    begin(world)
    startup = {"tcpSocket": {"port": 80}, "initialDelaySeconds": 3, "periodSeconds": 2}
    readiness = {"tcpSocket": {"port": 80}, "periodSeconds": 5}
    world.pod(container={"startupProbe": startup, "readinessProbe": readiness})
    world.run(3.5)
    assert not world.container()["started"]
    world.run(0.5)
    container = world.container()
    assert (container["started"], container["ready"]) == (True, False)
    world.run(1)
    assert world.container()["ready"]


def test_readiness_gate_holds_a_pod_back(world):
    begin(world)
    world.pod(readinessGates=[{"conditionType": "example.com/open"}])
    world.run(1)

    def ready():
        return {c["type"]: c for c in world.status()["conditions"]}["Ready"]

    assert ready()["reason"] == "ReadinessGatesNotReady"
    assert ready()["message"] == (
        'corresponding condition of pod readiness gate "example.com/open" does not exist.'
    )
    condition = {"type": "example.com/open", "status": "True"}
    patch = {"status": {"conditions": [*world.status()["conditions"], condition]}}
    world.server.patch(PODS, patch, "web", "default", subresource="status")
    world.run(1)
    assert ready()["status"] == "True"


def test_init_containers_run_one_after_the_other(world):
    begin(world)
    one = Behavior(pull_seconds=0, start_seconds=0, run_seconds=2)
    world.runtime.set("one", one)
    world.runtime.set("two", one)
    inits = [{"name": name, "image": name} for name in ("one", "two")]
    world.pod(initContainers=inits)
    world.run(1)
    status = world.status()
    assert status["phase"] == "Pending"
    assert "running" in status["initContainerStatuses"][0]["state"]
    waiting = {"waiting": {"reason": "PodInitializing"}}
    assert status["initContainerStatuses"][1]["state"] == waiting
    assert status["containerStatuses"][0]["state"] == waiting
    initialized = {c["type"]: c for c in status["conditions"]}["Initialized"]
    assert initialized["message"] == "containers with incomplete status: [one two]"
    world.run(2)
    status = world.status()
    assert status["initContainerStatuses"][0]["state"]["terminated"]["reason"] == "Completed"
    assert status["initContainerStatuses"][0]["ready"]
    assert "running" in status["initContainerStatuses"][1]["state"]
    world.run(2)
    assert world.status()["phase"] == "Running"
    assert world.container()["ready"]


def test_init_container_that_fails_fails_a_pod_that_never_restarts(world):
    begin(world)
    bad = Behavior(pull_seconds=0, start_seconds=0, run_seconds=1, exit_code=1)
    world.runtime.set("bad", bad)
    inits = [{"name": "bad", "image": "bad"}]
    world.pod("never", initContainers=inits, restartPolicy="Never")
    world.pod("always", initContainers=inits)
    world.run(3)
    assert world.status("never")["phase"] == "Failed"
    status = world.status("always")
    assert status["phase"] == "Pending"
    waiting = status["initContainerStatuses"][0]["state"]["waiting"]
    assert waiting["reason"] == "CrashLoopBackOff"


def test_sidecar_starts_first_runs_on_and_does_not_keep_a_pod(world):
    begin(world, run_seconds=5)
    world.runtime.set("side", Behavior(pull_seconds=0, start_seconds=0))
    side = {"name": "side", "image": "side", "restartPolicy": "Always"}
    world.pod(initContainers=[side], restartPolicy="Never")
    world.run(1)
    status = world.status()
    assert status["phase"] == "Running"
    assert status["initContainerStatuses"][0]["ready"]
    assert "running" in status["containerStatuses"][0]["state"]
    world.run(5)
    status = world.status()
    assert status["phase"] == "Succeeded"
    assert "terminated" in status["initContainerStatuses"][0]["state"]


def test_pod_that_is_active_too_long_fails(world):
    begin(world)
    world.pod(activeDeadlineSeconds=5)
    world.run(4)
    assert world.status()["phase"] == "Running"
    world.run(2)
    status = world.status()
    text = "Pod was active on the node longer than the specified deadline"
    assert (status["phase"], status["reason"], status["message"]) == (
        "Failed", "DeadlineExceeded", text,
    )  # fmt: skip
    assert ("Normal", "DeadlineExceeded", text, 1) in world.events()
    assert ("Normal", "Killing", "Stopping container c", 1) in world.events()


def test_container_that_is_told_to_crash_is_restarted(world):
    begin(world)
    world.pod()
    world.run(5)
    world.runtime.crash("default", "web", "c", 139)
    world.run(0)
    container = world.container()
    assert container["restartCount"] == 1
    assert container["lastState"]["terminated"]["exitCode"] == 139


def test_container_of_another_image_is_started_again(world):
    begin(world)
    world.runtime.set("nope", Behavior(pull_seconds=0, missing=True))
    world.pod()
    world.pod("stuck", image="nope")
    world.run(5)
    for name in ("web", "stuck"):
        patch = {"spec": {"containers": [{"name": "c", "image": "nginx"}]}}
        world.server.patch(PODS, patch, name, "default", patch_type=STRATEGIC_MERGE_PATCH)
    world.run(5)
    container = world.container()
    assert container["image"] == "docker.io/library/nginx:latest"
    assert (container["restartCount"], container["ready"]) == (1, True)
    text = "Container c definition changed, will be restarted"
    assert ("Normal", "Killing", text, 1) in world.events()
    assert world.container("stuck")["ready"]


def test_listeners_hear_of_containers_that_run_and_end(world):
    begin(world, run_seconds=1, exit_code=1, crash_count=1)
    heard = []
    world.runtime.on_run(lambda e: heard.append(("run", e.pod, e.container, e.attempt)))
    world.runtime.on_exit(lambda e: heard.append(("exit", e.pod, e.container, e.attempt)))
    world.pod()
    world.run(5)
    world.server.delete(PODS, "web", "default", grace_period_seconds=0)
    world.run(0)
    assert heard == [
        ("run", "web", "c", 0), ("exit", "web", "c", 0), ("run", "web", "c", 1),
        ("exit", "web", "c", 1),
    ]  # fmt: skip


def test_images_have_their_whole_names():
    assert full_image("httpd") == "docker.io/library/httpd:latest"
    assert full_image("a/b:1") == "docker.io/a/b:1"
    assert full_image("quay.io/a/b") == "quay.io/a/b:latest"
    assert full_image("localhost:5000/a") == "localhost:5000/a:latest"
    digest = "quay.io/a@sha256:" + "0" * 64
    assert full_image(digest) == image_id(digest) == digest
    assert image_id("httpd:2").startswith("docker.io/library/httpd@sha256:")
