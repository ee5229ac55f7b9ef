"""Components and quick jobs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from integration.vendors.datto_rmm.api.base import ApiBase, segment
from integration.vendors.datto_rmm.paging import OnPage, read_one
from integration.vendors.datto_rmm.records import (
    Component,
    Job,
    JobOutput,
    JobResult,
    read_component,
    read_job,
    read_job_output,
    read_job_result,
)


class JobApi(ApiBase):
    """Calls that run something on a device."""

    def iter_components(self, *, on_page: OnPage | None = None) -> Iterator[Component]:
        """Yield the components the account can run."""
        return self._iter(
            "/v2/account/components",
            "components",
            read_component,
            endpoint="account-components",
            identity=lambda component: component.uid,
            on_page=on_page,
        )

    def create_quick_job(
        self, device_uid: str, *, name: str, component_uid: str, variables: Mapping[str, str] | None = None
    ) -> Job:
        """Run a component on a device now. Not harmless to repeat.

        Raises:
            WriteOutcomeUnknown: it may be running.
        """
        if not name.strip():
            raise ValueError("job name: is empty")
        body = {
            "jobName": name.strip(),
            "jobComponent": {
                "componentUid": component_uid,
                "variables": [{"name": key, "value": value} for key, value in (variables or {}).items()],
            },
        }
        path = f"/v2/device/{segment('device uid', device_uid)}/quickjob"
        answer = self._call("PUT", path, endpoint="quickjob", operation="device-job-create", json_body=body)
        created = answer.json()
        if not isinstance(created, Mapping):
            raise answer.broken("expected an object")
        return read_one(answer, read_job, created.get("job"))

    def fetch_job(self, job_uid: str) -> Job:
        """Return a job."""
        return self._fetch(f"/v2/job/{segment('job uid', job_uid)}", read_job, endpoint="job")

    def fetch_job_result(self, job_uid: str, device_uid: str) -> JobResult:
        """Return how a job went on a device."""
        return self._fetch(self._results_path(job_uid, device_uid), read_job_result, endpoint="job-results")

    def fetch_job_output(
        self, job_uid: str, device_uid: str, *, stream: Literal["stdout", "stderr"] = "stdout"
    ) -> tuple[JobOutput, ...]:
        """Return what the components of a job wrote on a device; may hold secrets."""
        path = f"{self._results_path(job_uid, device_uid)}/{stream}"
        return self._fetch_list(path, read_job_output, endpoint="job-output")

    @staticmethod
    def _results_path(job_uid: str, device_uid: str) -> str:
        return f"/v2/job/{segment('job uid', job_uid)}/results/{segment('device uid', device_uid)}"
