"""How TensorFlow Serving's flags are written, and those of them that kuzov does not honour."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import click

from kuzov.cli.language import language
from kuzov.words import Words

_TF_GRAPHS = "it tunes TensorFlow's graphs; leave it out"
_ACCELERATORS = "kuzov computes on the CPU; leave it out"
_THREADLESS = "an event loop does this without threads of its own; leave it out"

# Flags of tensorflow_model_server that would change what it does, and can't here. Silently ignoring one
# would be found out in production.
REFUSED: Mapping[str, str] = {
    "num-unload-threads": "unloading takes no thread here; leave it out",
    "grpc-max-threads": _THREADLESS,
    "enable-per-model-batching-parameters": "one --batching-parameters-file holds for all models",
    "tensorflow-session-config-file": _TF_GRAPHS,
    "tensorflow-inter-op-parallelism": "--tensorflow-intra-op-parallelism sets the threads of an inference",
    "saved-model-tags": "the graph tagged serve is loaded; leave it out",
    "flush-filesystem-caches": "the system's file cache is left alone; leave it out",
    "prefer-tflite-model": "TensorFlow Lite models are not served; leave it out",
    "use-tflite-model": "TensorFlow Lite models are not served; leave it out",
    "num-tflite-interpreters-per-pool": "TensorFlow Lite models are not served; leave it out",
    "num-tflite-pools": "TensorFlow Lite models are not served; leave it out",
    "mixed-precision": "say --precision bf16 instead",
    "remove-unused-fields-from-bundle-metagraph": _TF_GRAPHS,
    "platform-config-file": "what computes a model is chosen with --engine",
    "thread-pool-factory-config-file": "threads are set with --tensorflow-intra-op-parallelism",
    "use-alts-credentials": "encryption is set up with --ssl-config-file",
    "per-process-gpu-memory-fraction": _ACCELERATORS,
    "xla-cpu-compilation-enabled": _TF_GRAPHS,
    "xla-gpu-compilation-enabled": _ACCELERATORS,
    "skip-initialize-tpu": _ACCELERATORS,
    "enable-profiler": "there is no TensorFlow profiler in kuzov; leave it out",
    "force-allow-any-version-labels-for-unavailable-models": (
        "say --allow-version-labels-for-unavailable-models instead"
    ),
}


NOT_A_PORT = Words(
    "{value} is not a port: 1 to 65535, 0 for off, or auto for a free one.",
    "{value} — не порт: от 1 до 65535, 0 — выключить, auto — взять свободный.",
)


class Port(click.ParamType[int | None]):
    """A port; 0 turns the API off, as TensorFlow Serving has it, and "auto" takes a free one."""

    name = "port"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The port; None for off, 0 for a free one."""
        if value == "auto":
            return 0
        if not str(value).isascii() or not str(value).isdigit() or int(value) > 65535:
            self.fail(NOT_A_PORT.fill(value=repr(value)).told(language()), param, ctx)
        return int(value) or None


def toggle(*names: str, help: str, default: bool = False) -> Callable[[Any], Any]:  # noqa: A002
    """A boolean flag in all of TensorFlow Serving's spellings: alone, =true, or with a following word."""
    return click.option(
        *names,
        type=click.BOOL,
        is_flag=False,
        flag_value="true",
        default=default,
        metavar="[true|false]",
        help=help,
    )


def refuse_unhonoured(command: Any) -> Any:
    """Give a command the flags that kuzov does not honour, hidden, each with its reason."""

    def refuse(ctx: click.Context, param: click.Parameter, value: object) -> None:
        if value is not None and (param.name, value) != ("enable_profiler", "false"):
            name = param.opts[0]
            reason = REFUSED[name.removeprefix("--")]
            raise click.UsageError(
                f"{name.replace('-', '_').replace('__', '--', 1)} is not honoured: {reason}.", ctx
            )

    for name, reason in REFUSED.items():
        option = click.option(
            f"--{name}",
            is_flag=False,
            flag_value="true",
            hidden=True,
            help=f"Not honoured: {reason}.",
            expose_value=False,
            callback=refuse,
        )
        command = option(command)
    return command
