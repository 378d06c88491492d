"""What demo and tests give to Z-API's switches, checked."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from carinho.simulator.answers import Refusal


class Given(BaseModel):
    """Only the fields it names, in their own types."""

    model_config = ConfigDict(extra="forbid", strict=True)

    @classmethod
    def read(cls, given: dict[str, Any]) -> Self:
        """Raises Refusal naming the first field that is wrong."""
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise Refusal(400, f"Invalid {where}: {first['msg']}") from None
