"""SageMaker Studio, for the host: apps that run, and spaces, whose volumes hold what learners have written.

Of the course is what is in a domain of its templates, and a space that has the course's name or tag in any other.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from helpers.aws.client import client, exists, listed, wait_until
from helpers.cleanup import hourly
from helpers.cleanup.left import Left, Whose, is_own
from helpers.studio import space

Json = dict[str, Any]
_RUNNING = ("Pending", "InService")


def apps(ws: Whose) -> Iterator[Left]:
    """Apps, which cost by the hour while they run. Deleting one stops its space; the volume stays.

    Not the app that this runs in.
    """
    sagemaker, here = client("sagemaker"), space()
    domains = _domains(ws, sagemaker)
    own = {(one["DomainId"], one["SpaceName"]) for one in _spaces(ws, sagemaker, domains)}
    for app in listed(sagemaker, "list_apps", "Apps[]"):
        place = (app["DomainId"], app.get("SpaceName"))
        if app["Status"] == "Deleted" or place == (here.get("DomainId"), here.get("SpaceName")):  # listed for a day
            continue
        if app["DomainId"] in domains or place in own:
            names = ("DomainId", "SpaceName", "UserProfileName", "AppType", "AppName")
            named = {name: app[name] for name in names if app.get(name)}
            machine = app.get("ResourceSpec", {}).get("InstanceType", "")
            cost = partial(hourly.app, machine if app["Status"] in _RUNNING else "system")
            owner = app.get("SpaceName") or app.get("UserProfileName", "")
            yield Left("Studio app", f"{owner}/{app['AppName']}", app["Status"], partial(_delete_app, named), cost)


def _delete_app(named: dict[str, str]) -> None:
    sagemaker = client("sagemaker")

    def gone() -> bool:
        status = sagemaker.describe_app(**named)["Status"]
        if status not in ("Deleting", "Deleted"):
            sagemaker.delete_app(**named)
        return bool(status == "Deleted")

    wait_until(gone, f"end of the app {named['AppName']}")


def spaces(ws: Whose) -> Iterator[Left]:
    """Spaces with their volumes: all that a learner has written in Studio. AWS keeps none whose app runs."""
    sagemaker = client("sagemaker")
    for found in _spaces(ws, sagemaker, _domains(ws, sagemaker)):
        volume = found.get("SpaceSettingsSummary", {}).get("SpaceStorageSettings", {}).get("EbsStorageSettings", {})
        size = volume.get("EbsVolumeSizeInGb", 0)
        named = {name: found[name] for name in ("DomainId", "SpaceName")}
        cost = partial(hourly.space, size)
        yield Left("Studio space", found["SpaceName"], f"{size} GB", partial(_delete_space, named), cost)


def _delete_space(named: dict[str, str]) -> None:
    sagemaker = client("sagemaker")
    sagemaker.delete_space(**named)
    wait_until(lambda: not exists(sagemaker.describe_space, **named), f"end of the space {named['SpaceName']}")


def _domains(ws: Whose, sagemaker: Any) -> set[str]:
    """The identifiers of the domains that the templates have made."""
    every = listed(sagemaker, "list_domains", "Domains[]")
    return {found["DomainId"] for found in every if is_own(ws, found["DomainName"], found["DomainArn"])}


def _spaces(ws: Whose, sagemaker: Any, domains: set[str]) -> Iterator[Json]:
    for found in listed(sagemaker, "list_spaces", "Spaces[]"):
        arn = f"sagemaker:space/{found['DomainId']}/{found['SpaceName']}"
        if found["DomainId"] in domains or is_own(ws, found["SpaceName"], arn):
            yield found
