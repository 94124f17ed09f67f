import dataclasses

import numpy as np
import pytest
from scipy.signal import welch

from featpipe.montage import CAP62
from featpipe.schema import BANDS
from featpipe.simulate.eeg import AMPLIFIER_UV, emotion_gain_db, render_eeg, source_density
from featpipe.simulate.eog import eog_sources
from featpipe.simulate.head import FILE_CHANNELS, REGIONS, electrode_positions, lead_field
from featpipe.simulate.scanpath import draw_scanpath
from featpipe.simulate.session import draw_session
from featpipe.simulate.subject import EEG_EFFECTS, draw_subject
from featpipe.simulate.world import SimulationSettings

SETTINGS = SimulationSettings(n_trials=6, trial_s=10.0, sfreq=250)


def average_person(settings: SimulationSettings):
    """A person who reacts as the population does, with ordinary levels."""
    effects = np.array(list(EEG_EFFECTS.values()))
    person = draw_subject(settings, 1, 1)
    level_db = np.zeros_like(person.level_db)
    return dataclasses.replace(
        person, eeg_effects=effects, level_db=level_db, alpha_db=9.0, exponent=1.2, alpha_hz=10.2
    )


@pytest.fixture(scope="module")
def world():
    subject, session = average_person(SETTINGS), draw_session(SETTINGS, 1, 1)
    return subject, session, draw_scanpath(SETTINGS, subject, session)


def render(world, label=None):
    """Render with one emotion at full intensity from begin to end, or with none."""
    subject, session, scanpath = world
    feeling = np.zeros_like(session.feeling)
    if label is not None:
        feeling[label] = 1.0
    return render_eeg(SETTINGS, subject, dataclasses.replace(session, feeling=feeling), scanpath)


@pytest.fixture(scope="module")
def rest(world):
    return render(world)


def density(channels, names):
    rows = [FILE_CHANNELS.index(name) for name in names]
    freqs, power = welch(channels[rows].astype(float), SETTINGS.sfreq, nperseg=1000)
    return freqs, power.mean(0)


def band_db(channels, names, band):
    low, high = BANDS[band]
    freqs, power = density(channels, names)
    mains = np.abs(freqs - 50.0) < 1.0
    return 10 * np.log10(power[(freqs >= low) & (freqs < high) & ~mains].sum())


def test_channels_are_the_cap_with_mastoids_in_the_middle_and_eyes_last():
    assert len(FILE_CHANNELS) == 66
    assert set(FILE_CHANNELS) - set(CAP62) == {"M1", "M2", "HEO", "VEO"}
    assert [name for name in FILE_CHANNELS if name in CAP62] == list(CAP62)
    assert FILE_CHANNELS[-2:] == ("HEO", "VEO")
    assert 10 < FILE_CHANNELS.index("M1") < FILE_CHANNELS.index("M2") < 56


def test_electrodes_lie_where_the_system_says():
    place: dict[str, np.ndarray] = dict(zip(CAP62, electrode_positions(CAP62), strict=True))
    assert np.allclose(np.linalg.norm(list(place.values()), axis=1), 1.0)
    assert np.allclose(place["CZ"], [0, 0, 1], atol=1e-12)
    assert np.allclose(place["C4"], [np.sin(np.pi / 5), 0, np.cos(np.pi / 5)])
    for left, right in (("F3", "F4"), ("O1", "O2"), ("CB1", "CB2"), ("TP7", "TP8")):
        assert np.allclose(place[left] * (-1, 1, 1), place[right])
    assert place["FP1"][1] > place["F3"][1] > 0 > place["P3"][1] > place["O1"][1]
    angle = np.degrees(np.arccos(np.clip(np.array(list(place.values())) @ place["FZ"], -1, 1)))
    nearest = [CAP62[i] for i in np.argsort(angle)[1:3]]
    assert set(nearest) == {"F1", "F2"}


def test_every_source_is_in_one_region():
    names = [name for region in REGIONS.values() for name in region]
    assert sorted(names) == sorted(CAP62)


def test_the_reference_is_missing_from_all_channels_alike():
    weights = lead_field()
    scalp = weights[:-2]
    power = (scalp**2).sum(1)
    quietest = {FILE_CHANNELS[i] for i in np.argsort(power)[:2]}
    assert quietest == {"CZ", "CPZ"}  # the reference lies between them
    assert 0.8 < np.median(power) < 2.5


