dirty=
# gate NAME VALUE "what it means" "how to clear it" "values that mean nothing"
gate() {
    case " ${5-}  " in *" $2 "*) return 0 ;; esac
    dirty=yes
    printf '  %s=%s\n      %s; to clear it: %s\n' "$1" "$2" "$3" "$4" >&2
}
__SEALENV_GATE__
IFS=:
for folder in $PATH; do
    other=${folder%/}
    other=${other%/bin}
    [ ! -d "$other/conda-meta" ] && [ ! -f "$other/pyvenv.cfg" ] || gate PATH "$folder" __SEALENV_ON_PATH__
done
unset IFS
[ -z "$dirty" ] || fail 3 'this shell is not clean: see above' 'clear the variables, or open a new terminal'
