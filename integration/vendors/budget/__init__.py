"""The governor: one shared budget per vendor, kept in Redis, for all worker processes."""

from integration.vendors.budget.governor import Governor
from integration.vendors.budget.lanes import Lane
from integration.vendors.budget.permit import Permit
from integration.vendors.budget.policy import Meter, VendorPolicy, autotask_policy, datto_rmm_policy
from integration.vendors.budget.snapshot import BudgetSnapshot, MeterSnapshot

__all__ = [
    "BudgetSnapshot",
    "Governor",
    "Lane",
    "Meter",
    "MeterSnapshot",
    "Permit",
    "VendorPolicy",
    "autotask_policy",
    "datto_rmm_policy",
]
