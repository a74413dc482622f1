"""conda-meta: the records that conda, mamba, pixi and we share (CEP 32)."""
