dirty=
# gate NAME VALUE "values that mean nothing" "what it means" "how to clear it"
gate() {
    [ -n "$2" ] || return 0
    value=$(printf %s "$2" | tr A-Z a-z)
    case " $3 " in *" $value "*) return 0 ;; esac
    dirty=yes
    # Control characters could change the terminal.
    printf '  %s=%s\n      %s; to clear it: %s\n' "$1" "$(printf %s "$2" | LC_ALL=C tr -c ' -~' '[?*]')" "$4" "$5" >&2
}
__SEALENV_GATE__
set -f
IFS=:
for folder in $PATH; do
    other=${folder%/}
    other=${other%/bin}
    [ ! -d "$other/conda-meta" ] && [ ! -f "$other/pyvenv.cfg" ] || gate PATH "$folder" __SEALENV_ON_PATH__
done
unset IFS
set +f
[ -z "$dirty" ] || fail 3 'this shell is not clean: see above' 'clear the variables, or open a new terminal'
