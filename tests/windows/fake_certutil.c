/* A stand-in for certutil.exe, which Wine only has as a stub: `certutil -hashfile FILE SHA256` prints
   what Windows 10's does. Anything else fails. */
#include <stdio.h>
#include <wchar.h>
#include <windows.h>
#include <bcrypt.h>

int wmain(int argc, wchar_t **argv)
{
    if (argc != 4 || _wcsicmp(argv[1], L"-hashfile") || _wcsicmp(argv[3], L"SHA256")) {
        puts("CertUtil: the stand-in only knows: -hashfile FILE SHA256");
        return 1;
    }
    FILE *file = _wfopen(argv[2], L"rb");
    if (!file) {
        puts("CertUtil: -hashfile command FAILED: 0x80070002 (WIN32: 2 ERROR_FILE_NOT_FOUND)");
        return 2;
    }
    BCRYPT_ALG_HANDLE algorithm;
    BCRYPT_HASH_HANDLE hash;
    static unsigned char piece[1 << 16], digest[32];
    BCryptOpenAlgorithmProvider(&algorithm, BCRYPT_SHA256_ALGORITHM, NULL, 0);
    BCryptCreateHash(algorithm, &hash, NULL, 0, NULL, 0, 0);
    for (size_t n; (n = fread(piece, 1, sizeof piece, file)) > 0;)
        BCryptHashData(hash, piece, (ULONG)n, 0);
    BCryptFinishHash(hash, digest, sizeof digest, 0);
    printf("SHA256 hash of %ls:\n", argv[2]);
    for (int i = 0; i < 32; i++)
        printf("%02x", digest[i]);
    puts("\nCertUtil: -hashfile command completed successfully.");
    return 0;
}
