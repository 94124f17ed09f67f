"""How much of the gaze's unit is one degree at the eye."""

from featpipe.errors import ReadError
from featpipe.recording import EyeRecording

HREF = 260.0
"""Units of EyeLink's HREF in a degree (EyeLink user manual, "HREF"), where the file tells no
resolution."""


def units_per_degree(eye: EyeRecording, px_per_degree: float | None) -> float | None:
    """Return how many units of the gaze are one degree at the eye.

    Parameters
    ----------
    eye : EyeRecording
        Its gaze is in pixels of the screen ("px"), degrees ("deg"), EyeLink's "href", or another
        unit of which no degree is known ("norm", "mm").
    px_per_degree : float or None
        As the study tells it; counts before what the export tells.

    Returns
    -------
    float or None
        None when nobody knows.

    Raises
    ------
    ReadError
        When the study tells pixels and the gaze is in another unit. Gaze in degrees needs none.
    """
    unit = eye.units["gaze"]
    if unit == "deg":
        return 1.0
    if px_per_degree is not None and unit != "px":
        raise ReadError(
            f"{eye.format}: [eye] px_per_degree = {px_per_degree:g} is of gaze in pixels, and this "
            f"gaze is in {unit!r}: leave the option out"
            + (
                ", degrees are known"
                if unit == "href"
                else f" (amplitudes are in {unit!r} then), or export the gaze in pixels"
            )
        )
    if unit == "href":
        return eye.px_per_degree or HREF
    return px_per_degree or eye.px_per_degree if unit == "px" else None
