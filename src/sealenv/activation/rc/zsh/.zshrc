# zsh reads this instead of the user's start-up files in `sealenv shell`.
unset ZDOTDIR
. "$SEALENV_SHELL_SCRIPT" || exit 125
unset SEALENV_SHELL_SCRIPT
