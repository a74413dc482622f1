forget() {
    # Alternatives are a case: not every sed has them.
    for variable in $(env | LC_ALL=C sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/\1/p'); do
        case $variable in
            CONDA_PKGS_DIRS) ;;
            CONDA* | MAMBA* | _CE_* | PIXI_* | PYTHON* | VIRTUAL_ENV*) unset "$variable" || : ;;
        esac
    done
}

dirty=
# gate NAME VALUE "harmless value" "what it means" "how to clear it"
gate() {
    [ -n "$2" ] && [ "$2" != "$3" ] || return 0
    dirty=yes
    printf '  %s=%s\n      %s; to clear it: %s\n' "$1" "$2" "$4" "$5" >&2
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
