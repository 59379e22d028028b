"""Who we are to the broker, and who it is to us: password, certificates."""

from __future__ import annotations

import os
import ssl

import paho.mqtt.client as paho

from edgevoice.config import MqttSettings
from edgevoice.errors import SettingsError, reason

PASSWORD_VARIABLE = "EDGEVOICE_MQTT_PASSWORD"


class Credentials:
    """Read once, at the start. Raises SettingsError for a file that cannot be used."""

    def __init__(self, settings: MqttSettings) -> None:
        self._username = settings.username
        self._password = _password(settings)
        self._tls = _context(settings) if settings.tls else None

    def give(self, client: paho.Client) -> None:
        """Sets up a client before it connects."""
        if self._username:
            client.username_pw_set(self._username, self._password)
        if self._tls is not None:
            client.tls_set_context(self._tls)


def _password(settings: MqttSettings) -> str | None:
    if settings.password_file is None:
        return os.environ.get(PASSWORD_VARIABLE)
    try:
        return settings.password_file.read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        remedy = "It must be a text file that this user may read"
        raise SettingsError(
            "mqtt.password_file", f"'{settings.password_file}' cannot be read ({reason(error)})", remedy
        ) from None


def _context(settings: MqttSettings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
    except (OSError, ssl.SSLError) as error:
        remedy = "It must be a PEM file of certificates"
        raise SettingsError("mqtt.ca_file", f"'{settings.ca_file}' cannot be used ({reason(error)})", remedy) from None
    if settings.cert_file is not None:
        try:
            context.load_cert_chain(settings.cert_file, settings.key_file)
        except (OSError, ssl.SSLError) as error:
            where = f"'{settings.cert_file}' with key '{settings.key_file}' cannot be used ({reason(error)})"
            raise SettingsError("mqtt.cert_file", where, "Both must be PEM files, and belong together") from None
    return context


def refusal(error: ssl.SSLError) -> str:
    """Why there is no encrypted connection, with a remedy."""
    if isinstance(error, ssl.SSLCertVerificationError):
        remedy = "Renew it, or check mqtt.ca_file, mqtt.host and this machine's clock"
        return f"shows a certificate that is not accepted: {error.verify_message}. {remedy}"
    return f"does not encrypt as it should: {error.reason or error}. Check mqtt.port, mqtt.tls and mqtt.cert_file"


def refused_by(settings: MqttSettings) -> str:
    """What to look at where a broker hangs up without a word."""
    if not settings.tls:
        return "Does it want mqtt.tls?"
    if settings.cert_file is None:
        return "Does it want a certificate of ours, in mqtt.cert_file?"
    return "Is our certificate, mqtt.cert_file, one that it knows, and still valid?"
