"""Scripts of the README that nobody here has a cluster for: they are at least what they claim."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from pipelines.cli import app

README = Path(__file__).parents[2] / "pipelines/README.md"
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README.read_text(encoding="utf-8"), re.M | re.S)


def blocks(language):
    found = [text for name, text in BLOCKS if name == language]
    assert found
    return found


def test_shell_scripts_are_well_formed():
    for text in blocks("sh"):
        done = subprocess.run(
            ["bash", "-n"], input=text, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, ""), text


def test_python_scripts_are_well_formed():
    for text in blocks("python"):
        compile(text, "README", "exec")


def test_manifests_are_well_formed_and_mount_alike():
    values, job = map(yaml.safe_load, blocks("yaml"))
    assert values["scheduler"]["mounts"] == values["worker"]["mounts"]
    pod = job["spec"]["template"]["spec"]
    [container] = pod["containers"]
    assert container["volumeMounts"] == values["worker"]["mounts"]["volumeMounts"]
    assert pod["volumes"] == values["worker"]["mounts"]["volumes"]
    image = values["worker"]["image"]
    assert container["image"] == f"{image['repository']}:{image['tag']}"
    assert container["command"][0] == "featpipe"


@pytest.mark.parametrize("verb", ["extract", "train"])
def test_options_of_jobs_exist(verb):
    told = CliRunner().invoke(app, [verb, "--help"]).output
    commands = [
        line for text in blocks("sh") for line in text.splitlines() if f"featpipe {verb} " in line
    ]
    assert commands
    for command in commands:
        words = command.partition("#")[0].partition("featpipe")[2]
        assert all(option in told for option in re.findall(r"--[a-z-]+", words)), command
