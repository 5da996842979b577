"""What a person sees in Label Studio: a form that the model filled, and fills anew when asked.

Run by a Python that has Label Studio's SDK and playwright: ``label_studio_browser.py CHROMIUM
LABEL_STUDIO TOKEN EMAIL PASSWORD BACKEND CONFIG FOLDER PHOTO...``. Screenshots go to FOLDER. The
last line that it prints is JSON, of what it saw.
"""

import json
import sys
from contextlib import contextmanager
from pathlib import Path

from label_studio_sdk import LabelStudio
from label_studio_walk import authorized, requests, upload, wait
from playwright.sync_api import sync_playwright

SECONDS = 1000  # of playwright's milliseconds


def walk(chromium, address, token, email, password, backend, config, folder, photos):
    """Prepare a project, then label its first task in the browser."""
    client = LabelStudio(base_url=address, api_key=token)
    project = client.projects.create(title="digits", label_config=config)
    upload(address, token, project.id, photos)
    wait(lambda: [*client.tasks.list(project=project.id)], len(photos))
    client.ml.create(project=project.id, url=backend, title="model", is_interactive=True)
    # Settings, Annotation: "Use predictions to prelabel tasks".
    client.projects.update(project.id, model_version="model", show_collab_predictions=True)
    # Data Manager: "Retrieve Predictions".
    client.actions.create(
        project=project.id, id="retrieve_tasks_predictions", selected_items={"all": True}
    )
    wait(lambda: [*client.predictions.list(project=project.id)], len(photos))
    with page_of(chromium) as page:
        seen = label(Form(page, Path(folder)), address, email, password, project.id)
    export = requests.get(
        f"{address}/api/projects/{project.id}/export",
        params={"exportType": "JSON"},
        headers=authorized(address, token),
        timeout=60,
    )
    seen["export"] = export.json()
    seen["status"] = requests.get(f"{backend}/status", timeout=10).json()
    return seen


@contextmanager
def page_of(chromium):
    """A page of a browser without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.set_default_timeout(60 * SECONDS)
        yield page
        browser.close()


class Form:
    """The form of a task."""

    def __init__(self, page, folder):
        self.page, self._folder, self._n_shots = page, folder, 0

    def shot(self, name):
        """Take a screenshot."""
        self._n_shots += 1
        self.page.screenshot(path=self._folder / f"{self._n_shots}_{name}.png")

    def ticked(self):
        """The labels that are ticked."""
        boxes = self.page.locator("input[type=checkbox][name]").all()
        return [box.get_attribute("name") for box in boxes if box.is_checked()]

    def ask(self):
        """Ask the model again; what it takes for known."""
        with self.page.expect_response("**/interactive-annotating*") as answer:
            self.page.fill("input[name=ask]", "?")
            self.page.press("input[name=ask]", "Enter")
        self.page.wait_for_timeout(SECONDS)
        return answer.value.json()["data"]["result"][0]["meta"]["sklearn_ctran"]["known"]


def label(form, address, email, password, project):
    """Log in, open a task, tick, ask again, submit; what was seen."""
    page = form.page
    page.goto(f"{address}/user/login")
    page.fill("input[name=email]", email)
    page.fill("input[name=password]", password)
    page.click("button[type=submit]")
    page.wait_for_url(lambda url: "/user/login" not in url, wait_until="commit")
    page.goto(f"{address}/projects/{project}/data?labeling=1")
    page.wait_for_selector("input[name=grey]")
    page.wait_for_timeout(2 * SECONDS)
    seen = {"filled": form.ticked()}
    form.shot("filled")
    page.check("input[name=sun]")
    seen["ticked"] = form.ticked()
    form.shot("ticked")
    seen["known"] = form.ask()
    seen["asked"] = form.ticked()
    form.shot("asked_again")
    page.uncheck("input[name=grey]")
    seen["known then"] = form.ask()
    seen["asked twice"] = form.ticked()
    form.shot("asked_twice")
    with page.expect_response(
        lambda answer: "/annotations" in answer.url and answer.request.method == "POST"
    ) as answer:
        page.get_by_role("button", name="Submit").first.click()
    seen["submitted"] = answer.value.status
    page.wait_for_timeout(2 * SECONDS)
    form.shot("submitted")
    return seen


if __name__ == "__main__":
    *arguments, folder = sys.argv[1:9]
    print(json.dumps(walk(*arguments, folder, sys.argv[9:]), default=str))
