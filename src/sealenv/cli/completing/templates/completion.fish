# Completion of sealenv for fish. Made by `sealenv completion fish`; it starts no program but fish's own.
#
#   sealenv completion fish > ~/.config/fish/completions/sealenv.fish

__TABLES__

# The folders of environments, as sealenv looks through them.
function __sealenv_folders
    set -q SEALENV_ENVS; and test -n "$SEALENV_ENVS"; and printf '%s\n' $SEALENV_ENVS
    set -q PY_ENVS; and test -n "$PY_ENVS"; and printf '%s\n' $PY_ENVS
    if set -q XDG_DATA_HOME; and test -n "$XDG_DATA_HOME"
        printf '%s\n' $XDG_DATA_HOME/sealenv/envs
    else if test -d "$HOME/Library/Application Support"
        printf '%s\n' "$HOME/Library/Application Support/sealenv/envs"
    else
        printf '%s\n' $HOME/.local/share/sealenv/envs
    end
end

function __sealenv_candidates -a kind before cur env
    switch $kind
        case env envfile
            if string match -qr '^[./~]' -- $cur
                __fish_complete_path $cur
                return
            end
            for folder in (__sealenv_folders)
                for path in $folder/*/conda-meta
                    set -l parts (string split / -- $path)
                    printf '%s\tenvironment\n' $before$parts[-2]
                end
            end
            test $kind = envfile; and __fish_complete_path $cur
        case program
            set -l folders (__sealenv_folders)/$env
            string match -qr '^[./~]|/' -- $env; and set folders (string replace -r '^~' $HOME -- $env)
            for path in $folders/bin/*
                test -f $path -a -x $path; and string split / -m 1 -r -f 2 -- $path
            end
            __fish_complete_path $cur
        case file
            printf '%s\n' $before(__fish_complete_path $cur)
        case dir
            printf '%s\n' $before(__fish_complete_directories $cur)
        case text
        case '*'
            printf '%s\n' $before(string split ' ' -- $kind)
    end
end

function __sealenv_complete
    set -l words (commandline -opc)
    set -l cur (commandline -ct)
    set -l path
    set -l expects
    set -l plain
    set -l positional
    for word in $words[2..]
        if test -n "$expects"
            set expects
        else if test "$word" = --; and test -z "$plain"
            set plain 1
        else if string match -q -- '-*' $word; and test -z "$plain"
            string match -q -- '--*=*' $word; or set expects (__sealenv_value "$path:$word")
        else
            set -l subcommands (__sealenv_subcommands "$path" | string replace -r '\t.*' '')
            if contains -- $word $subcommands
                set path (string trim -- "$path $word")
            else
                set -a positional $word
                set -l arguments (__sealenv_arguments "$path")
                test "$arguments[1]" = 1; and set plain 1
            end
        end
    end
    if test -n "$expects"
        __sealenv_candidates "$expects" '' "$cur" ''
    else if string match -q -- '--*=*' $cur; and test -z "$plain"
        set -l parts (string split -m 1 = -- $cur)
        set -l kind (__sealenv_value "$path:$parts[1]")
        test -n "$kind"; and __sealenv_candidates "$kind" "$parts[1]=" "$parts[2]" ''
    else if string match -q -- '-*' $cur; and test -z "$plain"
        __sealenv_options "$path"
    else
        set -l subcommands (__sealenv_subcommands "$path")
        if set -q subcommands[1]
            printf '%s\n' $subcommands
            return
        end
        set -l arguments (__sealenv_arguments "$path")
        set -q arguments[1]; or return
        set -l number (math (count $positional) + 2)
        test $number -le (count $arguments); or set number (count $arguments)
        __sealenv_candidates "$arguments[$number]" '' "$cur" "$positional[1]"
    end
end

complete -c sealenv -f -a '(__sealenv_complete)'
