work=$(mktemp -d "${TMPDIR:-/tmp}/sealenv.XXXXXXXX") && mkdir -- "$work/home" "$work/tmp" ||
    fail 9 'there is no place for temporary files' "${TMPDIR:-/tmp}" 'set TMPDIR to a folder that you may write'

# Who begins with https is not led to http. (wget has no option for it; the digest is checked anyway.)
redirected==http,https
case $base in [Hh][Tt][Tt][Pp][Ss]:*) redirected==https ;; esac

# download URL FILE: all of it, or no file.
download() {
    if command -v curl >/dev/null 2>&1; then
        curl --fail --silent --show-error --location --proto-redir "$redirected" --retry 3 --retry-delay 2 --connect-timeout 30 \
            --speed-limit 1 --speed-time 60 --output "$2" "$1" && return 0
    elif command -v wget >/dev/null 2>&1; then
        wget -q -t 3 -T 60 -O "$2" "$1" && return 0
    else
        fail 9 'there is neither curl nor wget' '' 'install one of them'
    fi
    rm -f -- "$2"
    fail 5 'a download failed' "$(masked "$1")" 'check the network and the address, then run the same command again'
}

digest_of() {
    if command -v sha256sum >/dev/null 2>&1; then
        sha256sum <"$1" 2>/dev/null | cut -d ' ' -f 1
    elif command -v shasum >/dev/null 2>&1; then
        shasum -a 256 <"$1" 2>/dev/null | cut -d ' ' -f 1
    elif command -v openssl >/dev/null 2>&1; then
        openssl dgst -sha256 -r <"$1" 2>/dev/null | cut -d ' ' -f 1
    fi
}

# check FILE "what it is": its sha256 in $digest is the one that was promised.
check() {
    digest=$(digest_of "$1")
    if ! is_digest "$digest"; then
        [ "$1" = "$exe" ] || rm -f -- "$1"
        fail 5 'there is no digest of the file: it cannot be trusted' "$1" 'install sha256sum, shasum or openssl'
    fi
    [ "$digest" != "$expected" ] || return 0
    printf '        expected %s, said by %s\n        found    %s\n' "$expected" "$origin" "$digest" >&2
    if [ "$1" = "$exe" ]; then
        fail 5 'the cached micromamba is not the one that was promised' "$1" \
            'if you trust the promise, delete that file and its .sha256, and run the same command again'
    fi
    rm -f -- "$1"
    fail 5 'the download is not the micromamba that was promised; it was deleted' "$(masked "$url")" \
        'run the same command again; if it stays so, do not use this release'
}
