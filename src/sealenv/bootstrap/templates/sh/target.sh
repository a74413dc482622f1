# The target is a new folder, an empty one, or one that an earlier run of this script left unfinished.
pending=
check_target() {
    not_a_link
    if [ -e "$marker" ]; then
        is_ours || fail 7 "another program left this unfinished: $prefix" 'finish or remove it with that program'
        pending=yes
    elif [ -e "$prefix" ]; then
        [ -d "$prefix" ] && is_bare || fail 7 "this exists already: $prefix" 'choose another name, or remove it first'
    fi
}
check_target