def expected_change_db(subject, names, band, label):
    """What the lead field lets through of the effects, without noise, eyes and mains."""
    low, high = BANDS[band]
    power = source_density(subject, np.arange(low, high, 0.25)).sum(1)
    gain_db = np.zeros(len(CAP62))
    for (region, its_band), effect in EEG_EFFECTS.items():
        for name in REGIONS[region]:
            gain_db[CAP62.index(name)] += effect[label] * (its_band == band)
    weights = lead_field()[[FILE_CHANNELS.index(name) for name in names]] ** 2
    return 10 * np.log10((weights @ (power * 10 ** (gain_db / 10))).sum() / (weights @ power).sum())


@pytest.mark.parametrize(
    ("band", "label", "names", "sign"),
    [
        ("gamma", 2, ["T7", "T8"], 1),
        ("gamma", 2, ["OZ"], 0),
        ("beta", 2, ["T7", "FT7"], 1),
        ("gamma", 0, ["FPZ", "FP1", "FP2"], 1),
        ("gamma", 0, ["PZ"], 0),
        ("alpha", 1, ["OZ", "POZ", "PZ"], 1),
        ("alpha", 2, ["F5", "F3"], -1),
        ("alpha", 0, ["F5", "F3"], 1),
        ("alpha", 2, ["F6", "F4"], 1),
        ("delta", 0, ["OZ", "O1", "O2"], 1),
        ("theta", 0, ["FZ", "OZ"], 0),
    ],
)
def test_intensity_moves_the_promised_band_at_the_promised_region(
    world, rest, band, label, names, sign
):
    expected = expected_change_db(world[0], names, band, label)
    assert abs(expected) > 0.3 if sign else abs(expected) < 0.1
    assert np.sign(expected) * abs(sign) == sign
    change = band_db(render(world, label), names, band) - band_db(rest, names, band)
    assert change == pytest.approx(expected, abs=max(0.1, 0.4 * abs(expected)))


def test_asymmetry_turns_with_valence(world):
    def asymmetry(label):
        channels = render(world, label)
        return band_db(channels, ["F6", "F4"], "alpha") - band_db(channels, ["F5", "F3"], "alpha")

    left, right = ["F5", "F3"], ["F6", "F4"]
    expected = [
        expected_change_db(world[0], right, "alpha", label)
        - expected_change_db(world[0], left, "alpha", label)
        for label in (0, 2)
    ]
    assert expected[0] < -0.5 < 0.5 < expected[1]
    change = asymmetry(2) - asymmetry(0)
    assert change == pytest.approx(expected[1] - expected[0], rel=0.4)


def test_gain_of_the_sources_is_effect_times_intensity(world):
    subject, session, _ = world
    gain = emotion_gain_db(subject, session.feeling)
    at = list(REGIONS).index("temporal_left"), list(BANDS).index("gamma")
    expected = np.array(EEG_EFFECTS["temporal_left", "gamma"]) @ session.feeling
    assert np.allclose(gain[at], expected)
    assert np.all(gain[list(REGIONS).index("central")] == 0.0)


def test_background_falls_with_the_persons_exponent(world):
    subject, session, scanpath = world
    slopes = []
    for exponent in (0.9, 1.5):
        person = dataclasses.replace(subject, exponent=exponent, alpha_db=-40.0)
        freqs, power = density(render_eeg(SETTINGS, person, session, scanpath), ["P3", "P4", "O1"])
        fit = (freqs >= 2) & (freqs <= 45)
        slopes.append(np.polyfit(np.log(freqs[fit]), np.log(power[fit]), 1)[0])
    assert slopes == pytest.approx([-0.9, -1.5], abs=0.2)


@pytest.mark.parametrize("alpha_hz", [9.0, 11.5])
def test_alpha_peaks_where_the_person_has_it_and_at_the_back(world, alpha_hz):
    subject, session, scanpath = world
    person = dataclasses.replace(subject, alpha_hz=alpha_hz)
    channels = render_eeg(SETTINGS, person, session, scanpath)
    freqs, back = density(channels, ["OZ", "O1", "O2", "POZ"])
    inside = (freqs > 7) & (freqs < 14)
    whitened = back[inside] * freqs[inside] ** person.exponent
    assert np.average(freqs[inside], weights=whitened**2) == pytest.approx(alpha_hz, abs=0.5)
    front = density(channels, ["F3", "F4"])[1]
    at_peak, beside = np.abs(freqs - alpha_hz) <= 1.0, np.abs(freqs - 20.0) <= 2.0
    rise = [power[at_peak].mean() / power[beside].mean() for power in (back, front)]
    assert rise[0] > 1.5 * rise[1]


