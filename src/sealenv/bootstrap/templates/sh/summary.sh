say "Package cache:  $pkgs"
say "micromamba:     $exe"
[ -z "$pending" ] || say 'An earlier run left this environment unfinished. It will be replaced.'
[ -z "$dry" ] || { say 'Dry run: nothing was written.' && exit 0; }
