
# === Done: the marker goes =============================================================================

printf 'sealenv-bootstrap %s\nmicromamba %s sha256 %s\n' "$script_version" "$version" "$sha256" >"$meta/sealenv.bootstrap" &&
    rm -f -- "$marker" || fail 9 "cannot write $meta"
trap 'rm -rf -- "$work"' EXIT
exec 9<&- # The lock ends.
say "Done. Programs:  $prefix/bin"
[ ! -f "$hook" ] || say "To activate it:  . '$hook' && conda activate '$prefix'"

# === --post: the build phase. The script is in __home__ and activates the environment by a relative path. ===

if [ -n "$post" ]; then
    copy=$prefix/__home__/${post##*/}
    mkdir -p -- "$prefix/__home__" && cp -- "$post" "$copy" && chmod u+x "$copy" || fail 9 "cannot copy $post to $copy"
    say "Running         $copy"
    (cd -- "$prefix/__home__" && CONDA_PKGS_DIRS=$pkgs && export CONDA_PKGS_DIRS && exec "$copy") ||
        fail 10 "$copy failed with exit code $?" 'the environment is complete; correct the script and run it again'
fi
