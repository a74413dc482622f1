if [ -e "$prefix/pkgs" ] || [ -L "$prefix/pkgs" ]; then
    warn "$prefix/pkgs is there already: it was left as it is."
else
    ln -s "$pkgs" "$prefix/pkgs" 2>/dev/null ||
        warn "$prefix/pkgs cannot be made a link to $pkgs: conda and mamba of this environment keep a package cache of their own."
fi
