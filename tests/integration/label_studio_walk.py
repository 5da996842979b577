"""What a person does with Label Studio and the backend, through Label Studio's SDK.

Run by the Python that has Label Studio: ``label_studio_walk.py LABEL_STUDIO TOKEN BACKEND CONFIG
PHOTO...``. The last line that it prints is JSON, of what it saw.
"""

import json
import sys
import time

import requests
from label_studio_sdk import LabelStudio


def walk(address, token, backend, config, photos):
    """Make a project, connect the backend, ask, annotate, train, export."""
    seen = {}
    client = LabelStudio(base_url=address, api_key=token)
    project = client.projects.create(title="digits", label_config=config)
    upload(address, token, project.id, photos)
    tasks = wait(lambda: [*client.tasks.list(project=project.id)], len(photos))

    model = client.ml.create(project=project.id, url=backend, title="model", is_interactive=True)
    seen["state"] = client.ml.get(model.id).state
    client.projects.update(project.id, model_version="model")

    # Data Manager, Retrieve Predictions.
    client.actions.create(
        project=project.id, id="retrieve_tasks_predictions", selected_items={"all": True}
    )
    predicted = wait(lambda: [*client.predictions.list(project=project.id)], len(photos))
    seen["predictions"] = {each.task: ticked(each.result) for each in predicted}
    seen["versions"] = sorted({each.model_version for each in predicted})

    # Ask again, with a tick.
    result = tick("digit 3")
    client.ml.predict_interactive(model.id, task=tasks[0].id, context={"result": result})
    answer = requests.post(
        f"{address}/api/ml/{model.id}/interactive-annotating",
        json={"task": tasks[0].id, "context": {"result": result}},
        headers=authorized(address, token),
        timeout=60,
    ).json()
    seen["asked again"] = answer
    seen["order"] = [task.id for task in tasks]

    for number, task in enumerate(tasks):
        client.annotations.create(
            task.id, result=tick(f"digit {number % 10}"), was_cancelled=number == 0
        )
    status = wait(lambda: requests.get(f"{backend}/status", timeout=10).json(), None)
    seen["kept"] = wait_for(
        lambda: requests.get(f"{backend}/status", timeout=10).json()["annotations"],
        len(tasks) - 1,
    )
    client.ml.train(model.id)
    seen["trained"] = wait_for(
        lambda: requests.get(f"{backend}/status", timeout=10).json()["model_version"],
        "1",
        seconds=120,
    )
    seen["status"] = status
    export = requests.get(
        f"{address}/api/projects/{project.id}/export",
        params={"exportType": "JSON", "download_all_tasks": "true"},
        headers=authorized(address, token),
        timeout=60,
    ).json()
    seen["export"] = export
    return seen


def upload(address, token, project, photos):
    """Import photos as tasks, as the browser does."""
    for photo in photos:
        with open(photo, "rb") as file:
            requests.post(
                f"{address}/api/projects/{project}/import",
                files={"file": (photo.rpartition("/")[2], file, "image/png")},
                headers=authorized(address, token),
                timeout=60,
            ).raise_for_status()


def authorized(address, token):
    """The header of an access token."""
    answer = requests.post(f"{address}/api/token/refresh/", json={"refresh": token}, timeout=60)
    return {"Authorization": f"Bearer {answer.json()['access']}"}


def tick(*labels):
    """A result with some ticks."""
    return [
        {
            "from_name": "digits",
            "to_name": "photo",
            "type": "choices",
            "value": {"choices": list(labels)},
        }
    ]


def ticked(result):
    """Labels of a result."""
    return [label for entry in result for label in entry["value"]["choices"]]


def wait(get, n, seconds=60):
    """What `get` returns, once it has `n` items."""
    end = time.monotonic() + seconds
    while True:
        found = get()
        if n is None or len(found) == n:
            return found
        if time.monotonic() > end:
            raise TimeoutError(f"{len(found)} instead of {n}")
        time.sleep(0.2)


def wait_for(get, wanted, seconds=60):
    """Wait until `get` returns what is wanted."""
    end = time.monotonic() + seconds
    while (found := get()) != wanted:
        if time.monotonic() > end:
            raise TimeoutError(f"{found!r} instead of {wanted!r}")
        time.sleep(0.2)
    return found


if __name__ == "__main__":
    address, token, backend, config, *photos = sys.argv[1:]
    print(json.dumps(walk(address, token, backend, config, photos), default=str))
