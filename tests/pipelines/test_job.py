"""Which recordings `--only` takes, and what it says of those that are not there."""

import pytest

from featpipe.errors import ConfigError
from pipelines.job import open_job


@pytest.mark.parametrize(
    ("only", "words"),
    [
        (["subject"], "--only subject: which subject? Write --only subject=01"),
        (["subject="], "--only subject=: which subject? Write --only subject=01"),
        (["subject=1"], "unknown subject '1': did you mean '01'? Known: 01, 02."),
        (["subject=01", "subject=3"], "--only subject=3: unknown subject '3'"),
        (["subject=17"], "unknown subject '17': Known: 01, 02."),
        (["session=01"], "unknown session '01': did you mean '1'? Known: 1."),
        (["subjekt=01"], "unknown key 'subjekt': did you mean 'subject'?"),
    ],
)
def test_only_gives_hints(lab, only, words):
    with pytest.raises(ConfigError) as refused:
        open_job(lab.folder, None, (), only)
    assert words in str(refused.value)


def test_only_chooses_and_remembers_the_others(lab):
    job = open_job(lab.folder, None, (), ["subject=02"])
    assert [source.subject for source in job.sources] == ["02"]
    assert [source.subject for source in job.left_out] == ["01"]


def test_a_file_is_no_folder_for_outputs(lab):
    (lab.folder / "afile").touch()
    with pytest.raises(ConfigError, match="afile: it is a file: name a folder"):
        open_job(lab.folder, lab.folder / "afile")


def test_a_study_file_among_its_outputs_has_them_there(lab):
    assert open_job(lab.folder, None).out == lab.out
    assert lab.extract("-o", str(lab.folder)) == 0
    assert open_job(lab.folder / "study.toml", None).out == lab.folder


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("study.rootx=3", "on the command line, --set study.rootx=3: [study] unknown key 'rootx'"),
        ("study.rootx=3", "threshold, task, label_column."),  # all there are
        ("fetures.a=3", "on the command line, --set fetures.a=3: unknown section 'fetures'"),
        ("train.seeds=[-1]", "on the command line, --set train.seeds=[-1]: [train] seeds = [-1]"),
        ("features.window_s=true", "--set features.window_s=true: [features] window_s = True"),
    ],
)
def test_what_is_wrong_on_the_command_line_is_not_said_of_the_file(lab, override, words):
    with pytest.raises(ConfigError) as refused:
        open_job(lab.folder, None, [override])
    assert words in str(refused.value)
    assert "study.toml" not in str(refused.value)
