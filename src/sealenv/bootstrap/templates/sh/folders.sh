# === Package cache and template folders ================================================================

# conda and mamba of the environment use the package cache by this link.
[ -e "$prefix/pkgs" ] || ln -s "$pkgs" "$prefix/pkgs" ||
    warn "cannot make $prefix/pkgs a link to $pkgs: this environment has a package cache of its own"

# Your own folders, from the folder of this script or from two levels above it.
for folder in __home__ __shortcut__ __AppData__; do
    for source in "$here/$folder" "$here/../../$folder"; do
        [ ! -d "$source" ] || [ -e "$prefix/$folder" ] || cp -R -- "$source" "$prefix/$folder" || fail 9 "cannot copy $source"
    done
done
[ -z "${KEEP_MICROMAMBA-}" ] || cp -- "$exe" "$prefix/bin/micromamba" || fail 9 "cannot copy $exe"
