"""The environment variables that lead boto3, the SageMaker SDK and other AWS clients to this local AWS, and only there.

`of_a_job` is what a job's process gets. `of_a_client` is for a program of the user's, who may have settings, a proxy
and an AWS account of their own: `lead` puts it into this process, `python -m localcloud env` prints it for a shell.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping

from localcloud.store.sessions import Session, credentials_of, role_name
from localcloud.store.state import BUCKET, REGION, Credentials, credentials, home

# Settings of the user's own that would lead boto3 past the local AWS; any AWS_ENDPOINT_URL_<SERVICE> does, too.
_MISLEADING = (
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_DEFAULT_PROFILE",
)
# Nothing leaves the machine: the SageMaker SDK would report its use to an address that AWS_ENDPOINT_URL does not cover.
_SDK_CONFIG = f"""SchemaVersion: '1.0'
SageMaker:
  PythonSDK:
    Modules:
      TelemetryOptOut: true
      Session:
        DefaultS3Bucket: {BUCKET}
"""


def of_a_job(endpoint: str, own: Credentials) -> dict[str, str]:
    """Endpoint, credentials and region: enough where boto3 finds nothing else."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": own.access_key,
        "AWS_SECRET_ACCESS_KEY": own.secret_key,
        **({"AWS_SESSION_TOKEN": own.session_token} if own.session_token else {}),
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def of_a_client(endpoint: str, present: Mapping[str, str], role: str = "") -> dict[str, str | None]:
    """What to change in the environment `present` of a user's program; None is a variable to remove.

    With `role`, a role's name or ARN, the program acts as that role: in strict mode it may do what the role may.

    Writes two files into the local AWS's folder: an empty AWS configuration, and one of the SageMaker SDK that
    switches its telemetry off.
    """
    own = credentials()
    nothing, sdk_config = home() / "aws-config", home() / "sagemaker-config.yaml"
    nothing.touch()
    sdk_config.write_text(_SDK_CONFIG)
    listed = present.get("no_proxy") or present.get("NO_PROXY") or ""
    direct = ",".join(sorted({"127.0.0.1", "localhost", *filter(None, listed.split(","))}))
    misleading = (*_MISLEADING, *(name for name in present if name.startswith("AWS_ENDPOINT_URL_")))
    return {
        **{name: None for name in misleading if name in present},
        **of_a_job(endpoint, credentials_of(Session(role_name(role), "notebook"), own) if role else own),
        "AWS_CONFIG_FILE": str(nothing),
        "AWS_SHARED_CREDENTIALS_FILE": str(nothing),
        "SAGEMAKER_USER_CONFIG_OVERRIDE": str(sdk_config),
        "NO_PROXY": direct,
        "no_proxy": direct,
    }


def lead(endpoint: str, role: str = "") -> None:
    """Lead the AWS clients that this process makes from now on to the local AWS, as `of_a_client` has it."""
    for name, value in of_a_client(endpoint, os.environ, role).items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value


def shell_lines(endpoint: str, role: str = "") -> list[str]:
    """The same for a shell: `eval "$(python -m localcloud env)"`."""
    changes = of_a_client(endpoint, os.environ, role)
    return [
        f"unset {name}" if value is None else f"export {name}={shlex.quote(value)}" for name, value in changes.items()
    ]
