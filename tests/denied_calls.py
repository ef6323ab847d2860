"""Which calls a role may be denied, in lessons and labs: (role, action)."""

from __future__ import annotations

# Lesson 00 reads of roles, lesson 05 has a job that may not write.
SHOWN = {("notebook", "iam:ListRolePolicies"), ("reader", "s3:PutObject")}
# What `infra/policies/README.md` leaves out on purpose: the ledger and the SageMaker SDK go on without.
GOES_ON_WITHOUT = {("notebook", "sagemaker:Search"), ("notebook", "iam:SimulatePrincipalPolicy")}
