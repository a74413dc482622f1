# Completion of sealenv for bash. Made by `sealenv completion bash`; it starts no program.
#
#   eval "$(sealenv completion bash)"        in ~/.bashrc, or once and for all:
#   sealenv completion bash > ~/.local/share/bash-completion/completions/sealenv

__TABLES__

# The folders of environments, as sealenv looks through them.
_sealenv_folders() {
    local own=${XDG_DATA_HOME:-$HOME/.local/share}
    [[ $OSTYPE == darwin* && -z ${XDG_DATA_HOME-} ]] && own="$HOME/Library/Application Support"
    reply=(${SEALENV_ENVS:+"$SEALENV_ENVS"} ${PY_ENVS:+"$PY_ENVS"} "$own/sealenv/envs")
}

# One candidate, quoted as the word that is typed is: readline itself leaves a $ as it is.
_sealenv_add() {
    local name=$1
    case $quote in
    "'") name=${name//\'/\'\\\'\'} ;;
    '"')
        name=${name//\\/\\\\}
        name=${name//\"/\\\"}
        name=${name//\$/\\\$}
        name=${name//\`/\\\`}
        ;;
    *) printf -v name %q "$name" ;;
    esac
    COMPREPLY+=("$name")
}

# Candidates of a kind that begin with a text.
_sealenv_candidates() {
    local kind=$1 cur=$2 folder path name
    local -a reply=()
    case $kind in
    env | envfile)
        case $cur in
        [./~]*) kind=file ;;
        *)
            _sealenv_folders
            for folder in "${reply[@]}"; do
                for path in "$folder"/*/conda-meta; do
                    name=${path%/conda-meta}
                    name=${name##*/}
                    [[ -d $path && ${name:0:${#cur}} == "$cur" ]] && _sealenv_add "$name"
                done
            done
            ;;
        esac
        ;;
    program)
        _sealenv_folders
        path=$positional
        case $path in
        [./~]* | */*) reply=("${path/#~/$HOME}") ;;
        *) reply=("${reply[@]/%//$path}") ;;
        esac
        for folder in "${reply[@]}"; do
            for path in "$folder"/bin/*; do
                name=${path##*/}
                [[ -f $path && -x $path && ${name:0:${#cur}} == "$cur" ]] && _sealenv_add "$name"
            done
        done
        ;;
    text | file | dir) ;;
    *)
        for name in $kind; do
            [[ ${name:0:${#cur}} == "$cur" ]] && COMPREPLY+=("$name")
        done
        ;;
    esac
    case $kind in
    dir) compopt -o dirnames 2>/dev/null ;;
    file) compopt -o default 2>/dev/null ;;
    envfile) ((${#COMPREPLY[@]})) || compopt -o default 2>/dev/null ;;
    esac
}

_sealenv() {
    local cur=${COMP_WORDS[COMP_CWORD]} word path= expects= plain= positional= REPLY= trailing=0 quote= i
    local -a reply=()
    local -i count=0
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [[ $word == "=" ]]; then # --option=value comes as three words
            continue
        elif [[ -n $expects ]]; then
            expects=
        elif [[ $word == -- && -z $plain ]]; then
            plain=1
        elif [[ $word == -* && -z $plain ]]; then
            _sealenv_value "$path" "$word"
            expects=$REPLY
        else
            _sealenv_subcommands "$path"
            if [[ " $REPLY " == *" $word "* ]]; then
                path="${path:+$path }$word"
            else
                ((count++)) || positional=$word
                _sealenv_arguments "$path"
                ((trailing)) && plain=1
            fi
        fi
    done
    [[ $cur == "=" ]] && cur=
    if [[ -z $expects && $cur == -* && -z $plain ]]; then
        _sealenv_options "$path"
        expects=$REPLY
    elif [[ -z $expects ]]; then
        _sealenv_subcommands "$path"
        expects=$REPLY
        if [[ -z $expects ]]; then
            _sealenv_arguments "$path"
            ((count < ${#reply[@]})) || count=${#reply[@]}-1
            ((${#reply[@]})) && expects=${reply[count]}
        fi
    fi
    [[ $cur == [\'\"]* ]] && quote=${cur:0:1}
    cur=${cur#[\'\"]}
    positional=${positional#[\'\"]}
    positional=${positional%[\'\"]}
    positional=${positional//\\/}
    [[ -n $expects ]] && _sealenv_candidates "$expects" "${cur//\\/}"
}

complete -F _sealenv sealenv
