if [ -f "$exe" ]; then
    check "$exe"
    say "micromamba:     $version, cached in $exe"
else
    say "micromamba:     $version, from $(masked "$base")"
    # What a killed run left; a run that still downloads is younger.
    find "$cache/micromamba" -mindepth 1 -maxdepth 1 -name 'micromamba-*.part' -mtime +0 -exec rm -f -- {} + || :
    part=$exe.$$.part
    rm -f -- "$part" && (set -C && : >"$part") 2>/dev/null ||
        fail 9 'the cache cannot be written' "$cache/micromamba" 'make it writable, or make room'
    download "$url" "$part"
    check "$part"
    chmod 755 "$part" && mv -f -- "$part" "$exe" ||
        fail 9 'micromamba cannot be put into the cache' "$cache/micromamba" 'make it writable, or make room'
    part=
fi
# Written only when there is something new: the cache may be complete and read-only.
if [ "$kept" != "$digest" ]; then
    printf '%s\n' "$digest" 2>/dev/null >"$work/kept" && cp -- "$work/kept" "$exe.sha256.$$.part" 2>/dev/null &&
        mv -f -- "$exe.sha256.$$.part" "$exe.sha256" || {
        rm -f -- "$exe.sha256.$$.part"
        warn "The digest could not be kept beside $exe: the next run asks for it again."
    }
fi
say "sha256:         $digest"
say "                as said by $origin"
