"""The object store that the settings name."""

from api.settings import Settings
from ledger.objects.local_objects import LocalObjects
from ledger.objects.objects import DatedObjects


def open_objects(settings: Settings) -> DatedObjects:
    """Open the S3 bucket of the settings, or else our durable folder under home, swept of what dead writers left."""
    if settings.objects_url is None:
        objects = LocalObjects(settings.home / "objects")
        objects.sweep()
        return objects
    from ledger.objects.s3_client import S3Location, S3Objects

    secret = settings.objects_secret_access_key
    return S3Objects(
        S3Location(
            url=settings.objects_url,
            endpoint=settings.objects_endpoint,
            region=settings.objects_region,
            access_key_id=settings.objects_access_key_id,
            secret_access_key=secret.get_secret_value() if secret is not None else None,
        )
    )
