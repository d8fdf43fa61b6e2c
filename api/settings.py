"""stub"""
from pathlib import Path
from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict
class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="ELICENCE_", frozen=True)
    home: Path = Path("var")
    database_url: SecretStr | None = None
