sha256=$(printf %s "$sha256" | tr A-F a-f)
if [ ! -f "$exe" ] || [ "$(sha256_of "$exe")" != "$sha256" ]; then
    say "Downloading     $address"
    mkdir -p -- "${exe%/*}" || fail 9 "cannot create ${exe%/*}" 'set CACHE to a folder that you may write'
    part=$exe.$$.part
    download "$address" "$part"
    check "$part" "$sha256" "$address"
    chmod 755 "$part" && mv -f -- "$part" "$exe" || fail 9 "cannot write $exe"
fi
