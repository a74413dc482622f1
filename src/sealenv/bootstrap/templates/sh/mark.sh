mkdir -p -- "$pkgs" && [ -w "$pkgs" ] || fail 9 "cannot write the package cache $pkgs" 'set CONDA_PKGS_DIRS'
check_target # Again: the download can take minutes.
claim
if ! is_ours && ! is_bare; then
    [ -s "$marker" ] || rm -f -- "$marker"
    fail 7 "another program has just written into $prefix" 'nothing was changed'
fi
sign
trap 'rm -rf -- "$work"; warn "The environment is unfinished: run the same command again, or remove its folder."' EXIT
empty ! -name __home__ ! -name __shortcut__ ! -name __AppData__ # What an earlier run left.
