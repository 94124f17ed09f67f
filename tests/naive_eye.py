"""The obvious slow version of the 33 eye columns, one window and one event at a time."""

import itertools

import numpy as np

BLINK_S = MARGIN_S = 0.05
BETWEEN_S = 0.1
LID_S = {"eyelink_asc": 0.01}  # losses that are lids; of other trackers BLINK_S
BANDS = ((0.0, 0.2), (0.2, 0.4), (0.4, 0.6), (0.6, 1.0))


def eye_features(eye, side, grid, settings):
    """Values (n_windows, 33) and good (n_windows,), in the order of the contract."""
    events = [dict(row) for _, row in eye.events.sort_values("onset").iterrows()]
    events = [e for e in events if e["eye"] == side and e["duration"] >= 0]
    samples = eye.samples[["time", f"pupil_x_{side}", f"pupil_y_{side}", f"valid_{side}"]]
    samples = [tuple(row) for row in samples.to_numpy(dtype=float)]
    trial = (grid.start / grid.sfreq, (grid.start + grid.n_times) / grid.sfreq)
    lid_s = LID_S.get(eye.format, BLINK_S)
    clear, sized = _clear_and_sized(samples, events, lid_s)
    unseen = _unseen(samples, events, settings.max_blink_s)
    rows, good = [], []
    for start in grid.starts:
        first = grid.start + start
        window = (first / grid.sfreq, (first + grid.n_window) / grid.sfreq)
        share = _good(samples, events, eye, window)
        row = _pupil(samples, events, window, trial, settings.pupil_window_s, lid_s)
        row += _dispersion(events, window)
        if share == 0:
            row = [np.nan] * 16
        row += _durations(events, window, settings.max_blink_s)
        scope = trial if settings.event_scope == "trial" else window
        row += _event_statistics(events, scope, trial, settings.max_blink_s, unseen)
        used = share
        if samples:  # edges make up a tenth where fewer are clear
            among = [
                [(*s[:3], s[3] and s[0] in chosen) for s in samples] for chosen in (clear, sized)
            ]
            of_clear, of_sized = (_good(part, events, eye, window) for part in among)
            used = max(of_clear, 0.1 * of_sized)
        if not events:
            row[12:] = [np.nan] * 21
        if share == 0 and _is_outside(samples, eye, window):
            row[12:24] = [np.nan] * 12
        if _is_outside(samples, eye, scope):
            row[24:] = [np.nan] * 9
        rows.append(row)
        good.append(used)
    return np.array(rows), np.array(good)


def _good(samples, events, eye, window):
    if samples:
        inside = [valid for time, _, _, valid in samples if window[0] <= time < window[1]]
        return sum(inside) / len(inside) if inside else 0.0
    fine = np.linspace(*window, 20001)[:-1] + (window[1] - window[0]) / 40000
    seen = np.zeros(fine.size, dtype=bool)
    for e in events:  # from its onset up to the next event that begins within 0.1 s of its end
        end = e["onset"] + e["duration"]
        near = [n["onset"] for n in events if end < n["onset"] <= end + BETWEEN_S]
        seen |= (fine >= e["onset"]) & (fine < max([end, *near]))
    for e in events:
        if e["kind"] == "blink":
            seen &= ~((fine >= e["onset"]) & (fine < e["onset"] + e["duration"]))
    return seen.mean()


def _is_outside(samples, eye, span):
    """Whether the tracker ran at no moment of the span."""
    stretches = [(time, time) for time, *_ in samples]
    stretches += [
        (r["onset"], r["onset"] + max(r["duration"], 0)) for _, r in eye.events.iterrows()
    ]
    first, last = min(a for a, _ in stretches), max(b for _, b in stretches)
    return span[1] <= first or span[0] >= last


def _pupil(samples, events, window, trial, length_s, lid_s):
    values, weights = _pupil_in(samples, events, window, lid_s)
    means, stds, entropies = [], [], []
    for axis in (0, 1):
        pupil = np.array([v[axis] for v in values])
        if len(pupil) == 0:
            return [np.nan] * 12
        mean = np.average(pupil, weights=weights)
        means.append(mean)
        stds.append(np.sqrt(np.average((pupil - mean) ** 2, weights=weights)))
        trace = _trace(samples, events, axis, trial, lid_s)
        entropies += _entropy(*trace, sum(window) / 2, length_s)
    return means + stds + entropies


def _pupil_in(samples, events, window, lid_s):
    if samples:
        inside = [s for s in _seen(samples, events, lid_s) if window[0] <= s[0] < window[1]]
        n_clear = sum(s[3] for s in inside)
        wanting = max(0.1 * len(inside) - n_clear, 0)
        weighed = [(s[1:3], 1.0 if s[3] else wanting / (len(inside) - n_clear)) for s in inside]
        weighed = [(size, weight) for size, weight in weighed if weight > 0]
        return [size for size, _ in weighed], [weight for _, weight in weighed]
    values, weights = [], []
    for e in events:
        shared = min(e["onset"] + e["duration"], window[1]) - max(e["onset"], window[0])
        if e["kind"] == "fixation" and shared > 0:
            values.append((e["pupil_x"], e["pupil_y"]))
            weights.append(shared)
    return values, weights


