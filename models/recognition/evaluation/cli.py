"""`canteen eval`: one command per part of recognition."""

from __future__ import annotations

import click

from models.recognition.evaluation.bills import bills
from models.recognition.evaluation.dishes import dishes
from models.recognition.evaluation.faces import faces
from models.recognition.evaluation.trays import trays, vessels


@click.group("eval")
def evaluate() -> None:
    """评测识别效果 Evaluate recognition on a folder of pictures, as JSON lines."""


for command in (dishes, trays, vessels, bills, faces):
    evaluate.add_command(command)
