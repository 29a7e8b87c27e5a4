"""`kuzov deploy heroku`: an app for Heroku's container stack."""

from __future__ import annotations

from pathlib import Path

from kuzov.deploy.image import image_files, model_name
from kuzov.deploy.render import Deployment, read_templates

# For a dyno of 512 MB on a machine that many share: a thread for each of its processors would take too much
# memory, and so would a second stream of inferences. Heroku routes HTTP alone, and kills what still runs half
# a minute after SIGTERM.
_FLAGS = (
    "--log-format=json",
    "--port=0",
    "--tensorflow_intra_op_parallelism=1",
    "--rest_api_num_threads=2",
    "--max-requests=32",
    "--max-body-bytes=16777216",
    "--grace=25",
)


def heroku_deployment(model: Path) -> Deployment:
    """The image of kuzov serve, heroku.yml, app.json, a README; see `image_files`."""
    return Deployment(
        target="heroku",
        files={**image_files(model, _FLAGS), **read_templates("heroku", {"model_name": model_name(model)})},
        next=(
            "heroku login",
            "git init --initial-branch main && git add --all && git commit --message kuzov",
            "heroku create --stack container",
            "git push heroku main",
        ),
    )
