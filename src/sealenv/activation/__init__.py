"""Activation: the gate, the variables, the scripts in each shell's own language.

Nothing is imported here: `gate` and `launch` are on the fast path of `sealenv run`.
"""
