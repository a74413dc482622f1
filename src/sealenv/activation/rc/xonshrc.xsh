# xonsh reads this instead of the user's start-up files in `sealenv shell`.
_sealenv_fresh = __import__('os').getpid()
try:
    source @(${'SEALENV_SHELL_SCRIPT'})
except Exception:
    pass
if 'SEALENV_PREFIX' not in ${...}:
    __import__('os')._exit(125)
del $SEALENV_SHELL_SCRIPT
