"""Quick jobs of the Datto double: started on a device, done a moment later, with output."""

from __future__ import annotations

import time
import uuid
from typing import Any

from flask import Blueprint, Response, jsonify

from .api import ApiError, body, page_of
from .double import DattoDouble
from .seed import NotFoundError
from .wire import date

_JOB_SECONDS = 1.5


def _get(double: DattoDouble, uid: str) -> dict[str, Any]:
    found = double.jobs.get(uid)
    if found is None:
        raise NotFoundError(f"There is no job {uid}.")
    return found


def _is_done(double: DattoDouble, job: dict[str, Any]) -> bool:
    online = double.devices[job["device_uid"]].online
    return bool(online) and time.time() - job["started"] >= _JOB_SECONDS


def _wire(double: DattoDouble, job: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": job["id"],
        "uid": job["uid"],
        "name": job["name"],
        "dateCreated": date(int(job["started"] * 1000), double.settings),
        "status": "completed" if _is_done(double, job) else "active",
    }


def register(blueprint: Blueprint, double: DattoDouble) -> None:
    """Add the routes."""
    _creating(blueprint, double)
    _results(blueprint, double)


def _creating(blueprint: Blueprint, double: DattoDouble) -> None:
    @blueprint.put("/api/v2/device/<uid>/quickjob", endpoint="device-job-create")
    def create(uid: str) -> Response:
        values = body(required=("jobName", "jobComponent"))
        wanted = values["jobComponent"]
        with double.lock:
            device = double.get_device(uid)
            uids = {row["uid"]: row["name"] for row in double.components}
            if not isinstance(wanted, dict) or wanted.get("componentUid") not in uids:
                raise ApiError(400)
            component = {
                "uid": wanted["componentUid"],
                "name": uids[wanted["componentUid"]],
                "variables": wanted.get("variables") or [],
            }
            job = {
                "id": double.take_id(),
                "uid": str(uuid.uuid4()),
                "name": values["jobName"],
                "started": time.time(),
                "device_uid": device.uid,
                "component": component,
            }
            double.jobs[job["uid"]] = job
            double.note_activity("DEVICE", "job", "create", double.sites[device.site_uid], device)
            double.changed()
            return jsonify(job=_wire(double, job), jobComponents=[component])

    @blueprint.get("/api/v2/job/<uid>")
    def job(uid: str) -> Response:
        return jsonify(_wire(double, _get(double, uid)))

    @blueprint.get("/api/v2/job/<uid>/components")
    def components(uid: str) -> Response:
        return page_of(double, "jobComponents", [_get(double, uid)["component"]])


def _results(blueprint: Blueprint, double: DattoDouble) -> None:
    @blueprint.get("/api/v2/job/<uid>/results/<device_uid>")
    def results(uid: str, device_uid: str) -> Response:
        job = _of_device(_get(double, uid), device_uid)
        done = _is_done(double, job)
        answer: dict[str, Any] = {
            "jobUid": uid,
            "deviceUid": device_uid,
            "ranOn": date(int(job["started"] * 1000), double.settings) if done else None,
            "jobDeploymentStatus": "Success" if done else "Pending",
            "componentResults": [],
        }
        if done:
            answer["componentResults"] = [
                {
                    "componentUid": job["component"]["uid"],
                    "componentName": job["component"]["name"],
                    "componentStatus": "Success",
                    "numberOfWarnings": 0,
                    "hasStdOut": True,
                    "hasStdErr": False,
                }
            ]
        return jsonify(answer)

    @blueprint.get("/api/v2/job/<uid>/results/<device_uid>/<stream>")
    def output(uid: str, device_uid: str, stream: str) -> Response:
        if stream not in {"stdout", "stderr"}:
            raise ApiError(404)
        job = _of_device(_get(double, uid), device_uid)
        if not _is_done(double, job) or stream == "stderr":
            return jsonify([])
        component = job["component"]
        text = f"{component['name']} ran on this device.\r\nResult: OK\r\n"
        return jsonify(
            [{"componentUid": component["uid"], "componentName": component["name"], "stdData": text}]
        )


def _of_device(job: dict[str, Any], device_uid: str) -> dict[str, Any]:
    if job["device_uid"] != device_uid:
        raise NotFoundError("The job did not run on this device.")
    return job
