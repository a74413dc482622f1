#compdef sealenv
# Completion of sealenv for zsh. Made by `sealenv completion zsh`; it starts no program.
#
#   source <(sealenv completion zsh)         in ~/.zshrc, after compinit; or once and for all, as _sealenv
#   sealenv completion zsh > FOLDER/_sealenv in a folder of $fpath

__TABLES__

# The folders of environments, as sealenv looks through them.
_sealenv_folders() {
    local own=${XDG_DATA_HOME:-$HOME/.local/share}
    [[ $OSTYPE == darwin* && -z $XDG_DATA_HOME ]] && own="$HOME/Library/Application Support"
    reply=(${SEALENV_ENVS:+$SEALENV_ENVS} ${PY_ENVS:+$PY_ENVS} "$own/sealenv/envs")
}

_sealenv_candidates() {
    local kind=$1 folder
    local -a reply names
    case $kind in
    (env|envfile)
        if [[ $PREFIX != [./~]* ]]; then
            _sealenv_folders
            for folder in $reply; do
                names+=($folder/*/conda-meta(N-/:h:t))
            done
            compadd -J environments -X 'environment' -a names
        fi
        [[ $kind == envfile || $PREFIX == [./~]* ]] && _files
        ;;
    (program)
        _sealenv_folders
        case $positional in
        ([./~]*|*/*) reply=(${positional/#\~/$HOME}) ;;
        (*) reply=(${^reply}/$positional) ;;
        esac
        for folder in $reply; do
            names+=($folder/bin/*(N-*:t))
        done
        compadd -J programs -X 'program' -a names
        _files
        ;;
    (file) _files ;;
    (dir) _files -/ ;;
    (text) _message 'a value' ;;
    (*) compadd -- ${=kind} ;;
    esac
}

_sealenv() {
    local word path_ expects plain positional REPLY
    local -i count trailing i
    local -a reply found
    for ((i = 2; i < CURRENT; i++)); do
        word=${(Q)words[i]}
        if [[ -n $expects ]]; then
            expects=
        elif [[ $word == -- && -z $plain ]]; then
            plain=1
        elif [[ $word == -* && -z $plain ]]; then
            [[ $word == --*=* ]] || { _sealenv_value "$path_" "$word"; expects=$REPLY }
        else
            _sealenv_subcommands "$path_"
            if (( ${reply[(I)${(b)word}:*]} )); then
                path_="${path_:+$path_ }$word"
            else
                ((count++)) || positional=$word
                _sealenv_arguments "$path_"
                ((trailing)) && plain=1
            fi
        fi
    done
    if [[ -n $expects ]]; then
        _sealenv_candidates $expects
    elif [[ -z $plain && $PREFIX == --*=* ]]; then
        _sealenv_value "$path_" "${PREFIX%%=*}"
        compset -P 1 '*='
        _sealenv_candidates ${REPLY:-text}
    elif [[ -z $plain && $PREFIX == -* ]]; then
        _sealenv_options "$path_"
        found=($reply)
        _describe -o 'option' found
    else
        _sealenv_subcommands "$path_"
        if (( $#reply )); then
            found=($reply)
            _describe 'command' found
        else
            _sealenv_arguments "$path_"
            ((count < $#reply)) || count=$#reply-1
            (( $#reply )) && _sealenv_candidates ${reply[count+1]}
        fi
    fi
}

if [[ $funcstack[1] == _sealenv ]]; then
    _sealenv "$@"
else
    compdef _sealenv sealenv
fi