def test_source_density_is_the_formula():
    subject = average_person(SETTINGS)
    freqs = np.array([0.0, 0.5, 1.0, 20.0, 40.0, 120.0])
    power = source_density(subject, freqs)
    assert power.shape == (62, 6)
    assert np.all(power[:, [0, 5]] == 0.0)
    assert np.allclose(power[:, 1], power[:, 2])
    assert np.allclose(power[:, 4] / power[:, 3], 2**-1.2)


def test_neighbours_share_a_signal_and_distant_channels_hardly(rest):
    spectrum = np.fft.rfft(rest.astype(float))
    freqs = np.fft.rfftfreq(rest.shape[1], 1 / SETTINGS.sfreq)
    spectrum[:, (freqs < 14) | (freqs > 45)] = 0
    correlation = np.asarray(np.corrcoef(np.fft.irfft(spectrum)))
    i = FILE_CHANNELS.index
    assert correlation[i("F3"), i("F1")] > 0.6
    assert correlation[i("O1"), i("OZ")] > 0.6
    assert correlation[i("F7"), i("O2")] < 0.55  # what is left is the common reference


def test_blinks_stand_in_veo_and_the_front_when_the_lids_close(world, rest):
    subject, _, scanpath = world
    time = np.arange(rest.shape[1]) / SETTINGS.sfreq
    lid = eog_sources(scanpath, rest.shape[1], SETTINGS.sfreq)[2]
    covered = np.zeros(time.size, dtype=bool)
    for closed, opened in zip(scanpath.closed, scanpath.opened, strict=True):
        covered |= (time >= closed) & (time <= opened)
    assert lid[covered].min() > 0.2
    assert lid[~covered].mean() < 0.1 * lid[covered].mean()
    high = rest - np.median(rest, axis=1, keepdims=True)
    jump = high[:, covered].mean(1) - high[:, ~covered & (lid == 0)].mean(1)
    i = FILE_CHANNELS.index
    assert 0.4 * subject.blink_uv < jump[i("VEO")] < 1.1 * subject.blink_uv
    assert jump[i("FPZ")] > 0.3 * jump[i("VEO")]
    assert abs(jump[i("OZ")]) < 0.1 * jump[i("VEO")]


def test_gaze_stands_in_heo_with_opposite_signs_at_the_temples(world, rest):
    _, _, scanpath = world
    lag = SETTINGS.sfreq // 10  # steps within 0.1 s: saccades, not drift

    def steps(signal):
        return signal[lag:].astype(float) - signal[:-lag].astype(float)

    right, _, lid = (steps(movement) for movement in eog_sources(scanpath, rest.shape[1], 250))
    still = np.abs(lid) < 1e-6

    def slope(name):
        return np.polyfit(right[still], steps(rest[FILE_CHANNELS.index(name)])[still], 1)[0]

    assert slope("HEO") == pytest.approx(15.0, abs=0.5)
    assert slope("F8") > 0.5
    assert slope("F7") < -0.5
    assert abs(slope("OZ")) < 0.4


def test_mains_offset_drift_and_amplifier_noise_are_there(world, rest):
    freqs, power = density(rest, ["P3", "PZ", "P4"])
    mains = np.argmin(np.abs(freqs - 50.0))
    assert power[mains] > 2 * power[mains + 8]
    floor = power[(freqs > 115) & (freqs < 122)].mean()
    assert floor == pytest.approx(AMPLIFIER_UV**2 / (SETTINGS.sfreq / 2), rel=0.1)
    offsets = rest.mean(1)
    assert 300 < offsets.std() < 750
    assert rest.dtype == np.float32
    assert rest.shape == (66, round(world[1].duration_s * SETTINGS.sfreq))


def test_the_rate_of_the_recording_changes_only_the_sampling(world):
    subject, session, scanpath = world
    fast = dataclasses.replace(SETTINGS, sfreq=1000)
    both = [
        render_eeg(settings, subject, session, scanpath)[FILE_CHANNELS.index("PZ")].astype(float)
        for settings in (SETTINGS, fast)
    ]
    power = [
        welch(signal, settings.sfreq, nperseg=2 * settings.sfreq)[1][2:80]
        for signal, settings in zip(both, (SETTINGS, fast), strict=True)
    ]
    assert np.abs(10 * np.log10(power[0] / power[1])).mean() < 1.0
