case $(uname -s)-$(uname -m) in
    Linux-x86_64 | Linux-amd64) subdir=linux-64 ;;
    Linux-aarch64 | Linux-arm64) subdir=linux-aarch64 ;;
    Darwin-x86_64) subdir=osx-64 ;;
    Darwin-arm64) subdir=osx-arm64 ;;
    *) fail 6 "there is no micromamba for $(uname -s) $(uname -m)" ;;
esac
exe=$cache/micromamba/micromamba-$version-$subdir
address=${url%/}/download/$version/micromamba-$subdir
