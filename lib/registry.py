"""Model versions in MLflow's registry: the champion, and its challengers."""

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from lib.checks import Check, refusals

CHAMPION = "champion"
CHALLENGER = "challenger"


def register(model, name: str, run_id: str, found: list[Check]) -> tuple[int, str]:
    """Log a model, make it a version, and give it the alias that its checks allow.

    Returns
    -------
    tuple of int and str
        The version and its alias.
    """
    from lib import packaging

    with mlflow.start_run(run_id=run_id):
        mlflow.sklearn.log_model(
            model,
            name="model",
            registered_model_name=name,
            pip_requirements=["scikit-learn", "skops", "pandas"],
            skops_trusted_types=packaging.types_of(model),
            pyfunc_predict_fn="predict",
        )
    client = MlflowClient()
    version = max(int(v.version) for v in client.search_model_versions(f"name='{name}'"))
    alias = CHALLENGER if refusals(found) else CHAMPION
    client.set_registered_model_alias(name, alias, str(version))
    for check in refusals(found):
        client.set_model_version_tag(name, str(version), f"refused: {check.name}", check.explanation)
    return version, alias


def aliases(name: str) -> dict[str, str]:
    """Return the version behind each alias; empty if the model is not registered."""
    try:
        return dict(MlflowClient().get_registered_model(name).aliases)
    except MlflowException:
        return {}
