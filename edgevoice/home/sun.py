"""When the sun rises and sets at the home: from Home Assistant's sun, else worked out for the settings' place."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

from edgevoice.home.model import Home

_HORIZON = -0.833  # degrees: refraction, and the disc's upper edge
_J2000 = datetime(2000, 1, 1, 12, tzinfo=UTC)


def next_event(home: Home, is_sunset: bool, now: datetime) -> datetime | None:
    """The next sunset or sunrise after `now`, a local time without a zone; None where neither a sun nor a place is known."""
    reported = _reported(home, "setting" if is_sunset else "rising")
    if reported is not None and reported > now:
        return reported
    if home.place is None:
        return None
    for days in range(366):  # above the polar circles it may be long
        found = event(*home.place, is_sunset, now + timedelta(days=days - 1))
        if found is not None and found > now:
            return found
    return None


def event(latitude: float, longitude: float, is_sunset: bool, day: datetime) -> datetime | None:
    """Sunset or sunrise of the solar day nearest to `day`, within two minutes; None where the sun does not cross."""
    day_number = round((day.astimezone(UTC) - _J2000).total_seconds() / 86_400 + longitude / 360)
    noon = day_number - longitude / 360
    anomaly = math.radians((357.5291 + 0.98560028 * noon) % 360)
    centre = 1.9148 * math.sin(anomaly) + 0.02 * math.sin(2 * anomaly) + 0.0003 * math.sin(3 * anomaly)
    ecliptic = math.radians((math.degrees(anomaly) + centre + 282.9372) % 360)
    transit = noon + 0.0053 * math.sin(anomaly) - 0.0069 * math.sin(2 * ecliptic)
    declination = math.asin(math.sin(ecliptic) * math.sin(math.radians(23.4397)))
    phi = math.radians(latitude)
    cosine = (math.sin(math.radians(_HORIZON)) - math.sin(phi) * math.sin(declination)) / (
        math.cos(phi) * math.cos(declination)
    )
    if not -1.0 <= cosine <= 1.0:
        return None
    half = math.degrees(math.acos(cosine)) / 360
    at = _J2000 + timedelta(days=transit + half if is_sunset else transit - half)
    return at.astimezone().replace(tzinfo=None)


def _reported(home: Home, way: str) -> datetime | None:
    """Of `sun.sun`, or a sensor such as `Sun next setting`."""
    texts = [str(home.state("sun.sun").attributes.get(f"next_{way}", ""))]
    texts += [
        home.state(device.id).value
        for device in home.devices.values()
        if device.device_class == "timestamp" and device.name.casefold().endswith(f"next {way}")
    ]
    for text in texts:
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            continue
        return at.astimezone().replace(tzinfo=None) if at.tzinfo else at
    return None
