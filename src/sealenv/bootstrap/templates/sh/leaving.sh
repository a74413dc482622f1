work= part= held=
clean_up() {
    [ -z "$work" ] || rm -rf -- "$work"
    [ -z "$part" ] || rm -f -- "$part"
    release
}
# The lock, if it is still of this run.
release() {
    [ -n "$held" ] || return 0
    read -r owner rest 2>/dev/null <"$held/pid" && [ "$owner" != $$ ] || rm -rf -- "$held"
    held=
}
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
