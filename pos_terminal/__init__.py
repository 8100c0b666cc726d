"""The till: a camera, a scale and a face settle a tray. Read `flows/checkout.py`."""
