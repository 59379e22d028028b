"""EdgeVoice: an on-device voice assistant for the smart home and the car."""

import os

__version__ = "0.1.0"

# onnxruntime from 1.29 on sends events about its models to its maker, and keeps an id of this machine for that, unless it
# is told not to before it is first imported: whoever imports any of our modules has come by here.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
