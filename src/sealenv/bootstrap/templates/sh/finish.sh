# === Done: the marker goes =============================================================================

printf 'sealenv-bootstrap %s\nmicromamba %s sha256 %s\n' "$script_version" "$version" "$sha256" >"$meta/sealenv.bootstrap" &&
    rm -f -- "$marker" || fail 9 "cannot write $meta"
trap 'rm -rf -- "$work"' EXIT
exec 9<&- # The lock ends.
say "Done. Programs:  $prefix/bin"
[ ! -f "$hook" ] || say "To activate it:  . '$hook' && conda activate '$prefix'"
