"""The rows of people: organizations, teams, users, absences, tokens."""

from datetime import datetime
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models

from orgo.lib import ids
from orgo.people.roles import Permission, permissions_of

API = "api:"  # begins the purpose of tokens for programs; their scope follows


class Organization(models.Model):
    """A label of mailboxes and teams (one installation is one trust domain; this is no wall)."""

    label = models.CharField(max_length=60, unique=True)
    name = models.CharField(max_length=200)

    class Meta:
        db_table = "people_organization"

    def __str__(self) -> str:
        return self.name


class UserManager(BaseUserManager["User"]):
    """Finds and makes users by their mail address, whatever its case."""

    def get_by_natural_key(self, address: str | None) -> "User":
        return self.get(address=(address or "").strip().lower())

    def make(self, address: str, name: str = "", roles: list[str] | None = None, **more: Any) -> "User":
        """A new user with no password yet (a sign-in link or a set password opens the account)."""
        user = self.model(address=address.strip().lower(), name=name, roles=roles or ["staff"], **more)
        user.set_unusable_password()
        user.save()
        return user


class User(AbstractBaseUser):
    """A person who signs in; known by the mail address."""

    address = models.EmailField(max_length=254, unique=True)
    name = models.CharField(max_length=200, blank=True)
    roles = models.JSONField(default=list)
    language = models.CharField(max_length=8, blank=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    USERNAME_FIELD = "address"
    EMAIL_FIELD = "address"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        db_table = "people_user"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.created_at is None:
            from orgo.lib import clock

            self.created_at = clock.now()
        super().save(*args, **kwargs)

    def __str__(self) -> str:
        return self.name or self.address

    @property
    def permissions(self) -> frozenset[Permission]:
        """What the user's roles allow."""
        return permissions_of(self.roles) if self.is_active else frozenset()

    def may(self, permission: Permission) -> bool:
        """Whether the user has this permission by a role."""
        return permission in self.permissions


class Team(models.Model):
    """Who works under a role address. A route to an address that is no team makes a team of one."""

    address = models.EmailField(max_length=254, unique=True)
    name = models.CharField(max_length=200)
    label = models.CharField(max_length=60, blank=True)
    organization = models.ForeignKey(Organization, null=True, blank=True, on_delete=models.SET_NULL)
    supervisor = models.EmailField(max_length=254, blank=True)
    calendar = models.CharField(max_length=60, blank=True)
    zone = models.CharField(max_length=60, blank=True)
    language = models.CharField(max_length=8, blank=True)
    visibility = models.CharField(max_length=14, blank=True)
    is_triage = models.BooleanField(default=False)
    is_one = models.BooleanField(default=False)
    members: "models.ManyToManyField[User, Any]" = models.ManyToManyField(
        User, related_name="teams", through="Membership"
    )

    class Meta:
        db_table = "people_team"

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A user in a team."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE)
    user = models.ForeignKey(User, on_delete=models.CASCADE)

    class Meta:
        db_table = "people_membership"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["team", "user"], name="people_membership_once")
        ]


class Absence(models.Model):
    """When a user is away, and who stands in."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="absences")
    start = models.DateTimeField()
    end = models.DateTimeField()
    deputy = models.EmailField(max_length=254, blank=True)

    class Meta:
        db_table = "people_absence"


class Token(models.Model):
    """A secret that was given out, stored as its hash: a sign-in link, an API token."""

    hash = models.CharField(max_length=64, unique=True)
    purpose = models.CharField(max_length=20)
    name = models.CharField(max_length=100, blank=True)
    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "people_token"

    @property
    def scope(self) -> str:
        """What a token for programs opens; "" for any other."""
        return self.purpose.removeprefix(API) if self.purpose.startswith(API) else ""

    @classmethod
    def give(cls, user: User, purpose: str, now: datetime, expires_at: datetime, name: str = "") -> str:
        """Make a token for `user` and return the secret (it is not stored).

        The former ones of the same purpose end by this; tokens for programs, of which a user has several, do not.
        """
        secret = ids.new_token()
        if not purpose.startswith(API):
            cls.objects.filter(user=user, purpose=purpose, used_at=None).delete()
        cls.objects.create(
            hash=ids.token_hash(secret),
            purpose=purpose,
            name=name,
            user=user,
            created_at=now,
            expires_at=expires_at,
        )
        return secret
