from botocore.session import Session

from pytest_codeartifact.emulator import errors


def test_errors_are_those_of_the_model_with_their_status() -> None:
    """The service's exceptions and our classes are the same, codes and statuses included."""
    model = Session().get_service_model("codeartifact")
    modelled = {
        shape.name: shape.metadata["error"]["httpStatusCode"]
        for name in model.operation_names
        for shape in model.operation_model(name).error_shapes
    }
    own = [e for e in errors.ServiceError.__subclasses__() if e.__module__ == errors.__name__]
    ours = {each.code: each.status for each in own}
    assert ours == modelled
