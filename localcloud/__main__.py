"""`python -m localcloud start | env | stop | status | reset | serve | operations | image build NAME`."""

from __future__ import annotations

import argparse
import sys

from localcloud import environment, process
from localcloud.jobs import images
from localcloud.store.state import home, server_info


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m localcloud", description="A local AWS that executes.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (
        ("start", "start it, unless it runs"),
        ("env", 'print the environment for any AWS program: eval "$(python -m localcloud env)"'),
        ("stop", "stop it and everything it runs"),
        ("status", "say whether it runs"),
        ("reset", "stop it and delete all that it holds (not the images)"),
        ("serve", "run it in the foreground"),
    ):
        command = commands.add_parser(name, help=text)
        if name == "env":
            command.add_argument("--role", default="", help="act as this role: strict mode asks what it may do")
        if name == "start":
            command.add_argument("--quiet", action="store_true", help="say nothing, unless it does not start")
    operations = commands.add_parser("operations", help="list what it offers, as a table in Markdown")
    operations.add_argument("--write", action="store_true", help="write the table into localcloud/README.md")
    image = commands.add_parser("image", help="build an image's environment ahead of its first use")
    image.add_argument("action", choices=["build", "list"])
    image.add_argument("name", nargs="*")
    options = parser.parse_args(arguments)
    if options.command == "serve":
        from localcloud.serve import main as serve

        return serve()
    try:
        return _COMMANDS[options.command](options)
    except (process.CannotStart, images.BuildFailed) as error:
        print(error, file=sys.stderr)
        return 1


def _start(options: argparse.Namespace) -> int:
    endpoint = process.start()
    if not options.quiet:
        print(f"The local AWS is ready on {endpoint}")
        print('For boto3, the SageMaker SDK and other programs: eval "$(python -m localcloud env)"')
    return 0


def _env(options: argparse.Namespace) -> int:
    if not process.running():
        print("The local AWS is not running: python -m localcloud start", file=sys.stderr)
        return 3
    print("\n".join(environment.shell_lines(process.start(), options.role)))
    return 0


def _stop(_: argparse.Namespace) -> int:
    print("The local AWS is stopped." if process.stop() else "The local AWS was not running.")
    return 0


def _status(_: argparse.Namespace) -> int:
    server = process.running()
    if not server:
        print("The local AWS is not running.")
        return 3
    megabytes = server.memory_info().rss / 2**20
    print(f"The local AWS runs on {(server_info() or {})['endpoint']} (process {server.pid}, {megabytes:.0f} MB).")
    print(f"Its state is in {home()}.")
    return 0


def _reset(_: argparse.Namespace) -> int:
    process.reset()
    print("The local AWS is empty. The image environments were kept.")
    return 0


def _image(options: argparse.Namespace) -> int:
    if options.action == "list":
        for name in images.names():
            print(f"{name}: {'ready' if images.is_ready(name) else 'not built yet'}")
        return 0
    for name in options.name or images.names():
        images.ensure(name, progress=print)
    return 0


def _operations(options: argparse.Namespace) -> int:
    from localcloud.door import offered  # with it come all services: the other commands need not wait for them

    if options.write:
        offered.README.write_text(offered.in_text(offered.README.read_text()))
    else:
        print("\n".join(offered.markdown()))
    return 0


_COMMANDS = {
    "start": _start,
    "env": _env,
    "stop": _stop,
    "status": _status,
    "reset": _reset,
    "operations": _operations,
    "image": _image,
}

if __name__ == "__main__":
    sys.exit(main())
