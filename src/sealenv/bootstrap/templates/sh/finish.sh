for folder in __home__ __shortcut__ __AppData__; do
    [ -n "$here" ] && [ ! -e "$prefix/$folder" ] || continue
    for source in "$here/$folder" "$here/../../$folder"; do
        [ -d "$source" ] || continue
        cp -R -- "$source" "$prefix/$folder" || fail 9 'a template folder could not be copied' "$source" 'make room'
        break
    done
done
if [ -n "$keep" ]; then
    cp -- "$exe" "$prefix/bin/micromamba" || fail 9 'micromamba could not be copied' "$prefix/bin" 'make room'
fi
printf 'sealenv-bootstrap %s\nmicromamba %s sha256 %s\n' "$script_version" "$version" "$digest" >"$meta/sealenv.bootstrap" ||
    fail 9 'what made the environment cannot be noted' "$meta/sealenv.bootstrap" 'make room'
rm -f -- "$marker" || fail 9 'the marker cannot be taken away' "$marker" 'mend its permissions'
release
trap clean_up EXIT
say "Done. To use it:  $how"

# The build phase: the script lies in __home__ and activates by a relative path. It gets the terminal.
if [ -n "$post" ]; then
    copy=$prefix/__home__/${post##*/}
    mkdir -p -- "$prefix/__home__" && { [ "$post" -ef "$copy" ] 2>/dev/null || cp -- "$post" "$copy"; } &&
        chmod u+x "$copy" ||
        fail 9 'the --post script could not be copied' "$copy" 'the environment is made and kept; copy it and run it there'
    say "Running $copy"
    code=0
    (
        exec 9>&-
        CONDA_PKGS_DIRS=$pkgs
        export CONDA_PKGS_DIRS
        cd -- "$prefix/__home__"
        case $(head -c 2 -- "$copy") in '#!') exec "$copy" ;; *) exec /bin/sh "$copy" ;; esac
    ) || code=$?
    [ "$code" -eq 0 ] || fail 10 "the --post script failed with exit code $code" "$copy" \
        'the environment is made and kept; mend the script and run it again'
fi