def _usual(sizes):
    return np.median([b[0] - a[0] for a, b in itertools.pairwise(sizes)])


def _spoilt(samples, events, lid_s):
    """Times within the margin of a blink of the export or of a silence between sizes."""
    sizes = [s for s in samples if s[3] and not np.isnan(s[1])]
    lost = [(e["onset"], e["onset"] + e["duration"]) for e in events if e["kind"] == "blink"]
    usual = _usual(sizes)
    for a, b in itertools.pairwise(sizes):
        if b[0] - a[0] - usual > lid_s:
            lost.append((a[0], b[0]))
    return {s[0] for s in samples for a, b in lost if a - MARGIN_S <= s[0] <= b + MARGIN_S}


def _seen(samples, events, lid_s):
    """Valid samples as (time, x, y, is clear of blinks)."""
    bad = _spoilt(samples, events, lid_s)
    return [(*s[:3], s[0] not in bad) for s in samples if s[3] and not np.isnan(s[1])]


def _clear_and_sized(samples, events, lid_s):
    """Times that no blink spoils among those with a size or between two as far apart as usual."""
    sizes = [s for s in samples if s[3] and not np.isnan(s[1])]
    if len(sizes) < 2:  # no pupil, nothing to fill in
        return ({s[0] for s in samples},) * 2
    sized, usual = {s[0] for s in sizes}, _usual(sizes)
    for a, b in itertools.pairwise(sizes):
        if b[0] - a[0] <= 1.5 * usual:
            sized |= {s[0] for s in samples if a[0] < s[0] < b[0]}
    return sized - _spoilt(samples, events, lid_s), sized


def _trace(samples, events, axis, trial, lid_s):
    """Time and pupil at 20 Hz; whatever lies outside the trial is thrown away first."""
    if samples:
        seen = [s for s in _seen(samples, events, lid_s) if trial[0] <= s[0] < trial[1]]
        bins = {}
        for s in [s for s in seen if s[3]] or seen:
            bins.setdefault(np.floor(s[0] * 20 + 0.5), []).append((s[0], s[1 + axis]))
        points = [np.mean(pairs, axis=0) for _, pairs in sorted(bins.items())]
    else:
        fixations = [e for e in events if e["kind"] == "fixation"]
        points = [(e["onset"] + e["duration"] / 2, e["pupil_" + "xy"[axis]]) for e in fixations]
        points = sorted(p for p in points if trial[0] <= p[0] < trial[1])
    whole = range(int(trial[0] * 20) - 1, int(trial[1] * 20) + 2)
    time = np.array([k / 20 for k in whole if trial[0] <= k / 20 < trial[1]])
    return time, np.interp(time, *np.array(points).T)


