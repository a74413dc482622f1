# conda and mamba of the environment use the package cache by this link.
[ -e "$prefix/pkgs" ] || ln -s "$pkgs" "$prefix/pkgs" ||
    warn "cannot make $prefix/pkgs a link to $pkgs: this environment has a package cache of its own"

# === Proof: activate the environment and run its programs ===============================================

works() {
    unset CONDA_PKGS_DIRS
    case $tools in
        *conda*)
            set +eu # conda's script is not written for them.
            . "$prefix/etc/profile.d/conda.sh" && conda activate "$prefix" && [ "$CONDA_PREFIX" -ef "$prefix" ] || return 1
            ;;
        *) PATH=$prefix/bin:$PATH ;;
    esac
    for tool in $tools; do
        [ "$(unset -f "$tool" && command -v "$tool")" -ef "$prefix/bin/$tool" ] && "$prefix/bin/$tool" --version || return 1
    done
}
own works || fail 8 'the environment does not work: it cannot be activated, or a program of it fails' 'see above, then run the same command again'

# === Done: the marker goes =============================================================================

printf 'sealenv-bootstrap %s\nmicromamba %s sha256 %s\n' "$script_version" "$version" "$sha256" >"$meta/sealenv.bootstrap" &&
    rm -f -- "$marker" || fail 9 "cannot write $meta"
trap 'rm -rf -- "$work"' EXIT
say "Done. Programs:  $prefix/bin"
case $tools in *conda*) say "To activate it:  . '$prefix/etc/profile.d/conda.sh' && conda activate '$prefix'" ;; esac
