forget() {
    # Alternatives are a case: not every sed has them.
    for variable in $(env | LC_ALL=C sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/\1/p'); do
        case $variable in
            CONDA_PKGS_DIRS) ;;
            __SEALENV_FORGOTTEN__) unset "$variable" || : ;;
        esac
    done
}

dirty=
# gate NAME VALUE "harmless values" "what it means" "how to clear it"
gate() {
    [ -n "$2" ] || return 0
    value=$(printf '%s' "$2" | LC_ALL=C tr A-Z a-z)
    for harmless in $3; do
        [ "$value" != "$harmless" ] || return 0
    done
    dirty=yes
    # What is not plain ASCII could be a word to the terminal.
    value=$(printf '%s' "$2" | LC_ALL=C tr -c ' -~' '[?*]')
    printf '  %s=%s\n      %s; to clear it: %s\n' "$1" "$value" "$4" "$5" >&2
}

if [ -n "$clean" ]; then
    forget
    PATH=/usr/bin:/bin:/usr/sbin:/sbin
    export PATH
else
__SEALENV_GATE__
fi
[ -z "$dirty" ] || fail 3 'this shell is not clean: see above' '' \
    'open a new terminal, or start from a clean environment with --clean'
