# zsh reads this instead of the user's start-up files in `sealenv shell`.
unset ZDOTDIR
# A file of the system is always read before.
for _sealenv_item in python python3 pip pip3 conda mamba micromamba; do
    unset -f "$_sealenv_item" 2>/dev/null
    unalias "$_sealenv_item" 2>/dev/null
done
unset _sealenv_item
_sealenv_fresh=$$
. "$SEALENV_SHELL_SCRIPT" || exit 125
unset SEALENV_SHELL_SCRIPT
