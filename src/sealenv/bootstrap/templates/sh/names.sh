newline='
'

# plain "what it is" TEXT: what every tool can bear in a path.
plain() {
    case $2 in
        *"$newline"* | *[[:cntrl:]]*) usage "$1 holds a control character" ;;
        *[\"\'\`\$\\\;:]*) usage "$1 holds one of \" ' \` \$ \\ ; : which package managers write unquoted" ;;
    esac
}

check_name() {
    case $name in
        '' | . | .. | base | root) usage "ENV_NAME is no name for an environment" ;;
        -* | '~'* | ' '* | *' ' | *.) usage 'ENV_NAME begins or ends with a character that it must not' ;;
        */* | *[\\:\;\#*?\<\>\|\'\`\$%!^\&\"]*) usage 'ENV_NAME holds a character that it must not have' ;;
    esac
    plain ENV_NAME "$name"
    [ "$(printf %s "$name" | wc -c)" -le 200 ] || usage 'ENV_NAME is longer than 200 bytes'
    stem=$(printf %s "${name%%.*}" | tr '[:upper:]' '[:lower:]')
    case $stem in
        con | prn | aux | nul | com[0-9] | lpt[0-9]) usage 'ENV_NAME is the name of a device on Windows' ;;
    esac
}
