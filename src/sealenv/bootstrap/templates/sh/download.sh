work=
trap 'rm -rf -- "$work"' EXIT
trap 'exit 130' HUP INT TERM
work=$(mktemp -d) && mkdir -- "$work/home" || fail 9 'cannot create a temporary folder' 'set TMPDIR'

# download ADDRESS FILE. A redirection leads to https only; what arrives is checked by its sha256.
download() {
    if command -v curl >/dev/null; then
        curl --fail --silent --show-error --location --proto-redir =https --retry 3 --connect-timeout 30 --output "$2" "$1"
    else
        command -v wget >/dev/null || fail 9 'neither curl nor wget is installed' 'install one of them'
        wget -q -O "$2" "$1"
    fi || fail 5 "download failed: $1" 'check the network and the address, then run the same command again'
}
sha256_of() {
    { sha256sum <"$1" || shasum -a 256 <"$1" || openssl dgst -sha256 -r <"$1"; } 2>/dev/null | cut -d ' ' -f 1
}
# check FILE SHA256 "what it is"
check() {
    found=$(sha256_of "$1")
    [ "$found" = "$2" ] && [ ${#2} -eq 64 ] ||
        fail 5 "checksum mismatch: $3 has sha256 ${found:-(unknown)}, expected $2" \
            'it was not used; sha256sum, shasum or openssl is needed to compare'
}
get_micromamba() {
    [ ! -f "$exe" ] || [ "$(sha256_of "$exe")" != "$sha256" ] || return 0
    say "Downloading     $address"
    download "$address" "$work/micromamba"
    check "$work/micromamba" "$sha256" "$address"
    mkdir -p -- "${exe%/*}" && chmod 755 "$work/micromamba" && mv -f -- "$work/micromamba" "$exe" ||
        fail 9 "cannot write $exe" 'set CACHE to a folder that you may write'
}
