"""The program `canteen`: registers the commands of the packages, no more.

A command's module is imported when the command is called, so that `canteen --help`
answers at once on a small machine.
"""

from __future__ import annotations

from importlib import import_module
from typing import Final

import click

from models.domain.errors import CanteenError

_COMMANDS: Final = {
    "settle": ("pos_terminal.cli:settle", "结算一个餐盘 Settle one tray"),
    "enrol-dish": ("pos_terminal.cli:enrol_dish", "登记菜品照片 Enrol dish photos"),
    "enrol-face": ("pos_terminal.cli:enrol_face", "登记人脸 Enrol a diner's face"),
    "menu": ("pos_terminal.cli_menu:menu", "菜品、价格、今日菜单 Dishes, prices, menu"),
    "terminal": ("pos_terminal.cli:terminal", "终端数据 A till's data"),
    "doctor": ("pos_terminal.cli:doctor", "检查本机 Check this machine"),
    "weights": ("models.recognition.weights:weights", "神经网络权重 Neural weights"),
    "eval": ("models.recognition.evaluation.cli:evaluate", "评测识别 Evaluate"),
    "demo": ("backoffice.cli:demo", "演示食堂 The demo canteen"),
}


class LazyGroup(click.Group):
    """A group that imports a command's module when the command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name every command without importing any."""
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module that holds the command."""
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        module, name = _COMMANDS[cmd_name][0].split(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """List the commands from the table above, importing nothing."""
        del ctx
        with formatter.section("命令 Commands"):
            formatter.write_dl([(name, said) for name, (_, said) in _COMMANDS.items()])


@click.command(cls=LazyGroup)
def program() -> None:
    """智慧食堂 Smart canteen: settle trays, set up menus, evaluate recognition."""


def main() -> None:
    """Run the program; what a user can put right is said in sentences, not a trace."""
    try:
        program(prog_name="canteen", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        raise SystemExit(error.exit_code) from error
    except click.Abort as stopped:
        raise SystemExit(130) from stopped
    except CanteenError as error:
        click.echo(error.told(), err=True)
        raise SystemExit(2) from error


if __name__ == "__main__":
    main()