def _entropy(time, pupil, centre, length_s):
    n = min(round(length_s * 20), len(pupil))
    first = round((centre - time[0]) * 20 - n / 2)
    first = min(max(first, 0), len(pupil) - n)
    x = pupil[first : first + n] - pupil[first : first + n].mean()
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n)
    entropies = []
    for low, high in BANDS:
        variance = 0.0
        if n / 20 < 1 / high:
            entropies.append(np.nan)
            continue
        for k in range(n // 2 + 1):
            if low <= k * 20 / n < high:
                wave = np.exp(-2j * np.pi * k * np.arange(n) / n)
                sides = 1 if k in (0, n / 2) else 2
                variance += sides * abs(np.sum(hann * x * wave)) ** 2 / (n * np.sum(hann**2))
        entropies.append(0.5 * np.log(2 * np.pi * np.e * variance) if variance > 0 else np.nan)
    return entropies


def _starting(events, kind, span):
    return [e for e in events if e["kind"] == kind and span[0] <= e["onset"] < span[1]]


def _known(values):
    return [v for v in values if not np.isnan(v)]


def _mean(values):
    return np.mean(_known(values)) if _known(values) else _nothing(values)


def _std(values):
    return np.std(_known(values)) if _known(values) else _nothing(values)


def _nothing(values):
    return np.nan if len(values) else 0.0  # events of which the quantity is not known, or none


def _dispersion(events, window):
    fixations = _starting(events, "fixation", window)
    x, y = ([e["dispersion_" + axis] for e in fixations] for axis in "xy")
    return [_mean(x), _mean(y), _std(x), _std(y)]


def _durations(events, window, max_blink_s):
    fixation = [1000 * e["duration"] for e in _starting(events, "fixation", window)]
    blink = [e["duration"] for e in _starting(events, "blink", window)]
    blink = [1000 * d for d in blink if d <= max_blink_s]
    saccades = _starting(events, "saccade", window)
    duration = [1000 * e["duration"] for e in saccades]
    amplitude = [e["amplitude"] for e in saccades]
    row = [_mean(fixation), _std(fixation), _mean(blink), _std(blink)]
    return [*row, _mean(duration), _mean(amplitude), _std(duration), _std(amplitude)]


def _unseen(samples, events, max_blink_s):
    """Pauses of the tracker, and losses of the eye that are longer than a blink."""
    if samples:
        times, seen = [s[0] for s in samples], [s[0] for s in samples if s[3]]
        longest = max(0.075, 2.5 * np.median(np.diff(times)))
        steps = [(itertools.pairwise(seen), max_blink_s), (itertools.pairwise(times), longest)]
        return [(a, b) for pairs, limit in steps for a, b in pairs if b - a > limit]
    lost = [[e["onset"], e["onset"] + e["duration"]] for e in events if e["kind"] == "blink"]
    reach = -np.inf
    for e in events:
        if e["onset"] > reach + BETWEEN_S:
            lost.append([reach, e["onset"]])
        reach = max(reach, e["onset"] + e["duration"])
    merged = []
    for a, b in [*sorted(lost), [reach, np.inf]]:
        if merged and a <= merged[-1][1]:
            merged[-1][1] = max(b, merged[-1][1])
        else:
            merged.append([a, b])
    return [(a, b) for a, b in merged if b - a > max_blink_s]


def _event_statistics(events, span, trial, max_blink_s, unseen):
    length = span[1] - span[0]
    fixations = _starting(events, "fixation", span)
    saccades = _starting(events, "saccade", span)
    blinks = [e for e in _starting(events, "blink", span) if e["duration"] <= max_blink_s]
    dispersion = _known([e["dispersion_x"] + e["dispersion_y"] for e in fixations])
    latencies, previous = [], None
    for e in _starting(events, "saccade", trial):
        if previous is not None and span[0] <= e["onset"] < span[1]:
            since = previous["onset"] + previous["duration"]
            if not any(a <= e["onset"] and b > since + 1e-6 for a, b in unseen):
                latencies.append(1000 * max(0.0, e["onset"] - since))
        previous = e
    return [
        len(blinks) / length,
        len(fixations) / length,
        max([1000 * e["duration"] for e in fixations], default=0.0),
        sum(dispersion) if dispersion else _nothing(fixations),
        max(dispersion, default=_nothing(fixations)),
        len(saccades) / length,
        _mean([1000 * e["duration"] for e in saccades]),
        _mean([e["amplitude"] for e in saccades]),
        sum(latencies) / len(saccades) if saccades else 0.0,
    ]


def dispersion_fixations(time, x, y, max_dispersion, min_s, longest_step):
    """I-DT: from each sample on, the longest run that is whole and stays within the limit."""

    def is_fixation(first, last):
        run = slice(first, last + 1)
        is_whole = np.isfinite(x[run]).all() and np.isfinite(y[run]).all()
        is_whole = is_whole and (np.diff(time[run]) <= longest_step).all()
        return is_whole and np.ptp(x[run]) + np.ptp(y[run]) <= max_dispersion

    found, first = [], 0
    while first < len(time):
        last = first
        while last + 1 < len(time) and is_fixation(first, last + 1):
            last += 1
        if is_fixation(first, first) and last > first and time[last] - time[first] >= min_s:
            found.append((first, last))
            first = last + 1
        else:
            first += 1
    return found


def velocity(time, x, y, half, longest_step):
    """Slopes of lines through the samples from half before to half behind each one."""
    speed = np.full(len(time), np.nan)
    for i in range(half, len(time) - half):
        part = slice(i - half, i + half + 1)
        is_whole = np.isfinite([x[part], y[part]]).all()
        if is_whole and (np.diff(time[part]) <= longest_step).all():
            t = time[part] - time[i]
            speed[i] = np.hypot(np.polyfit(t, x[part], 1)[0], np.polyfit(t, y[part], 1)[0])
    return speed


def most_near_a_line(pairs, tolerance, max_drift, reach):
    """Fullest stretch of 2 x reach at any drift of the grid of `vote`."""
    step = 2 * tolerance / max(np.ptp(pairs[0]), tolerance)
    n = int(np.ceil(max_drift / step))
    most = 0
    for i in range(-n, n + 1):
        offset = pairs[1] - pairs[0] - i * step * (pairs[0] - pairs[0].mean())
        most = max([most, *(np.sum((offset >= at) & (offset <= at + 2 * reach)) for at in offset)])
    return most


def vote(pairs, tolerance, max_drift):
    """Every drift of the grid, from 0 outwards, and for each the first fullest stretch."""
    centre = pairs[0].mean()
    step = 2 * tolerance / max(np.ptp(pairs[0] - centre), tolerance)
    n = int(np.ceil(max_drift / step))
    most, best = 0, (1.0, 0.0)
    for i in sorted(range(-n, n + 1), key=abs):
        offset = np.sort(pairs[1] - centre - (1 + i * step) * (pairs[0] - centre))
        for first in offset:
            votes = offset[(offset >= first) & (offset <= first + 2 * tolerance)]
            if len(votes) > most:
                most, best = len(votes), (1 + i * step, np.median(votes) - i * step * centre)
    return best
