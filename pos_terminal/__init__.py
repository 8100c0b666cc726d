"""The till: camera, scale and face scan settle a tray. Read `flows/checkout.py` first."""
