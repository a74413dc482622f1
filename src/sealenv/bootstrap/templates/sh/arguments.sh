name= python= prefix= packages= channels= micromamba= sha256= post=
clean= dry= keep= remove= words=0

positional() {
    words=$((words + 1))
    case $words in
        1) name=$1 ;;
        2) python=$1 ;;
        *) usage 'there are more than two arguments besides options' ;;
    esac
}

while [ $# -gt 0 ]; do
    argument=$1
    shift
    case $argument in
        __SEALENV_WITH_VALUES__)
            set -- "${argument#*=}" "$@"
            argument=${argument%%=*}
            ;;
    esac
    case $argument in
        -h | --help)
            help
            exit 0
            ;;
        --clean) clean=yes ;;
        --dry-run) dry=yes ;;
        --keep-micromamba) keep=yes ;;
        --remove) remove=yes ;;
        __SEALENV_OPTIONS__)
            [ $# -gt 0 ] || usage "$argument has no value"
            case $1 in '' | -*) usage "$argument has no value" ;; esac
            case $argument in
                --packages) packages="$packages $1" ;;
                --channel) channels="$channels,$1" ;;
                --prefix) prefix=$1 ;;
                --micromamba) micromamba=$1 ;;
                --sha256) sha256=$1 ;;
                --post) post=$1 ;;
            esac
            shift
            ;;
        --)
            for argument; do positional "$argument"; done
            break
            ;;
        -*) usage "the option $argument is not known" ;;
        *) positional "$argument" ;;
    esac
done
