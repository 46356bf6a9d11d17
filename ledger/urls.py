"""What anybody may ask of the log, under `log/`."""

from django.urls import path, re_path

from ledger import api

urlpatterns = [
    path("checkpoint", api.checkpoint, name="log_checkpoint"),
    path("key", api.key, name="log_key"),
    re_path(r"^tile/(?P<level>[^/]{1,20})/(?P<rest>.{1,64})$", api.tile, name="log_tile"),
    path("proof/inclusion", api.inclusion, name="log_inclusion"),
    path("proof/consistency", api.consistency, name="log_consistency"),
    path("cosignatures", api.cosignatures, name="log_cosignatures"),
    path("verify.py", api.program, {"name": "verify.py"}, name="log_verify"),
    path("witness.py", api.program, {"name": "witness.py"}, name="log_witness"),
    re_path(r"^(?P<rest>.+)$", api.nothing),
]
