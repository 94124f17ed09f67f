"""What the columns of `qc/recordings.parquet` mean, as README and report tell it."""

from collections.abc import Mapping

QUALITY: Mapping[str, str] = {
    "subject": "as in recordings.csv",
    "session": "as in recordings.csv",
    "eeg_sfreq": "sampling rate of the EEG file, Hz",
    "sfreq": "sampling rate of the EEG features, Hz: `[eeg] sfreq`, or that of a slower file",
    "h_freq": "upper end of the pass band, Hz",
    "notch": "frequencies that were taken out, Hz",
    "eeg_duration_s": "length of the EEG file, s",
    "n_windows": "windows of all trials, lost ones included",
    "eeg_good": "mean of `good` over the windows of the EEG tables: share of samples recorded and "
    "not flagged, of channels neither flat nor bad; 1 is clean",
    "bad_channels": "channel:reason of those found or flagged bad",
    "interpolated_channels": "bad channels that were computed from their neighbours",
    "reference": "channels whose mean was subtracted",
    "eog_channels": "channels that eye movements were regressed out with",
    "eog_weights": "channel:weight of each EOG channel",
    "n_channels": "EEG channels that have columns",
    "n_trials": "trials in the tables",
    "trials_cut_short": "trials that lost windows to the end of the EEG file",
    "flat_channels": "channels that are flat in at least one window, NaN there",
    "eye_format": "format of the eye export",
    "eye_sfreq": "sampling rate of the eye tracker, Hz",
    "eye_side": "eye that was taken",
    "eye_events_from": "who found the events: export, or the detector",
    "eye_onsets": "recorded, or estimated where the export has no times of events",
    "eye_good": "mean of `good` over the windows of the eye table: share that the eye was seen; "
    "1 is all the time",
    "n_fixations": "fixations of the whole recording; empty where the export tells nothing of them",
    "n_saccades": "saccades of the whole recording; empty as above",
    "n_blinks": "blinks of the whole recording; empty as above",
    "clock_source": "how the eye's times came on the clock of the EEG: triggers, offset, or trials",
    "clock_offset_s": "seconds of the EEG where the tracker's clock is 0; with a drift this is no "
    "`eye_offset` to give",
    "clock_drift_ppm": "seconds that the tracker's clock loses in a million; usual: -100 to 100; 0 "
    "is assumed where the source is an offset, and 80 unseen ppm are 0.3 s in an hour",
    "clock_shared_marks": "marks of both recordings that fit",
    "clock_marks_left_out": "marks of names that both have and that do not fit; many bode ill",
    "clock_residual_ms": "median distance of the marks from the fit, ms; a few are usual",
    "clock_residual_max_ms": "largest such distance, ms",
    "eye_trials_cut_short": "trials with windows outside the eye recording",
    "warnings": "what was told of the recording while its tables were made, a line each",
}
"""Column -> meaning, in the order of the table."""

RELEASED_QUALITY: Mapping[str, str] = {
    "column_order": "what runs slower in 310 flat columns, how that is known, and the margins of "
    "each witness, above 0 for channel by channel",
    "bands": "share of channels and windows in which delta is above gamma, as it should be",
    "standardised": "families that were standardised before the release, and over what; test "
    "windows took part in it",
    "eye_columns": "whose order the eye columns have, and the share of relations between them that "
    "hold in it",
    "eye_session": "whether the eyes are of the same session as the EEG, where their names do not "
    "tell, and how that is known",
    "eye_constant": "share of trials in which the nine event statistics are the same in all "
    "windows; 1 as published",
}
"""The same of columns that only tables of released features have."""
