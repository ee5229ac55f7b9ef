"""Roles made ready: who may do what, what an administrator changed stays, and new people get them."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from integration.roles import ROLES, fill_roles

pytestmark = pytest.mark.django_db
NAMES = [role.name for role in ROLES]


def person(*roles: str) -> User:
    made = User.objects.create_user(
        f"person{User.objects.count()}", password="a long password", is_staff=True
    )
    made.groups.set(Group.objects.filter(name__in=roles))
    return made


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def held(name: str) -> set[str]:
    rows = Permission.objects.filter(group__name=name)
    return {f"{app}.{code}" for app, code in rows.values_list("content_type__app_label", "codename")}


def later_permission(codename: str = "change_playbook") -> Permission:
    """As a later version would bring it with a model of its own."""
    content_type, _ = ContentType.objects.get_or_create(app_label="tickets", model="playbook")
    return Permission.objects.create(content_type=content_type, codename=codename, name=codename)


@pytest.fixture
def migrate(monkeypatch):
    """Migrate anew, with permissions that come into being meanwhile."""

    def run(*codenames: str) -> None:
        from integration import roles  # noqa: PLC0415 - to wrap what it remembers

        remember = roles.remember_permissions

        def and_then(sender, using, **_):
            del sender
            remember(using)
            for codename in codenames:
                later_permission(codename)

        from django.db.models.signals import pre_migrate  # noqa: PLC0415 - only here

        config = apps.get_app_config("integration")
        pre_migrate.disconnect(sender=config, dispatch_uid="integration.permissions")
        pre_migrate.connect(and_then, sender=config, dispatch_uid="integration.permissions", weak=False)
        try:
            call_command("migrate", verbosity=0)
        finally:
            pre_migrate.disconnect(sender=config, dispatch_uid="integration.permissions")
            pre_migrate.connect(remember, sender=config, dispatch_uid="integration.permissions")

    return run


def test_the_roles_are_there_after_migrate():
    assert set(Group.objects.values_list("name", flat=True)) >= set(NAMES)
    assert all(held(name) for name in NAMES)


def test_an_administrator_may_do_everything_of_ours():
    everything = {
        f"{app}.{code}"
        for app, code in Permission.objects.filter(
            content_type__app_label__in=["mappings", "tickets", "integration"]
        ).values_list("content_type__app_label", "codename")
    }
    assert everything <= held("Administrator")
    assert {"auth.add_user", "auth.change_group", "django_celery_beat.change_periodictask"} <= held(
        "Administrator"
    )


@pytest.mark.parametrize(
    ("role", "may", "may_not"),
    [
        (
            "Dispatcher",
            "mappings.change_sitemapping mappings.add_devicetyperule mappings.delete_fieldmap "
            "mappings.change_contractrule mappings.change_devicereview mappings.change_devicefinding "
            "tickets.change_ticketdefaults tickets.change_alert tickets.add_ticketrule tickets.delete_ticketrule "
            "tickets.change_alertpolicy integration.add_syncrun integration.view_vendorhealth",
            "integration.view_connection integration.change_connection auth.view_user auth.change_group "
            "mappings.change_devicepolicy mappings.change_mirrorstate django_celery_beat.change_periodictask",
        ),
        (
            "Technician",
            "tickets.view_alert tickets.change_alert mappings.change_devicereview mappings.view_device "
            "integration.view_syncrun",
            "mappings.change_sitemapping mappings.change_contractrule mappings.change_fieldmap "
            "tickets.change_ticketdefaults tickets.change_ticketrule tickets.change_alertpolicy integration.add_syncrun "
            "integration.view_connection",
        ),
        (
            "Viewer",
            "tickets.view_alert tickets.view_ticketrule tickets.view_alertpolicy mappings.view_device "
            "integration.view_syncrun integration.view_vendorcall",
            "tickets.change_alert tickets.change_ticketrule integration.view_connection auth.view_user",
        ),
    ],
)
def test_a_role_may_what_its_people_do_and_no_more(role, may, may_not):
    user = person(role)
    assert [one for one in may.split() if not user.has_perm(one)] == []
    assert [one for one in may_not.split() if user.has_perm(one)] == []


def test_a_viewer_changes_nothing():
    assert [one for one in held("Viewer") if ".view_" not in one] == []


def test_permissions_of_a_later_version_are_granted(migrate):
    migrate("change_playbook", "view_playbook")
    assert {"tickets.change_playbook", "tickets.view_playbook"} <= held("Dispatcher")
    assert held("Viewer") & {"tickets.change_playbook", "tickets.view_playbook"} == {"tickets.view_playbook"}


def test_what_an_administrator_added_and_took_away_stays(migrate):
    viewer, dispatcher = Group.objects.get(name="Viewer"), Group.objects.get(name="Dispatcher")
    viewer.permissions.add(Permission.objects.get(codename="change_alert"))
    dispatcher.permissions.remove(Permission.objects.get(codename="add_syncrun"))
    migrate("view_playbook")
    assert {"tickets.change_alert", "tickets.view_playbook"} <= held("Viewer")
    assert "integration.add_syncrun" not in held("Dispatcher")


def test_a_deleted_role_stays_deleted_and_a_renamed_one_is_left_alone(migrate):
    Group.objects.get(name="Technician").delete()
    Group.objects.filter(name="Viewer").update(name="Lookers")
    before = held("Lookers")
    migrate("view_playbook")
    assert not Group.objects.filter(name__in=["Technician", "Viewer"]).exists()
    assert held("Lookers") == before


def test_a_role_that_was_never_filled_is_filled():
    """A migration that stopped half-way leaves the roles empty."""
    before = {name: held(name) for name in NAMES}
    for group in Group.objects.filter(name__in=NAMES):
        group.permissions.clear()
    fill_roles(frozenset(Permission.objects.values_list("pk", flat=True)))
    assert {name: held(name) for name in NAMES} == before


def test_an_unchanged_role_costs_no_write(django_assert_num_queries):
    with django_assert_num_queries(3) as queries:
        fill_roles()
    assert all(query["sql"].startswith("SELECT") for query in queries)


def test_a_new_person_gets_roles_and_may_sign_in():
    boss = signed_in(person("Administrator"))
    page = boss.get(reverse("admin:auth_user_add"))
    assert "Tends mappings" in page.content.decode()
    assert page.context["adminform"].form["is_staff"].value() is True
    dispatcher = Group.objects.get(name="Dispatcher")
    answer = boss.post(
        reverse("admin:auth_user_add"),
        {
            "username": "grace", "email": "grace@example.test", "first_name": "Grace", "last_name": "Hopper",
            "usable_password": "true", "password1": "nanoseconds-of-wire", "password2": "nanoseconds-of-wire",
            "groups": [dispatcher.pk], "is_staff": "on",
        },
    )  # fmt: skip
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    grace = User.objects.get(username="grace")
    assert list(grace.groups.all()) == [dispatcher]
    assert (grace.is_staff, grace.is_superuser, grace.email) == (True, False, "grace@example.test")
    assert grace.check_password("nanoseconds-of-wire")
    listed = boss.get(reverse("admin:auth_user_changelist")).content.decode()
    assert "Dispatcher" in listed


def test_nobody_makes_a_superuser_but_a_superuser():
    administrator = person("Administrator")
    root = User.objects.create_superuser("root", password="a long password")
    client = signed_in(administrator)
    data = {
        "username": administrator.username, "is_active": "on", "is_staff": "on", "is_superuser": "on",
        "date_joined_0": "2026-01-01", "date_joined_1": "00:00:00",
        "groups": list(administrator.groups.values_list("pk", flat=True)),
    }  # fmt: skip
    answer = client.post(reverse("admin:auth_user_change", args=[administrator.pk]), data)
    assert answer.status_code == 302
    administrator.refresh_from_db()
    assert not administrator.is_superuser
    password = {"password1": "taken-over-now", "password2": "taken-over-now", "usable_password": "true"}
    assert (
        client.post(reverse("admin:auth_user_password_change", args=[root.pk]), password).status_code == 403
    )
    assert client.post(reverse("admin:auth_user_change", args=[root.pk]), data).status_code == 403
    assert client.post(reverse("admin:auth_user_delete", args=[root.pk]), {"post": "yes"}).status_code == 403
    client.post(
        reverse("admin:auth_user_changelist"),
        {"action": "delete_selected", "_selected_action": [root.pk], "post": "yes"},
    )
    root.refresh_from_db()
    assert root.check_password("a long password")
    signed_in(root).post(reverse("admin:auth_user_change", args=[administrator.pk]), data)
    administrator.refresh_from_db()
    assert administrator.is_superuser


@pytest.mark.parametrize("name", NAMES)
def test_the_menu_of_each_role_leads_only_to_pages_it_may_see(name):
    client = signed_in(person(name))
    groups = client.get("/admin/").context["sidebar_navigation"]
    links = [item["link"] for group in groups for item in group["items"]]
    assert len(links) > 20
    answers = {link: client.get(str(link), follow=True) for link in links}
    assert [link for link, answer in answers.items() if answer.status_code != 200] == []
    # What a page may not show, Django's own pages answer with a redirect home.
    assert [link for link, answer in answers.items() if answer.request["PATH_INFO"] == "/admin/"] == [
        "/admin/"
    ]
