dirty=
# gate NAME VALUE "values that mean nothing" "what it means" "how to clear it"
gate() {
    [ -n "$2" ] || return 0
    value=$(printf %s "$2" | tr A-Z a-z)
    for harmless in $3; do
        [ "$value" != "$harmless" ] || return 0
    done
    dirty=yes
    # Control characters could change the terminal.
    printf '  %s=%s\n      %s; to clear it: %s\n' "$1" "$(printf %s "$2" | LC_ALL=C tr -c ' -~' '[?*]')" "$4" "$5" >&2
}
__SEALENV_GATE__
[ -z "$dirty" ] || fail 3 'this shell is not clean: see above' 'clear the variables, or open a new terminal'
