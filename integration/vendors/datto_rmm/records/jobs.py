"""Components and quick jobs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from integration.vendors.datto_rmm.wire import Row, normalize_uid


@dataclass(frozen=True, slots=True)
class Component:
    """A script or application the account can run; `variables` are the names of its inputs."""

    uid: str
    name: str
    description: str
    category: str
    variables: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Job:
    """A job; status is "active" or "completed"."""

    uid: str
    name: str
    status: str
    created_at: datetime | None


@dataclass(frozen=True, slots=True)
class ComponentResult:
    """What one component of a job came to: status "Success" or "Failure"."""

    component_uid: str
    component_name: str
    status: str
    warning_count: int | None
    has_stdout: bool
    has_stderr: bool


@dataclass(frozen=True, slots=True)
class JobResult:
    """A job on one device: status such as "Pending", "Running", "Success", "Failure", "Expired"."""

    job_uid: str
    device_uid: str
    status: str
    ran_at: datetime | None
    components: tuple[ComponentResult, ...]


@dataclass(frozen=True, slots=True)
class JobOutput:
    """What a component wrote."""

    component_uid: str
    component_name: str
    text: str


def read_component(value: object) -> Component:
    """Read a component; default values of its variables are not kept, they may be secrets."""
    row = Row("component", value)
    return Component(
        uid=row.needed_text("uid"),
        name=row.text("name"),
        description=row.text("description"),
        category=row.text("categoryCode"),
        variables=tuple(variable.text("name") for variable in row.rows("variables")),
    )


def read_job(value: object) -> Job:
    """Read a job."""
    row = Row("job", value)
    return Job(
        uid=row.needed_text("uid"),
        name=row.text("name"),
        status=row.text("status"),
        created_at=row.instant("dateCreated"),
    )


def read_job_result(value: object) -> JobResult:
    """Read how a job went on one device."""
    row = Row("job result", value)
    return JobResult(
        job_uid=row.text("jobUid"),
        device_uid=normalize_uid(row.text("deviceUid")),
        status=row.needed_text("jobDeploymentStatus"),
        ran_at=row.instant("ranOn"),
        components=tuple(
            ComponentResult(
                component_uid=result.text("componentUid"),
                component_name=result.text("componentName"),
                status=result.text("componentStatus"),
                warning_count=result.whole("numberOfWarnings"),
                has_stdout=bool(result.flag("hasStdOut")),
                has_stderr=bool(result.flag("hasStdErr")),
            )
            for result in row.rows("componentResults")
        ),
    )


def read_job_output(value: object) -> JobOutput:
    """Read one component's output."""
    row = Row("job output", value)
    return JobOutput(
        component_uid=row.text("componentUid"),
        component_name=row.text("componentName"),
        text=row.text("stdData"),
    )
