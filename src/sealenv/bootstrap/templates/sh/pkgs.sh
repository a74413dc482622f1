# conda and mamba of the environment use the package cache by this link.
[ -e "$prefix/pkgs" ] || ln -s "$pkgs" "$prefix/pkgs" ||
    warn "cannot make $prefix/pkgs a link to $pkgs: this environment has a package cache of its own"
